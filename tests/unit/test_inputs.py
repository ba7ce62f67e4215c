"""Each input on the recorded files of a Raspberry Pi: Telegraf's names, types and figures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from heliograph import __version__
from heliograph.inputs.board import BoardInput
from heliograph.inputs.cpu import CpuConfig, CpuInput
from heliograph.inputs.cpu_temperature import CpuTemperatureConfig, CpuTemperatureInput
from heliograph.inputs.disk import DiskConfig, DiskInput
from heliograph.inputs.diskio import DiskIoConfig, DiskIoInput
from heliograph.inputs.gpu_temperature import GpuTemperatureConfig, GpuTemperatureInput
from heliograph.inputs.kernel import KernelInput
from heliograph.inputs.mem import MemInput
from heliograph.inputs.net import NetConfig, NetInput
from heliograph.inputs.netstat import NetstatInput
from heliograph.inputs.processes import ProcessesInput
from heliograph.inputs.roots import Roots
from heliograph.inputs.software import SoftwareInput
from heliograph.inputs.swap import SwapInput
from heliograph.inputs.system import SystemInput, _utmp_record_bytes, format_uptime
from heliograph.inputs.temp import TempInput
from heliograph.model.point import Point
from tests.unit.pi_tree import PROC, pi_tree, utmp_record, write_files


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    return pi_tree(tmp_path)


def by_tag(points: list[Point], key: str) -> dict[str, Point]:
    return {point.tags[key]: point for point in points}


# --- cpu -------------------------------------------------------------------------------------------

LATER = """\
cpu  1100 50 440 8240 110 0 40 0 40 10 0
cpu0 700 25 240 4040 60 0 25 0 40 10 0
cpu1 400 25 200 4200 50 0 15 0 0 0 0
intr 1
"""


def test_cpu_needs_two_samples_and_then_gives_shares_of_the_time_between(roots: Roots) -> None:
    cpu = CpuInput(roots=roots)
    assert cpu.gather() == []
    write_files(Path(roots.proc), {"stat": LATER})
    points = by_tag(cpu.gather(), "cpu")
    assert sorted(points) == ["cpu-total", "cpu0", "cpu1"]
    # 400 ticks in all: 100 user of which 20 guest, 40 system, 240 idle, 10 iowait, 10 softirq
    assert points["cpu-total"].fields == pytest.approx(
        {
            "usage_user": 20.0,
            "usage_nice": 0.0,
            "usage_system": 10.0,
            "usage_idle": 60.0,
            "usage_iowait": 2.5,
            "usage_irq": 0.0,
            "usage_softirq": 2.5,
            "usage_steal": 0.0,
            "usage_guest": 5.0,
            "usage_guest_nice": 0.0,
        }
    )
    assert points["cpu1"].fields["usage_idle"] == 100.0


def test_cpu_says_nothing_of_a_processor_whose_ticks_stand_still_or_that_is_new(roots: Roots) -> None:
    cpu = CpuInput(roots=roots)
    cpu.gather()
    assert cpu.gather() == []
    write_files(Path(roots.proc), {"stat": LATER.replace("intr", "cpu2 1 1 1 1 1 1 1 1 1 1\nintr")})
    assert "cpu2" not in by_tag(cpu.gather(), "cpu")


def test_cpu_gives_no_negative_share_when_a_counter_goes_back(roots: Roots) -> None:
    cpu = CpuInput(roots=roots)
    cpu.gather()
    write_files(Path(roots.proc), {"stat": "cpu  1000 50 400 8100 90 0 30 0 20 10 0\n"})
    (total,) = cpu.gather()
    assert (total.fields["usage_iowait"], total.fields["usage_idle"]) == (0.0, 100.0)


def test_cpu_can_be_asked_for_the_total_with_the_active_share(roots: Roots) -> None:
    cpu = CpuInput(CpuConfig(per_cpu=False, report_active=True), roots=roots)
    cpu.gather()
    write_files(Path(roots.proc), {"stat": LATER})
    (total,) = cpu.gather()
    assert total.fields["usage_active"] == pytest.approx(40.0)


# --- memory ----------------------------------------------------------------------------------------

MEM_FIELDS = {
    "active", "available", "available_percent", "buffered", "cached", "commit_limit", "committed_as",
    "dirty", "free", "high_free", "high_total", "huge_page_size", "huge_pages_free", "huge_pages_total",
    "inactive", "low_free", "low_total", "mapped", "page_tables", "shared", "slab", "sreclaimable",
    "sunreclaim", "swap_cached", "swap_free", "swap_total", "total", "used", "used_percent",
    "vmalloc_chunk", "vmalloc_total", "vmalloc_used", "write_back", "write_back_tmp",
}  # fmt: skip


def test_mem_has_all_of_telegrafs_fields_in_their_types(roots: Roots) -> None:
    (point,) = MemInput(roots=roots).gather()
    assert set(point.fields) == MEM_FIELDS
    floats = {name for name, value in point.fields.items() if isinstance(value, float)}
    assert floats == {"available_percent", "used_percent"}


def test_mem_counts_reclaimable_slab_as_cache(roots: Roots) -> None:
    (point,) = MemInput(roots=roots).gather()
    assert point.fields["cached"] == 950_000 * 1024
    assert point.fields["used"] == (3_885_396 - 2_000_000 - 100_000 - 950_000) * 1024
    assert point.fields["used_percent"] == pytest.approx(100 * 835_396 / 3_885_396)
    assert point.fields["huge_pages_total"] == 3, "a count, not kilobytes"
    assert point.fields["high_free"] == 0, "this kernel has no such line"


def test_mem_estimates_what_is_available_on_old_kernels(roots: Roots) -> None:
    write_files(Path(roots.proc), {"meminfo": PROC["meminfo"].replace("MemAvailable", "Other")})
    (point,) = MemInput(roots=roots).gather()
    assert point.fields["available"] == (2_000_000 + 100_000 + 950_000) * 1024


def test_swap_is_two_points(roots: Roots) -> None:
    levels, moved = SwapInput(roots=roots).gather()
    used = 51_198 * 1024
    assert levels.fields == {"total": 2 * used, "used": used, "free": used, "used_percent": 50.0}
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    assert moved.fields == {"in": 3 * page_bytes, "out": 5 * page_bytes}


def test_swap_on_a_board_without_it_is_zero_not_an_error(roots: Roots) -> None:
    write_files(Path(roots.proc), {"meminfo": "MemTotal: 5 kB\n"})
    assert SwapInput(roots=roots).gather()[0].fields["used_percent"] == 0.0


# --- disks -----------------------------------------------------------------------------------------


def mounts(roots: Roots, *lines: str) -> None:
    write_files(Path(roots.proc), {"mounts": "".join(f"{line} 0 0\n" for line in lines)})


def test_disk_leaves_out_what_is_no_disk_of_ours(roots: Roots, tmp_path: Path) -> None:
    boot = tmp_path / "boot firmware"
    boot.mkdir()
    (tmp_path / "hosts").touch()
    escaped = str(boot).replace(" ", "\\040")
    mounts(
        roots,
        "/dev/root / ext4 rw,noatime",
        f"/dev/mmcblk0p1 {escaped} vfat ro,relatime",
        "tmpfs /run tmpfs rw",
        "proc /proc proc rw",
        "server:/export /tmp nfs4 rw",
        f"/dev/root {tmp_path}/hosts ext4 rw",
        f"/dev/sda1 {tmp_path}/unplugged ext4 rw",
    )
    points = by_tag(DiskInput(roots=roots).gather(), "path")
    assert set(points) == {"/", str(boot)}
    tags = {"path": str(boot), "device": "mmcblk0p1", "fstype": "vfat", "mode": "ro"}
    assert points[str(boot)].tags == tags


def test_disk_has_telegrafs_fields_in_their_types(roots: Roots) -> None:
    mounts(roots, "/dev/root / ext4 rw")
    (point,) = DiskInput(roots=roots).gather()
    fields = point.fields
    types = {name: type(value) for name, value in fields.items()}
    whole = ("total", "free", "used", "inodes_total", "inodes_free", "inodes_used")
    assert types == dict.fromkeys(whole, int) | {"used_percent": float, "inodes_used_percent": float}
    assert 0 < float(fields["used"]) < float(fields["total"])


@pytest.mark.parametrize("fstype", ["overlay", "aufs"])
def test_disk_keeps_the_root_of_a_container(roots: Roots, tmp_path: Path, fstype: str) -> None:
    mounts(roots, f"{fstype} / {fstype} rw", f"{fstype} {tmp_path} {fstype} rw")
    assert [point.tags["path"] for point in DiskInput(roots=roots).gather()] == ["/"]


def test_disk_takes_only_the_mount_points_asked_for_and_the_uppermost_mount(
    roots: Roots, tmp_path: Path
) -> None:
    mounts(roots, "/dev/root / ext4 rw", f"/dev/a {tmp_path} ext4 rw", f"/dev/b {tmp_path} btrfs rw")
    config = DiskConfig(mount_points=frozenset({str(tmp_path)}))
    (point,) = DiskInput(config, roots=roots).gather()
    assert point.tags["device"] == "b"


class Monotonic:
    """A monotonic clock that moves a second per look."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        self.now_ns += 1_000_000_000
        return self.now_ns


