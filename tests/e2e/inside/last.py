"""`PYTHONPATH=… last.py SERIAL`: the last erasure of this disk, from the signed record on the stick, as JSON."""

import sys

import msgspec

from agent.commands.finding import record_of_disk
from agent.commands.say import Say
from agent.envelope import peek
from agent.home import find_home
from agent.record import parse_payload


def main(serial: str) -> None:
    path = record_of_disk(find_home(None), serial, Say("en"))
    record = parse_payload(peek(path.read_bytes()).payload)
    (one,) = [one for one in record.erasures or () if one.media.serial == serial]
    print(msgspec.json.encode(one).decode())


if __name__ == "__main__":
    main(sys.argv[1])
