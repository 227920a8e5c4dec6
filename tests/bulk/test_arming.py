"""The operator's hand: what arms, what does not, and what a scanner on a French keyboard types."""

import string
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.bulk.arming import Console, arm
from agent.bulk.roll import TRIES, Armed, NotArmed, Roll, matching
from agent.bulk.session import Chosen
from agent.bulk.showing import plan_text
from tests.bulk.disks import chosen
from tests.test_scanner import through_french_pc

DISKS = (chosen("WD-WCC4N1234567", "sda"), chosen("S21PNXAG123456", "sdb"))
UNSHIFTED = str.maketrans("1234567890", "&é\"'(-è_çà")


FORGOTTEN = "(typed ahead: forgotten)"


class Hand:
    """Types these lines, then nothing more; presses a key in that second of the countdown."""

    def __init__(self, *lines: str, key_at: int | None = None) -> None:
        self._lines: Iterator[str] = iter(lines)
        self.key_at, self.told, self.seconds = key_at, list[str](), list[int]()

    def console(self, lang: str = "fr") -> Console:
        return Console(
            ask=lambda prompt: self.told.append(prompt) or next(self._lines, None),
            tell=self.told.append,
            show=self.told.append,
            waited=self._waited,
            forget=lambda: self.told.append(FORGOTTEN),
            lang=lang,
        )

    def _waited(self, left: int) -> bool:
        self.seconds.append(left)
        return left == self.key_at


def armed(hand: Hand, disks: Sequence[Chosen] = DISKS, **more: Any) -> Armed | NotArmed:
    return arm(disks, hand.console(), **({"operator": "op-7"} | more))


def fitting(typed: str, tokens: Sequence[str]) -> str | None:
    found = matching(typed, tokens)
    return found[0] if len(found) == 1 else None


@pytest.mark.parametrize(
    "lines",
    [
        ("WD-WCC4N1234567", "S21PNXAG123456"),
        ("s21pnxag123456", " wd-wcc4n 1234567 "),
        ("WCC4N1234567", "S21PNXAG123456"),  # the label leaves the prefix out
        ("WD-WCC'N&é\"'(-è", "Sé&PNXAG&é\"'(-"),  # a scanner, digits without shift
        ("wd-wcc'n&É\"'(-È", "S21PNXAG123456"),  # the same with caps lock
        (through_french_pc("WD-WCC4N1234567"), through_french_pc("S21PNXAG123456")),  # letters have moved too
        (through_french_pc("WCC4N1234567"), through_french_pc("S21PNXAG123456") + "\r"),
        ("", "WD-WCC4N1234567", "", "WD-WCC4N1234567", "nonsense", "other", "S21PNXAG123456"),
    ],
    ids=["as-it-is", "other-order", "label", "azerty", "caps-lock", "layout", "layout-label", "two-wrong-tries"],
)
def test_every_serial_in_any_order_arms(lines: tuple[str, ...]) -> None:
    hand = Hand(*lines)
    got = armed(hand)
    assert isinstance(got, Armed) and got.chosen == DISKS and got.approval == "typed" and got.count == 2
    assert hand.seconds == list(range(10, 0, -1))


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("WD-WCC4N1234567",),
        ("a", "b", "c", "WD-WCC4N1234567", "S21PNXAG123456"),
        ("WD-WCC4N1234567", "x", "y", "z", "S21PNXAG123456"),
        ("", "", ""),
        ("2",),
        ("WD-WCC4N123456", "WCC4N123456", "4N1234567"),
        ("oui", "yes", "all", "*"),
    ],
)
def test_anything_less_does_not_arm(lines: tuple[str, ...]) -> None:
    hand = Hand(*lines)
    assert isinstance(armed(hand), NotArmed) and not hand.seconds


@pytest.mark.parametrize("second", [10, 5, 1])
def test_any_key_stops_the_countdown(second: int) -> None:
    hand = Hand("WD-WCC4N1234567", "S21PNXAG123456", key_at=second)
    assert isinstance(armed(hand), NotArmed) and hand.seconds[-1] == second


@pytest.mark.parametrize(
    ("lines", "arms"),
    [(("2",), True), (("é",), True), ((" 2 ",), True), (("3", "", "2"), True), (("3", "4", "5", "2"), False),
     ((), False), (("",), False), (("WD-WCC4N1234567", "S21PNXAG123456"), False), (("-2", "2.0", "²"), False)],
)  # fmt: skip
def test_an_approved_list_is_confirmed_by_its_count(lines: tuple[str, ...], arms: bool) -> None:
    got = armed(Hand(*lines), approved_count=2)
    assert isinstance(got, Armed) == arms
    assert not isinstance(got, Armed) or got.approval == "counted"


