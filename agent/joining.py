"""Giving this station its place in an inventory: enrolled with a code, its log believed, its refusals tried again."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from agent.envelope import peek
from agent.errors import StorageError
from agent.home import Home, passphrase
from agent.host import Host
from agent.outbox import Outbox
from agent.record import moment
from agent.upload import Enrolled, enrol, open_session

if TYPE_CHECKING:
    from agent.keys import StationKey

UNKNOWN, FORK = "unknown-key", "chain-fork"  # an inventory's words for why it refused a record


def join(
    home: Home, host: Host, code: str, *, url: str, pin: str | None = None, name: str | None = None,
    is_flying: bool = False,
) -> Enrolled:  # fmt: skip
    """Enrol and deliver there from now on. NotDelivered without an answer, InputRefused when refused.

    `is_flying`: the key counts for one session only, as it always does where the home lives in memory.
    A key that was found to sign elsewhere too is left to the other: this station goes on under a new one.
    """
    home.check_room()  # a code is good once: not spent on an enrolment that cannot be kept
    outbox = Outbox(home.outbox)
    key, is_flying = _own_key(home, outbox), is_flying or home.lives_in_memory(host)
    enrolled = enrol(url, code, key, name or ("" if is_flying else "station"), open_session(pin), is_flying=is_flying)
    try:
        home.connect(url, enrolled, pin)
    except StorageError as error:
        raise StorageError(
            fr=f"Inscrit là-bas, mais pas gardé ici. {error.fr} Puis demandez un autre code.",
            en=f"Enrolled over there, but not kept here. {error.en} Then ask for another code.",
        ) from error
    outbox.reconsider(UNKNOWN)  # what was refused before this station was known
    outbox.reconsider(FORK)  # and what the person in charge may have readmitted since
    return enrolled


def is_copied(key: "StationKey", outbox: Outbox) -> bool:
    """The inventory has seen this very key sign elsewhere: a copied stick, or one put back from a copy."""
    forks = [one.digest for one in outbox.refused() if one.reason is not None and one.reason.code == FORK]
    return any(key.key_id in peek(outbox.read(digest)).key_ids for digest in forks)


def _own_key(home: Home, outbox: Outbox) -> "StationKey":
    key = home.key()
    if is_copied(key, outbox):
        from agent.keys import rotate

        rotate(home.keys, moment(datetime.now(UTC)), passphrase())
    return home.key()