def test_diskio_counts_in_bytes_and_leaves_out_devices_never_used(roots: Roots) -> None:
    points = by_tag(DiskIoInput(roots=roots, monotonic_ns=Monotonic()).gather(), "name")
    assert set(points) == {"mmcblk0", "mmcblk0p2"}
    assert points["mmcblk0"].fields == {
        "reads": 5000,
        "writes": 9000,
        "read_bytes": 200_000 * 512,
        "write_bytes": 400_000 * 512,
        "read_time": 3000,
        "write_time": 6000,
        "io_time": 4000,
        "weighted_io_time": 9000,
        "iops_in_progress": 1,
        "merged_reads": 700,
        "merged_writes": 1500,
    }


def test_diskio_adds_load_figures_from_the_second_round_on(roots: Roots) -> None:
    diskio = DiskIoInput(DiskIoConfig(frozenset({"mmcblk0"})), roots=roots, monotonic_ns=Monotonic())
    diskio.gather()
    later = "179 0 mmcblk0 5010 700 200000 3040 9010 1500 400000 6060 0 4250 9000\n"
    write_files(Path(roots.proc), {"diskstats": later})
    (point,) = diskio.gather()
    load = {name: value for name, value in point.fields.items() if name.startswith("io_")}
    assert load == {"io_time": 4250, "io_util": 25.0, "io_await": 5.0, "io_svctm": 12.5}


