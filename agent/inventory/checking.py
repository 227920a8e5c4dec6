"""Checking uploads: in place while few come at once, in a second process while many do.

Signatures and parsing take half of the work and hold the interpreter; a bench that empties its outbox would otherwise
leave the second processor idle. The process is started at the first rush only: a lone bench never pays for it.
"""

import asyncio
import ctypes
import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent import envelope
from agent.inventory.intake import FindKeys, Upload, check, key_ids_in
from agent.inventory.refusal import Refusal

# Digest, raw body, and the raw public keys of the stations it names.
Question = tuple[str, bytes, tuple[bytes, ...]]
RUSH = 12  # uploads at once from which the second process pays for its messages
_BATCH = 48
_PR_SET_PDEATHSIG = 1  # prctl(2)


class Checker:
    """`check` is `intake.check`, wherever it runs."""

    def __init__(self, find_keys: FindKeys, *, rush: int = RUSH) -> None:
        self._find_keys = find_keys
        self._rush = rush
        self._at_once = 0
        self._asked: list[tuple[Question, asyncio.Future[Upload | Refusal]]] = []
        self._pool: ProcessPoolExecutor | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Checker":
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._task is not None:
            await self._task
        if self._pool is not None:
            self._pool.shutdown()

    async def check(self, digest: str, raw: bytes) -> Upload:
        """The upload, or the Refusal raised; see `intake.check`."""
        self._at_once += 1
        try:
            await asyncio.sleep(0)  # those that arrived together are counted before the first is checked
            if self._at_once < self._rush:
                return check(digest, raw, self._find_keys)
            return await self._ask(digest, raw)
        finally:
            self._at_once -= 1

    async def _ask(self, digest: str, raw: bytes) -> Upload:
        keys = self._find_keys(key_ids_in(raw))
        question = (digest, raw, tuple(key.public_bytes_raw() for key in keys.values()))
        answer: asyncio.Future[Upload | Refusal] = asyncio.get_running_loop().create_future()
        self._asked.append((question, answer))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="checking")
        outcome = await answer
        if isinstance(outcome, Refusal):
            raise outcome
        return outcome

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._asked:
            batch, self._asked = self._asked[:_BATCH], self._asked[_BATCH:]
            questions = [question for question, _ in batch]
            try:
                if self._pool is None:
                    # "spawn": a fork would copy the database connections and the threads' locks.
                    spawn = multiprocessing.get_context("spawn")
                    self._pool = ProcessPoolExecutor(
                        1, mp_context=spawn, initializer=_die_with, initargs=(os.getpid(),)
                    )
                outcomes = await loop.run_in_executor(self._pool, check_all, questions)
            except (BrokenProcessPool, OSError):  # killed for memory, or no process to be had: do without
                self._pool, self._rush = None, 1 << 62
                outcomes = check_all(questions)
            for (_, answer), outcome in zip(batch, outcomes, strict=True):
                if not answer.done():  # the sender may have hung up
                    answer.set_result(outcome)


def check_all(questions: Sequence[Question]) -> list[Upload | Refusal]:
    """One outcome for each question, in order."""
    outcomes: list[Upload | Refusal] = []
    for digest, raw, keys in questions:
        known = {envelope.key_id_of(key): envelope.public_key(key) for key in keys}
        try:
            outcomes.append(check(digest, raw, partial(_given, known)))
        except Refusal as refused:
            outcomes.append(refused)
    return outcomes


def _given(known: dict[str, Ed25519PublicKey], key_ids: tuple[str, ...]) -> dict[str, Ed25519PublicKey]:
    return known


def _die_with(parent: int) -> None:
    """End when the server does, even if it is killed: the pipe alone would not tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches us too; the server decides
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