def test_unattended_types_nothing_but_counts_down() -> None:
    hand = Hand()
    got = armed(hand, approved_count=2, is_unattended=True)
    assert isinstance(got, Armed) and got.approval == "unattended" and len(hand.seconds) == 10
    for count in (None, 1, 3):
        assert isinstance(armed(Hand(), approved_count=count, is_unattended=True), NotArmed)


MEMBER = chosen("RAID1", is_member=True, found=("linux_raid_member",))


@pytest.mark.parametrize(
    ("lines", "arms"),
    [
        (("RAID1", "oui"), True),
        (("RAID1", "YES "), True),
        (("RAID1", "non"), False),
        (("RAID1", ""), False),
        (("RAID1",), False),
    ],
)
def test_a_member_of_an_array_asks_twice(lines: tuple[str, ...], arms: bool) -> None:
    hand = Hand(*lines)
    assert isinstance(armed(hand, [MEMBER]), Armed) == arms
    assert any("linux_raid_member" in line and "seconde" not in line for line in hand.told)
    assert isinstance(armed(Hand("1", *lines[1:]), [MEMBER], approved_count=1), Armed) == arms


def test_a_member_is_never_unattended() -> None:
    hand = Hand()
    assert isinstance(armed(hand, [MEMBER], approved_count=1, is_unattended=True), NotArmed) and not hand.seconds


PLUG = replace(chosen("usb:D0CK"), is_plug=True)


@pytest.mark.parametrize(("lines", "arms"), [(("oui",), True), (("non",), False), ((), False)])
def test_the_number_of_a_plug_asks_for_eyes(lines: tuple[str, ...], arms: bool) -> None:
    hand = Hand("usb:D0CK", *lines)
    assert isinstance(armed(hand, [PLUG]), Armed) == arms
    assert any("numéro de la prise" in line for line in hand.told) and "prise USB" in plan_text([PLUG], "fr")
    assert isinstance(armed(Hand("1", *lines), [PLUG], approved_count=1), Armed) == arms
    assert isinstance(armed(Hand(), [PLUG], approved_count=1, is_unattended=True), NotArmed)
    assert all(len(line) <= 80 for line in plan_text([PLUG], "en").splitlines())


def test_forgiving_never_guesses_between_two() -> None:
    assert fitting("A-B", ["A6B", "A-B"]) == "A-B"  # what it says comes first
    assert fitting("A-B", ["A6B", "AXB"]) == "A6B"
    assert fitting("&-", ["1-", "16"]) is None
    assert fitting("X1", ["WD-X1", "X1"]) == "X1"
    assert fitting("AB", ["A B", "AB"]) is None  # two planned disks that a person cannot tell apart
    assert fitting("", ["A"]) is None and fitting("  ", ["A"]) is None


SERIALS = st.text(string.ascii_uppercase + string.digits + "-", min_size=1, max_size=20)


@given(st.lists(SERIALS, min_size=1, max_size=8, unique=True), st.data())
def test_a_serial_as_typed_or_unshifted_is_itself_or_nobody(serials: list[str], data: st.DataObject) -> None:
    serial = data.draw(st.sampled_from(serials))
    assert fitting(serial.lower(), serials) == serial
    assert fitting(serial.translate(UNSHIFTED), serials) in (serial, None) or "-" in serial.translate(UNSHIFTED)


@given(st.lists(SERIALS, min_size=1, max_size=8, unique=True), SERIALS)
def test_a_foreign_serial_never_fits(serials: list[str], other: str) -> None:
    """A disk that is not in the plan, scanned by mistake: at most one sign may differ by the keyboard's layout."""
    found = fitting(other, serials)
    assert found is None or found == other or _by_layout(other, found)


def _by_layout(typed: str, found: str) -> bool:
    bare = found.removeprefix("WD-") if len(found) != len(typed) else found
    return len(bare) == len(typed) and all(a == b or (a, b) == ("-", "6") for a, b in zip(typed, bare, strict=True))


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_plan_shows_what_matters_in_80_columns(lang: str) -> None:
    text = plan_text((*DISKS, MEMBER, chosen("X" * 70)), lang)
    assert all(len(line) <= 80 for line in text.splitlines())
    for word in ("WD-WCC4N1234567", "sda", "WD5000AAKX", "NTFS", "Clear", "linux_raid_member", "500 G"):
        assert word in text