def test_diskio_says_nothing_of_load_when_a_device_started_again(roots: Roots) -> None:
    diskio = DiskIoInput(roots=roots, monotonic_ns=Monotonic())
    diskio.gather()
    write_files(Path(roots.proc), {"diskstats": "179 0 mmcblk0 5 0 8 1 9 0 8 1 0 4 9\n"})
    (point,) = diskio.gather()
    assert "io_util" not in point.fields


# --- kernel, processes, system ---------------------------------------------------------------------


def test_kernel_has_telegrafs_fields(roots: Roots) -> None:
    (point,) = KernelInput(roots=roots).gather()
    assert point.fields == {
        "interrupts": 123456789,
        "context_switches": 987654321,
        "boot_time": 1764000000,
        "processes_forked": 45678,
        "entropy_avail": 256,
    }


def test_processes_are_counted_by_state_and_odd_command_names_do_no_harm(roots: Roots) -> None:
    (point,) = ProcessesInput(roots=roots).gather()
    assert point.fields == {
        "blocked": 1,
        "dead": 0,
        "idle": 1,
        "paging": 0,
        "parked": 1,
        "running": 1,
        "sleeping": 1,
        "stopped": 0,
        "total": 7,
        "total_threads": 19,
        "unknown": 1,
        "zombies": 1,
    }


