"""Hours of polling stand in a record as their beginning and their end; nothing that went wrong is left out."""

from agent.erasure import Exchange
from agent.wipe.firmware import condensed


def sent(name: str, status: str = "00", *, is_ok: bool = True) -> Exchange:
    return Exchange(name=name, command=name.lower(), status=status, is_ok=is_ok)


SEND, LOG = sent("SANITIZE"), sent("GET LOG PAGE")
SENSE, BUSY, READY = sent("REQUEST SENSE"), sent("TEST UNIT READY", "02 sense", is_ok=False), sent("TEST UNIT READY")


def test_one_command_asked_again_and_again() -> None:
    assert condensed((SEND, *[LOG] * 1000)) == (SEND, LOG, LOG)


def test_two_commands_by_turns() -> None:
    """A SCSI disk is asked twice at each look, and while it erases it answers the second with an error."""
    found = condensed((SEND, *[SENSE, BUSY] * 1000, SENSE, READY))
    assert found == (SEND, SENSE, BUSY, BUSY, SENSE, READY)


def test_an_answer_that_stands_out_stays_with_what_is_around_it() -> None:
    other = sent("TEST UNIT READY", "02 other", is_ok=False)
    assert other in condensed((*[SENSE, BUSY] * 50, SENSE, other, *[SENSE, BUSY] * 50))
    failed = sent("GET LOG PAGE", "errno 5", is_ok=False)
    assert condensed((*[LOG] * 50, failed, *[LOG] * 50)) == (LOG, LOG, failed, LOG, LOG)


def test_what_is_short_stays_whole() -> None:
    row = (SENSE, READY, SEND, SENSE, BUSY, SENSE, READY)
    assert condensed(row) == row
