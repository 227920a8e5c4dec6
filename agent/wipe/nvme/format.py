"""Format NVM with a secure erase: one command that answers when it has ended; a cut leaves no trace of how far it got.

SES is 1 (user data) or 2 (crypto), never 0. Sector size, metadata and protection stay as they are.
"""

from collections.abc import Callable

from agent.erasure import Technique
from agent.wipe.device import EraseFailed, Note, Noted, Refused, Standing
from agent.wipe.nvme import admin as ad
from agent.wipe.nvme import status as st
from agent.wipe.nvme.abilities import Setting, why_not
from agent.wipe.nvme.drive import Drive

USER_DATA, CRYPTO = 1, 2
_SES: dict[Technique, int] = {"nvme-format-crypto": CRYPTO, "nvme-format-user-data": USER_DATA}
_SENT, _ENDED = "nvme-format", "nvme-format-ended"
# The kernel's own admin timeout (60 s) would reset the drive in the middle of the erase.
_FORMAT_MS = 12 * 3600 * 1000


class FormatEraser:
    def __init__(self, technique: Technique, admin: ad.NvmeAdmin, look: Callable[[], Drive], setting: Setting) -> None:
        self.technique = technique
        self._admin, self._look, self._setting = admin, look, setting
        self._has_ended = False
        self._format_bits: int | None = None

    def begin(self, note: Note) -> None:
        """Blocks until the drive answers, for minutes or hours; no progress is told."""
        drive = self._look()
        against = why_not(drive, self._setting, self.technique)
        ours = drive.ours
        if against is not None or ours is None or ours.data is None:
            raise Refused(against.en if against else "which namespace is ours is not known")
        self._format_bits = ours.data.format_bits
        command = self._format_bits | _SES[self.technique] << ad.SES_SHIFT
        note(_SENT, {"cdw10": f"{command:08x}", "nsid": str(ours.nsid), "format": str(self._format_bits)})
        answer = self._admin.send(
            ad.Command(
                name="FORMAT NVM", opcode=ad.FORMAT, nsid=ours.nsid, cdw10=command, timeout_ms=_FORMAT_MS,
            )
        )  # fmt: skip
        if answer.is_ok:
            self._has_ended = True
            note(_ENDED, {})
            return
        if answer.is_unsent:
            raise Refused(f"the kernel does not pass the command on: {answer.meaning}")
        if answer.errno is None and st.is_not_begun(answer.status):
            hint = "; a locked drive needs a PSID revert first" if st.is_denied(answer.status) else ""
            raise Refused(f"{answer.meaning}{hint}")
        raise EraseFailed(f"Format ended with: {answer.meaning}")

    def resume(self, noted: tuple[Noted, ...], note: Note) -> None:
        """Only an end that was seen and noted counts: a Format is not asked how it went."""
        steps = {one.step: one.details for one in noted}
        if _SENT not in steps:
            raise Refused("nothing had been sent before the interruption")
        if _ENDED not in steps:
            raise EraseFailed("interrupted; its end was not seen")
        self._format_bits = int(steps[_SENT]["format"])
        self._has_ended = True

    def poll(self) -> Standing:
        if self._has_ended:
            return Standing(state="done", permille=1000, said="Format ended with status 0")
        return Standing(state="idle", said="no Format of ours has ended")

    def settle(self, note: Note) -> None:
        """The namespace must have kept its format: else what was planned to be read is another disk now."""
        try:
            ours = self._look().ours
        except Refused as refused:
            raise EraseFailed(f"after Format: {refused.said}") from refused
        if ours is None or ours.data is None or ours.data.format_bits != self._format_bits:
            raise EraseFailed("after Format the namespace has another format than before")
