"""The cheapest set of fixes that mends every reason it can: an exact search, branch and bound over a few parts.

One part put on one item mends each reason that asks for that part there: a new SSD ends all complaints about the disk
it replaces. A reason about the machine as a whole ("no disk of 60 GB") is mended by that part wherever it is put. A
part that brings more also does where less was asked.
"""

from collections.abc import Sequence

import msgspec

from agent.rules.tree import Fix


class Purchase(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing to buy or do, and the rules it ends."""

    part: str
    cost_eur: int
    fr: str
    en: str
    to: int | None = None
    item: str | None = None  # "disks[0]"; None: anywhere
    replaces: bool = False
    mends: tuple[str, ...] = ()  # rule ids


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One reason to mend: its rule, its item and the alternatives its rule names."""

    rule: str
    item: str | None
    fixes: tuple[Fix, ...]


class _Offer(msgspec.Struct, frozen=True, kw_only=True):
    fix: Fix
    item: str | None
    covers: frozenset[int]  # indexes of needs


def cheapest(needs: Sequence[Need]) -> tuple[Purchase, ...]:
    """The set of least cost, then of fewest parts, that mends every need; every need must name at least one fix."""
    offers = _offers(needs)
    best = _Search(offers, len(needs)).best
    return tuple(_purchase(offer, needs) for offer in best)


def offers_of(needs: Sequence[Need]) -> tuple[tuple[int, frozenset[int]], ...]:
    """(cost, needs mended) of each candidate, before any is struck out; for the brute force that checks `cheapest`."""
    return tuple((offer.fix.cost_eur, offer.covers) for offer in _candidates(needs))


def _candidates(needs: Sequence[Need]) -> list[_Offer]:
    """Each part at each item that asks for it, in each size that anyone asks for."""
    fixes = {fix: None for need in needs for fix in need.fixes}
    found = []
    for fix in fixes:
        items = {need.item: None for need in needs if any(other.part == fix.part for other in need.fixes)}
        for item in items:
            covers = frozenset(i for i, need in enumerate(needs) if _mends(fix, item, need))
            if covers:
                found.append(_Offer(fix=fix, item=item, covers=covers))
    return found


def _mends(fix: Fix, item: str | None, need: Need) -> bool:
    """Whether this part at this item ends this need; asked for in a larger size, a smaller one does not."""
    if need.item is not None and need.item != item:
        return False
    same_part = [other for other in need.fixes if other.part == fix.part]
    if same_part:
        return any((other.to or 0) <= (fix.to or 0) for other in same_part)
    return fix.replaces and need.item is not None


def _offers(needs: Sequence[Need]) -> list[_Offer]:
    """The candidates, without those that another one beats; cheapest and most useful first."""
    found = sorted(_candidates(needs), key=lambda offer: (offer.fix.cost_eur, -len(offer.covers)))
    kept: list[_Offer] = []
    for offer in found:
        if not any(offer.covers <= other.covers for other in kept):  # those kept cost no more
            kept.append(offer)
    return kept


class _Search:
    """Depth first; the next need is the one with the fewest offers. Bounded below by needs that share no offer."""

    def __init__(self, offers: list[_Offer], count: int) -> None:
        self.by_need = [[offer for offer in offers if i in offer.covers] for i in range(count)]
        self.least = [min((offer.fix.cost_eur for offer in of_one), default=0) for of_one in self.by_need]
        self.best: tuple[_Offer, ...] = ()
        self.best_cost: tuple[int, int] | None = None
        self.walk(frozenset(range(count)), (), 0)

    def walk(self, open_: frozenset[int], chosen: tuple[_Offer, ...], cost: int) -> None:
        if not open_:
            if self.best_cost is None or (cost, len(chosen)) < self.best_cost:
                self.best, self.best_cost = chosen, (cost, len(chosen))
            return
        more, parts = self.bound(open_)
        if self.best_cost is not None and (cost + more, len(chosen) + parts) >= self.best_cost:
            return
        need = min(open_, key=lambda i: (len(self.by_need[i]), i))
        for offer in self.by_need[need]:
            self.walk(open_ - offer.covers, (*chosen, offer), cost + offer.fix.cost_eur)

    def bound(self, open_: frozenset[int]) -> tuple[int, int]:
        """What the open needs cost at the very least, and how many parts: each counted need is far from the others."""
        cost = parts = 0
        near: set[int] = set()
        for need in sorted(open_, key=lambda i: (len(self.by_need[i]), i)):
            if need in near:
                continue
            cost += self.least[need]
            parts += 1
            for offer in self.by_need[need]:
                near |= offer.covers
        return cost, parts


def _purchase(offer: _Offer, needs: Sequence[Need]) -> Purchase:
    fix = offer.fix
    mends = tuple(dict.fromkeys(needs[i].rule for i in sorted(offer.covers)))
    return Purchase(
        part=fix.part,
        cost_eur=fix.cost_eur,
        fr=fix.fr,
        en=fix.en,
        to=fix.to,
        item=offer.item,
        replaces=fix.replaces,
        mends=mends,
    )
