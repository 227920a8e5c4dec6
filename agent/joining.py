"""Giving this station its place in an inventory: enrolled with a code, its log believed, its refusals tried again."""

from agent.errors import StorageError
from agent.home import Home
from agent.host import Host
from agent.outbox import Outbox
from agent.upload import Enrolled, enrol, open_session


def join(
    home: Home, host: Host, code: str, *, url: str, pin: str | None = None, name: str | None = None,
    is_flying: bool = False,
) -> Enrolled:  # fmt: skip
    """Enrol and deliver there from now on. NotDelivered without an answer, InputRefused when refused.

    `is_flying`: the key counts for one session only, as it always does where the home lives in memory.
    """
    key, is_flying = home.key(), is_flying or home.lives_in_memory(host)
    home.check_room()  # a code is good once: not spent on an enrolment that cannot be kept
    enrolled = enrol(url, code, key, name or ("" if is_flying else "station"), open_session(pin), is_flying=is_flying)
    try:
        home.connect(url, enrolled, pin)
    except StorageError as error:
        raise StorageError(
            fr=f"Inscrit là-bas, mais pas gardé ici. {error.fr} Puis demandez un autre code.",
            en=f"Enrolled over there, but not kept here. {error.en} Then ask for another code.",
        ) from error
    Outbox(home.outbox).reconsider("unknown-key")  # what was refused before this station was known
    return enrolled
