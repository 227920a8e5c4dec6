"""A root shell in the emulated PC, over its serial port (`rebond.shell=ttyS0` on the kernel's command line)."""

import itertools
from dataclasses import dataclass, field

from tests.e2e.pc import Pc


@dataclass
class Shell:
    pc: Pc
    at: int = 0
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    @classmethod
    def open(cls, pc: Pc, timeout_s: float = 240) -> "Shell":
        shell = cls(pc)
        shell.at = pc.wait_serial("root@rebond", timeout_s)
        pc.say("exec env PS1= PS2= TERM=dumb sh\n")
        pc.say("stty -echo; export PATH=$PATH:/usr/sbin:/sbin\n")
        shell.run("true")
        return shell

    def run(self, command: str, timeout_s: float = 60) -> tuple[int, str]:
        """(exit status, what it printed, errors included)."""
        number = next(self.numbers)
        self.pc.say(f"{{ {command}\n}} 2>&1 </dev/null; echo '<'end-{number} $?'>'\n")
        mark = f"<end-{number} "
        end = self.pc.wait_serial(mark, timeout_s, self.at)
        close = self.pc.wait_serial(">", 10, end)
        said = bytes(self.pc.log[self.at : end - len(mark)]).decode(errors="replace").replace("\r", "")
        status = int(bytes(self.pc.log[end : close - 1]))
        self.at = close
        return status, said.strip("\n")

    def tell(self, command: str, timeout_s: float = 60) -> str:
        """What it printed; AssertionError when it failed."""
        status, said = self.run(command, timeout_s)
        assert status == 0, f"{command}: {status}: {said}"
        return said
