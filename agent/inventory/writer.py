"""Group commit: one task gathers what arrives together and stores it in one durable transaction.

An answer is given only after the commit; a failed transaction answers all of its batch with a refusal. The commit
runs in a thread, so that signatures of the next batch are checked while the disk writes this one.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from agent.inventory import refusal

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Writer(Generic[Item, Outcome]):
    """`commit` stores a whole batch or raises; it is called in one thread, never twice at once."""

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Outcome]],
        *,
        batch: int,
        pending: int,
        report: Callable[[Exception], None],
    ) -> None:
        self._commit = commit
        self._batch = batch
        self._report = report
        self._queue: asyncio.Queue[tuple[Item, asyncio.Future[Outcome]]] = asyncio.Queue(pending)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Writer[Item, Outcome]":
        self._task = asyncio.create_task(self._run(), name="group-commit")
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._queue.join()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._thread.shutdown()

    async def store(self, item: Item) -> Outcome:
        """What `commit` said of this item, once it is durable; Refusal when too much waits already."""
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        try:
            self._queue.put_nowait((item, answer))
        except asyncio.QueueFull as error:
            raise refusal.busy() from error
        return await answer

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            batch = [await self._queue.get()]
            while len(batch) < self._batch and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                await self._settle(loop, batch)
            finally:
                for _ in batch:
                    self._queue.task_done()

    async def _settle(self, loop: asyncio.AbstractEventLoop, batch: list[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        items = [item for item, _ in batch]
        try:
            outcomes = await loop.run_in_executor(self._thread, self._commit, items)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, nothing was stored and each sender must know
            self._report(error)
            if len(batch) > 1:  # one record that cannot be stored must not block its neighbours
                for one in batch:
                    await self._settle(loop, [one])
                return
            if not batch[0][1].done():
                batch[0][1].set_exception(refusal.not_stored())
            return
        for (_, answer), outcome in zip(batch, outcomes, strict=True):
            if not answer.done():  # the sender may have hung up
                answer.set_result(outcome)
