"""Write a workload over two connections and wait until the server shows all of it."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.dialects import DIALECTS
from bench.peers import Server, ServerFailed
from bench.processes import cpu_seconds, name_of, peak_rss_kb
from bench.workloads.workload import Workload

CONNECTIONS: Final = 2
VISIBLE_TIMEOUT: Final = 60.0
_POLL: Final = 0.02
_BUSY_PAUSE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Ingest:
    """What writing one workload took."""

    acked_s: float
    """From the first request to the last acknowledgement."""
    visible_s: float
    """Until a count of the stored points was complete."""
    p50_ms: float
    p99_ms: float
    cpu_s: float
    """Of all the server's processes, until visible."""
    peak_rss_mb: dict[str, float]
    """By process."""
    busy: int
    """How often the server asked to try again."""


def ingest(server: Server, workload: Workload, *, packed: Sequence[bytes] | None = None) -> Ingest:
    """Return the figures of one workload on a server that is empty and runs.

    ``packed`` are its batches compressed by gzip, if they are to be sent so.

    Raises:
        ServerFailed: a batch was refused, or points are missing a minute after the last acknowledgement.
    """
    before = cpu_seconds(server.processes)
    began = time.perf_counter()
    headers = dict(server.headers) | ({"Content-Encoding": "gzip"} if packed else {})
    latencies_ms, busy = _write(server, packed or workload.batches, headers)
    acked = time.perf_counter()
    wait_visible(server, workload)
    visible = time.perf_counter()
    processes = server.processes
    return Ingest(
        acked_s=acked - began,
        visible_s=visible - began,
        p50_ms=statistics.median(latencies_ms),
        p99_ms=quantile(latencies_ms, 0.99),
        cpu_s=cpu_seconds(processes) - before,
        peak_rss_mb={_name(server, pid): peak_rss_kb([pid]) / 1024 for pid in processes},
        busy=busy,
    )


def _name(server: Server, pid: int) -> str:
    return server.name if pid == server.processes[0] else name_of(pid)


def wait_visible(server: Server, workload: Workload) -> None:
    """Return when the server counts as many points as were written."""
    dialect = DIALECTS[server.name]
    wanted = sum(probe.points for probe in workload.probes if dialect.countable(probe))
    deadline = time.monotonic() + VISIBLE_TIMEOUT
    if server.after_writes:
        server.ask(*server.after_writes)
    while (found := _count(server, workload)) != wanted:
        if time.monotonic() > deadline:
            raise ServerFailed(f"{server.name}: {workload.name}: {found} of {wanted} points can be seen")
        time.sleep(_POLL)


def _count(server: Server, workload: Workload) -> int:
    dialect = DIALECTS[server.name]
    return dialect.counted([server.ask(a.method, a.path, a.body) for a in dialect.count(workload)])


@dataclass(slots=True)
class _Source:
    """Hands the batches, one after another, to whichever connection is free."""

    batches: Iterator[bytes]
    headers: dict[str, str]
    lock: threading.Lock = field(default_factory=threading.Lock)
    latencies_ms: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    busy: int = 0

    def take(self) -> bytes | None:
        with self.lock:
            return None if self.failures else next(self.batches, None)


def _write(server: Server, batches: Sequence[bytes], headers: dict[str, str]) -> tuple[list[float], int]:
    source = _Source(iter(batches), headers)
    threads = [threading.Thread(target=_connection, args=(server, source)) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if source.failures:
        raise ServerFailed(f"{server.name}: {source.failures[0]}")
    return source.latencies_ms, source.busy


def _connection(server: Server, source: _Source) -> None:
    connection = server.connection()
    try:
        while (batch := source.take()) is not None:
            began = time.perf_counter()
            _send(server, connection, batch, source)
            source.latencies_ms.append(1000 * (time.perf_counter() - began))
    except (OSError, http.client.HTTPException, ServerFailed) as error:
        source.failures.append(f"{type(error).__name__}: {error}")
    finally:
        connection.close()


def _send(server: Server, connection: http.client.HTTPConnection, batch: bytes, source: _Source) -> None:
    """Write one batch; one that the server is too busy for is sent again, as clients do."""
    while True:
        connection.request("POST", server.write_path, batch, source.headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 204:
            return
        if answer.status != 503:
            raise ServerFailed(f"{answer.status} {text[:300]!r}")
        source.busy += 1
        time.sleep(float(answer.headers.get("Retry-After") or _BUSY_PAUSE))


def quantile(values: list[float], share: float) -> float:
    """Return the smallest value that is not exceeded by ``share`` of the values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
