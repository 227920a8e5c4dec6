"""What an overwrite writes: bytes that follow from a key and the place on the disk, so any part can be made again.

AES-256-CTR: the counter is the byte offset / 16. ChaCha20 (RFC 8439): its block counter has 32 bits and would repeat
after 256 GiB, so the high part of the block number stands in the nonce. A key is used for one pass of one disk.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from agent.wipe.buffers import aligned, clear

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

Kind = Literal["aes-256-ctr", "chacha20", "zeros"]
_STEP = 64  # offsets and lengths: a ChaCha20 block, four AES blocks; no disk has smaller sectors
_CHACHA_TURN = (1 << 32) * 64  # bytes until the 32-bit counter would start again
_ZEROS_BYTES = 4 << 20


def new_key() -> bytes:
    return os.urandom(32)


def fastest_kind(cpuinfo: Path = Path("/proc/cpuinfo")) -> Literal["aes-256-ctr", "chacha20"]:
    """AES where the processor has instructions for it (4.7 against 3.0 GB/s), else ChaCha20 (1.7 against 0.5)."""
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return "chacha20"
    flags = next((line for line in lines if line.split(":")[0].strip() in ("flags", "Features")), "")
    return "aes-256-ctr" if "aes" in flags.split() else "chacha20"


class Fill:
    """The right content of every byte of a disk. Any thread may use it; nothing in it changes."""

    def __init__(self, kind: Kind, key: bytes = b"") -> None:
        if kind not in ("aes-256-ctr", "chacha20", "zeros"):
            raise ValueError(f"no such stream: {kind}")
        if kind != "zeros" and len(key) != 32:
            raise ValueError("the key of a stream has 32 bytes")
        self.kind: Kind = kind
        self.key = b"" if kind == "zeros" else key
        self._zeros = aligned(0 if kind == "zeros" else _ZEROS_BYTES)

    def write(self, buffer: memoryview, offset_bytes: int) -> None:
        """Fill the buffer with what belongs at this place."""
        if self.kind == "zeros":
            clear(buffer)
            return
        self._xor(None, buffer, offset_bytes)

    def strip(self, buffer: memoryview, offset_bytes: int) -> None:
        """Take away, in place, what belongs here: a right buffer becomes zeros. Twice gives the buffer back."""
        if self.kind != "zeros":
            self._xor(buffer, buffer, offset_bytes)

    def _xor(self, source: memoryview | None, target: memoryview, offset_bytes: int) -> None:
        if offset_bytes % _STEP or len(target) % _STEP:
            raise ValueError(f"{offset_bytes}+{len(target)} is not on a boundary of {_STEP} bytes")
        at = 0
        while at < len(target):
            place = offset_bytes + at
            # One context a piece, at most to where the counter of ChaCha20 turns.
            length = min(len(target) - at, _ZEROS_BYTES, _CHACHA_TURN - place % _CHACHA_TURN)
            piece = target[at : at + length]
            self._context(place).update_into(source[at : at + length] if source else self._zeros[:length], piece)
            at += length

    def _context(self, offset_bytes: int) -> "CipherContext":
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        cipher: Cipher[Any]
        if self.kind == "aes-256-ctr":
            counter = (offset_bytes // 16).to_bytes(16, "big")
            cipher = Cipher(algorithms.AES(self.key), modes.CTR(counter))
        else:
            high, low = divmod(offset_bytes // 64, 1 << 32)
            nonce = low.to_bytes(4, "little") + high.to_bytes(12, "little")
            cipher = Cipher(algorithms.ChaCha20(self.key, nonce), None)
        return cipher.encryptor()
