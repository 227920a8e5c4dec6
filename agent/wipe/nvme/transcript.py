"""A dialogue with an NVMe drive as JSON with hex: recorded on real hardware, replayed in tests.

As with `agent.wipe.transcript`, a recording holds the serial number (IDENTIFY): it is scrubbed before it is a fixture.
"""

from collections.abc import Callable, Iterable

from agent.facts import Fact
from agent.wipe.nvme.admin import Command, Completion, Submit


class Turn(Fact, frozen=True, kw_only=True):
    """One command and its answer; `data` without its trailing zeros."""

    command: str  # as Command.dwords
    length_bytes: int = 0
    status: int = 0
    result: int = 0
    errno: int | None = None
    data: str = ""


class OffScript(Exception):
    """A replayed drive was sent something that the recording does not have."""


def recording(submit: Submit, keep: Callable[[Turn], None]) -> Submit:
    """The same `submit`, each turn given to `keep` as soon as it is answered."""

    def submitted(command: Command) -> Completion:
        answer = submit(command)
        keep(
            Turn(
                command=command.dwords, length_bytes=command.length_bytes, status=answer.status, result=answer.result,
                errno=answer.errno, data=answer.data.rstrip(b"\0").hex(),
            )
        )  # fmt: skip
        return answer

    return submitted


def replaying(turns: Iterable[Turn]) -> Submit:
    """Answers as recorded, in the recorded order only; OffScript for any other command, or one too many."""
    left = iter(turns)

    def submitted(command: Command) -> Completion:
        turn = next(left, None)
        if turn is None or (turn.command, turn.length_bytes) != (command.dwords, command.length_bytes):
            raise OffScript(f"sent {command.dwords}, recorded {turn.command if turn else 'nothing more'}")
        data = bytes.fromhex(turn.data).ljust(turn.length_bytes, b"\0") if turn.errno is None else b""
        return Completion(status=turn.status, result=turn.result, errno=turn.errno, data=data)

    return submitted