def test_three_tries_are_told() -> None:
    hand = Hand("a", "b", "c")
    got = armed(hand)
    assert isinstance(got, NotArmed) and "Trois essais" in got.fr and TRIES == 3
    assert [line for line in hand.told if "Encore" in line] == [
        "  Ce numéro n'est pas celui d'un disque du plan. Encore 2 essais.",
        "  Ce numéro n'est pas celui d'un disque du plan. Encore 1 essai.",
    ]


# --- the roll itself: what a full-screen program leads the operator through -------------------------------------------


def test_a_roll_is_a_conversation_without_a_terminal() -> None:
    roll = Roll((*DISKS, MEMBER), operator=None)
    assert roll.asks == "operator" and roll.armed is None
    assert roll.hear("OP:claude").kind == "heard" and roll.operator == "claude"
    assert roll.asks == "serial" and roll.hear("").kind == "blank" and roll.hear("x").kind == "wrong"
    answer = roll.hear(through_french_pc("S21PNXAG123456"))
    assert (answer.kind, answer.token) == ("heard", "S21PNXAG123456") and len(roll.left) == 2
    assert roll.hear("S21PNXAG123456").kind == "again"
    roll.hear("WCC4N1234567")
    roll.hear("raid1")
    assert roll.asks == "member" and roll.armed is None and roll.hear("oui").kind == "heard"
    for left in range(10, 0, -1):
        assert roll.asks == "countdown" and roll.left_s == left and roll.armed is None
        roll.tick(typed=False)
    assert roll.asks == "nothing" and roll.armed == Armed(
        chosen=(*DISKS, MEMBER), approval="typed", count=3, operator="claude"
    )
    roll.give_up()
    assert roll.armed is None and roll.refused


@pytest.mark.parametrize("line", [None, "x"])
def test_nothing_is_heard_out_of_turn(line: str | None) -> None:
    roll = Roll(DISKS, operator="op-7", approved_count=2)
    with pytest.raises(ValueError, match="countdown"):
        roll.tick(typed=False)
    roll.hear("2")
    with pytest.raises(ValueError, match="asked"):
        roll.hear(line)
    roll.tick(typed=True)
    assert roll.refused and roll.asks == "nothing" and roll.armed is None
    with pytest.raises(ValueError, match="countdown"):
        roll.tick(typed=False)


def test_two_disks_that_one_scan_may_mean_are_told_apart_by_no_guess() -> None:
    roll = Roll((chosen("1-"), chosen("16")), operator="op-7")
    answer = roll.hear("&-")
    assert answer.kind == "wrong" and "Deux disques" in answer.fr and len(roll.left) == 2


# --- who it is --------------------------------------------------------------------------------------------------------


def test_a_disk_confirmed_twice_stands_for_no_other() -> None:
    """Its label scanned again: "-" may be an unshifted 6, but this disk was meant, and it is confirmed already."""
    for one, other in (("A-1", "A61"), ("WCC4N7", "WD-WCC4N7")):
        roll = Roll((chosen(one), chosen(other)), operator="op-7")
        assert [roll.hear(one).kind, roll.hear(one).kind] == ["heard", "again"] and roll.left == (other,)


def test_nobody_erases_without_a_name() -> None:
    """A certificate without an operator is no evidence: it is asked for first, and a disk's serial is nobody's name."""
    hand = Hand("", "WD-WCC4N1234567", "LOT:college", "op-9", "WD-WCC4N1234567", "S21PNXAG123456")
    got = armed(hand, operator=None)
    assert isinstance(got, Armed) and got.operator == "op-9"
    for lines in ((), ("",), ("LOT:1", "PC:2", "x" * 81)):
        assert isinstance(armed(Hand(*lines, "2"), operator=None, approved_count=2), NotArmed)
    assert isinstance(armed(Hand(), operator=None, approved_count=2, is_unattended=True), NotArmed)


def test_what_was_typed_ahead_answers_nothing() -> None:
    hand = Hand("op-7", "RAID1", "S21PNXAG123456", "oui")
    assert isinstance(armed(hand, [MEMBER, DISKS[1]], operator=None), Armed)
    said = [line for line in hand.told if line == FORGOTTEN or line.endswith(" : ")]
    assert [line == FORGOTTEN for line in said] == [True, False, True, False, False, True, False]
