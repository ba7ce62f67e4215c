"""Threads for calls that block: each call of one name in the same thread, one after the other."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_WAITING: Final = 10_000


class Worker(Executor):
    """One thread that makes calls in the order they come.

    It never holds up the end of the program: a driver that hangs is left behind.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.Queue[tuple[Future[Any], Callable[[], Any]] | None] = queue.Queue(_WAITING)
        self._thread: threading.Thread | None = None

    def submit(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have a call made; a cancelled one that has not begun is left out."""
        future: Future[T] = Future()
        self._calls.put_nowait((future, lambda: function(*args, **kwargs)))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return future

    def shutdown(self, wait: bool = False, *, cancel_futures: bool = True) -> None:  # noqa: FBT001, FBT002, ARG002 - as in Executor
        """Let the thread end after the call that it is in; calls that wait are left out."""
        while not self._calls.empty():
            waiting = self._calls.get_nowait()
            if waiting is not None:
                waiting[0].cancel()
        self._calls.put_nowait(None)

    def _run(self) -> None:
        while (waiting := self._calls.get()) is not None:
            future, call = waiting
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - it is raised again where the result is awaited
                future.set_exception(error)
            else:
                future.set_result(result)
            del waiting, future, call


class Workers:
    """Threads by name, each made when it is first needed."""

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}

    async def call(self, name: str, function: Callable[..., T], /, *arguments: Any, **named: Any) -> T:
        """Return what a function returns that is called in the thread of this name.

        After a cancel the call, if it has begun, goes on to its end and its result is dropped.
        """
        worker = self._workers.get(name)
        if worker is None:
            worker = self._workers[name] = Worker(name)
        context = contextvars.copy_context()

        def make_call() -> T:
            return context.run(function, *arguments, **named)

        return await asyncio.get_running_loop().run_in_executor(worker, make_call)

    def close(self) -> None:
        """Let the threads end, each after the call that it is in."""
        for worker in self._workers.values():
            worker.shutdown()
