"""Every device comes back at once: after a restart all of them are let in, and others are answered."""

from __future__ import annotations

import asyncio
import contextlib
import math
import resource
import secrets
import sqlite3
import time
from pathlib import Path

import pytest

from heliograph.api.identity.hashing import hashed
from tests.real.hub_process import HubProcess
from tests.security.bystander import Bystander, memory_mb
from tests.security.report import Report
from tests.security.storm import Storm

pytestmark = pytest.mark.timeout(600)
SECTION = "Connect storm: enrolled devices, each with a key, by plain MQTT"


def enrolled(hub: HubProcess, count: int) -> dict[str, str]:
    """Return names and keys of devices in the catalogue of a hub that is stopped.

    Written directly: each by the API has a transaction of its own, which would take minutes.
    """
    keys = {f"dev-{number:05d}": secrets.token_urlsafe(32) for number in range(count)}
    now = time.time_ns()
    rows = [(name, hashed(key), "", 1, now, now) for name, key in keys.items()]
    with contextlib.closing(sqlite3.connect(hub.home / "catalog.db")) as catalogue, catalogue:
        catalogue.executemany(
            "INSERT INTO device (id, hash, mosquitto, active, created_ns, updated_ns)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
    return keys


def figures(storm: Storm, seconds: float) -> str:
    ordered = sorted(storm.seconds)
    p50, p99 = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return (
        f"all {len(storm.connected):,} in {seconds:.1f} s ({len(storm.connected) / seconds:,.0f}/s), each"
        f" p50 {p50:.1f} s, p99 {p99:.1f} s, longest {ordered[-1]:.1f} s; {storm.failed:,} tries failed"
    )


async def test_all_devices_come_back_after_a_restart(
    tmp_path: Path, report: Report, *, is_full: bool
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = min(10_000, hard - 2_000) if is_full else 300
    with HubProcess(tmp_path / "hub", "--no-agent") as hub:
        hub.stop()
        keys = enrolled(hub, count)
        hub.start()
        before = memory_mb(hub)
        storm = Storm(hub.mqtt_port, keys)
        async with asyncio.TaskGroup() as group:
            living = group.create_task(storm.run())
            report.add(SECTION, "first", figures(storm, await storm.until(count, 240)))
            memory = memory_mb(hub)
            told = ", ".join(
                f"{who} {size:.0f} MB ({size - before[who]:+.0f})" for who, size in memory.items()
            )
            report.add(SECTION, "memory then", told)
            for how, end in (("a restart", hub.stop), ("kill -9", hub.kill)):
                await asyncio.to_thread(end)
                await storm.until(0, 60)
                storm.begin_anew()
                await asyncio.to_thread(hub.start)
                with Bystander(hub) as bystander:
                    report.add(SECTION, f"after {how}", figures(storm, await storm.until(count, 240)))
                asked, failed = len(bystander.answers), bystander.failed
                p99 = bystander.ms(0.99, [(0.0, math.inf)])
                told = f"p99 {p99:.0f} ms, {asked} asked, {len(failed)} failed"
                report.add(SECTION, "an ordinary user then", told)
                assert not failed, failed[:5]
            living.cancel()
        assert "Traceback" not in hub.log
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