def test_system_is_three_points(roots: Roots) -> None:
    size = _utmp_record_bytes()
    logins = [(7, "pi"), (7, "pi"), (8, "gone"), (7, "root")]
    Path(roots.utmp).write_bytes(b"".join(utmp_record(kind, user, size) for kind, user in logins))
    load, uptime, text = SystemInput(roots=roots).gather()
    assert load.fields == {
        "load1": 0.52,
        "load5": 0.58,
        "load15": 0.59,
        "n_cpus": 2,
        "n_physical_cpus": 2,
        "n_users": 3,
        "n_unique_users": 2,
    }
    assert uptime.fields == {"uptime": 1249632}
    assert text.fields == {"uptime_format": "14 days, 11:07"}


def test_system_leaves_the_users_out_where_no_list_of_logins_exists(roots: Roots) -> None:
    assert "n_users" not in SystemInput(roots=roots).gather()[0].fields


def test_system_counts_threads_of_one_core_as_one_processor(roots: Roots) -> None:
    folder = "devices/system/cpu"
    siblings = {f"{folder}/cpu{n}/topology/thread_siblings_list": "0-1\n" for n in range(2)}
    write_files(Path(roots.sys), siblings)
    fields = SystemInput(roots=roots).gather()[0].fields
    assert (fields["n_cpus"], fields["n_physical_cpus"]) == (2, 1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(59, " 0:00"), (3 * 3600 + 300, " 3:05"), (86_400, "1 day,  0:00"), (1249632, "14 days, 11:07")],
)
def test_uptime_reads_as_telegraf_writes_it(seconds: int, text: str) -> None:
    assert format_uptime(seconds) == text


# --- network ---------------------------------------------------------------------------------------


def test_net_takes_the_interfaces_that_are_up_and_not_the_loopback(roots: Roots) -> None:
    points = by_tag(NetInput(roots=roots).gather(), "interface")
    assert set(points) == {"eth0", "wlan0"}
    assert points["eth0"].fields == {
        "bytes_recv": 3284081640,
        "packets_recv": 3585442,
        "err_in": 1,
        "drop_in": 4,
        "bytes_sent": 451838509,
        "packets_sent": 2663590,
        "err_out": 2,
        "drop_out": 3,
        "speed": 1000,
    }
    assert points["wlan0"].fields["speed"] == -1


def test_net_takes_named_interfaces_whatever_their_state(roots: Roots) -> None:
    config = NetConfig(frozenset({"lo", "docker0"}))
    assert set(by_tag(NetInput(config, roots=roots).gather(), "interface")) == {"lo", "docker0"}


def test_netstat_counts_states_over_both_families(roots: Roots) -> None:
    (point,) = NetstatInput(roots=roots).gather()
    some = {name: count for name, count in point.fields.items() if count}
    assert some == {
        "tcp_listen": 2,
        "tcp_established": 2,
        "tcp_time_wait": 1,
        "tcp_syn_recv": 1,
        "tcp_none": 1,
        "udp_socket": 1,
    }
    assert len(point.fields) == 13


# --- temperatures ----------------------------------------------------------------------------------


def test_temp_reads_hwmon_with_labels(roots: Roots) -> None:
    points = by_tag(TempInput(roots=roots).gather(), "sensor")
    readings = {sensor: point.fields for sensor, point in points.items()}
    assert readings == {"cpu_thermal": {"temp": 48.312}, "nvme_composite_one": {"temp": 35.85}}


