"""What passed over SG_IO, as JSON with hex in and out: recorded on real hardware, replayed in tests.

A recording holds the disk's serial number (IDENTIFY, INQUIRY): it stays beside the wipe's own record, or is scrubbed
before it becomes a fixture.
"""

from collections.abc import Callable
from typing import Literal

import msgspec

from agent.facts import Fact
from agent.wipe.sg import Answer, Send


class Turn(Fact, frozen=True, kw_only=True):
    """One command and its answer, as `sg.Answer` has it."""

    cdb: str
    data_out: str = ""
    length_in: int = 0
    status: int = 0
    host_status: int = 0
    driver_status: int = 0
    sense: str = ""
    data: str = ""
    errno: int | None = None
    residual: int = 0


class Transcript(Fact, frozen=True, kw_only=True):
    device: str  # maker, model and firmware, or what it is composed after
    origin: Literal["hardware", "composed"]
    about: str = ""
    turns: tuple[Turn, ...] = ()


class OffScript(Exception):
    """A replayed device was sent something that the recording does not have."""


def recording(send: Send, keep: Callable[[Turn], None]) -> Send:
    """The same `send`, each turn given to `keep` as soon as it is answered."""

    def sent(fd: int, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0, timeout_s: int) -> Answer:
        answer = send(fd, cdb, data_out=data_out, length_in=length_in, timeout_s=timeout_s)
        keep(
            Turn(
                cdb=cdb.hex(), data_out=data_out.hex(), length_in=length_in, status=answer.status,
                host_status=answer.host_status, driver_status=answer.driver_status, sense=answer.sense.hex(),
                data=answer.data.hex(), errno=answer.errno, residual=answer.residual,
            )
        )  # fmt: skip
        return answer

    return sent


def replaying(transcript: Transcript) -> Send:
    """Answers as recorded, in the recorded order only; OffScript for any other command, or one too many."""
    turns = iter(transcript.turns)

    def sent(fd: int, cdb: bytes, *, data_out: bytes = b"", length_in: int = 0, timeout_s: int) -> Answer:
        turn = next(turns, None)
        if turn is None or (turn.cdb, turn.data_out, turn.length_in) != (cdb.hex(), data_out.hex(), length_in):
            raise OffScript(f"sent {cdb.hex()}, recorded {turn.cdb if turn else 'nothing more'}")
        return Answer(
            status=turn.status, host_status=turn.host_status, driver_status=turn.driver_status,
            sense=bytes.fromhex(turn.sense), data=bytes.fromhex(turn.data), errno=turn.errno, residual=turn.residual,
        )  # fmt: skip

    return sent


def read_transcript(raw: bytes) -> Transcript:
    """msgspec.ValidationError when it is none."""
    return msgspec.json.decode(raw, type=Transcript)