def test_temp_falls_back_to_thermal_zones(roots: Roots, tmp_path: Path) -> None:
    (Path(roots.sys) / "class/hwmon").rename(tmp_path / "away")
    points = TempInput(roots=roots).gather()
    assert [(point.tags, point.fields) for point in points] == [({"sensor": "cpu-thermal"}, {"temp": 48.312})]


def test_cpu_temperature_is_an_integer_of_thousandths(roots: Roots) -> None:
    assert CpuTemperatureInput(roots=roots).gather() == [Point("cpu_temperature", {"value": 48312}, {})]


def test_temperatures_are_silent_where_the_board_has_none(tmp_path: Path) -> None:
    nowhere = Roots(sys=str(tmp_path / "none"))
    assert TempInput(roots=nowhere).gather() == []
    assert CpuTemperatureInput(roots=nowhere).gather() == []
    assert CpuTemperatureInput(CpuTemperatureConfig("thermal_zone7"), roots=nowhere).gather() == []
    assert GpuTemperatureInput(GpuTemperatureConfig("no-such-tool"), roots=nowhere).gather() == []


def vcgencmd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> GpuTemperatureInput:
    tool = tmp_path / "vcgencmd"
    tool.write_text(f"#!/bin/sh\n{script}\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return GpuTemperatureInput()


def test_gpu_temperature_is_what_the_firmware_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = vcgencmd(tmp_path, monkeypatch, """test "$1" = measure_temp && echo "temp=48.3'C" """)
    assert gpu.gather() == [Point("gpu_temperature", {"value": 48.3}, {})]


def test_gpu_temperature_reports_a_tool_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="measure_temp failed"):
        vcgencmd(tmp_path, monkeypatch, "exit 255").gather()


def test_gpu_temperature_reports_an_odd_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="expected temp="):
        vcgencmd(tmp_path, monkeypatch, "echo VCHI initialization failed").gather()


# --- board and software ----------------------------------------------------------------------------


def test_board_tells_what_makes_it_fail(roots: Roots) -> None:
    (point,) = BoardInput(roots=roots).gather()
    assert point.tags == {"model": "Raspberry Pi 4 Model B Rev 1.4"}
    assert point.fields == {
        "root_read_only": 0,
        "under_voltage": 1,
        "frequency_capped": 0,
        "throttled": 1,
        "hot": 0,
        "under_voltage_seen": 1,
        "frequency_capped_seen": 0,
        "throttled_seen": 1,
        "hot_seen": 0,
    }


def test_board_knows_an_emmc_a_newer_kernel_and_a_card_that_gave_up(roots: Roots) -> None:
    sys = Path(roots.sys)
    (sys / "devices/platform/soc/soc:firmware/get_throttled").unlink()
    volt = {"class/hwmon/hwmon2/name": "rpi_volt\n", "class/hwmon/hwmon2/in0_lcrit_alarm": "1\n"}
    write_files(sys, volt | {"block/mmcblk1/device/life_time": "0x02 0x03\n"})
    write_files(Path(roots.proc), {"mounts": "/dev/root / ext4 rw 0 0\n/dev/root / ext4 ro,noatime 0 0\n"})
    (point,) = BoardInput(roots=roots).gather()
    assert point.fields == {"root_read_only": 1, "under_voltage": 1, "wear_percent": 30}
    (sys / "firmware/devicetree/base/model").unlink()
    assert BoardInput(roots=roots).gather() == []


def test_software_tells_versions_and_what_runs(roots: Roots) -> None:
    points = {point.tags["name"]: point for point in SoftwareInput(roots=roots).gather()}
    assert points["heliograph"].tags["version"] == __version__
    assert points["demo"].tags == {"name": "demo", "version": "7"}
    assert {name: point.fields["running"] for name, point in points.items()} == {
        "heliograph": 1,
        "demo": 1,
        "old-one": 0,
    }
    assert "version" not in points["old-one"].tags
