"""What the kernel of a Raspberry Pi 4 shows in the files that the inputs read, as a folder for tests."""

from __future__ import annotations

import struct
from pathlib import Path

from heliograph.inputs.roots import Roots

PROC = {
    "stat": """\
cpu  1000 50 400 8000 100 0 30 0 20 10 0
cpu0 600 25 200 4000 50 0 15 0 20 10 0
cpu1 400 25 200 4000 50 0 15 0 0 0 0
intr 123456789 0 17 4
ctxt 987654321
btime 1764000000
processes 45678
procs_running 2
""",
    "meminfo": """\
MemTotal:        3885396 kB
MemFree:         2000000 kB
MemAvailable:    3200000 kB
Buffers:          100000 kB
Cached:           900000 kB
SwapCached:            4 kB
Active:           600000 kB
Inactive:         700000 kB
SwapTotal:        102396 kB
SwapFree:          51198 kB
Dirty:                64 kB
Writeback:             8 kB
Mapped:           200000 kB
Shmem:             30000 kB
Slab:              80000 kB
SReclaimable:      50000 kB
SUnreclaim:        30000 kB
PageTables:         9000 kB
WritebackTmp:          0 kB
CommitLimit:     2045092 kB
Committed_AS:    1500000 kB
VmallocTotal:   259653632 kB
VmallocUsed:       12000 kB
VmallocChunk:          0 kB
HugePages_Total:       3
HugePages_Free:        2
Hugepagesize:       2048 kB
""",
    "vmstat": "nr_free_pages 500000\npgpgin 1\npswpin 3\npswpout 5\n",
    "loadavg": "0.52 0.58 0.59 1/467 12345\n",
    "uptime": "1249632.87 4900000.00\n",
    "sys/kernel/random/entropy_avail": "256\n",
    "diskstats": """\
   1       0 ram0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
 179       0 mmcblk0 5000 700 200000 3000 9000 1500 400000 6000 1 4000 9000 0 0 0 0 0 0
 179       2 mmcblk0p2 4800 650 190000 2900 8900 1500 399000 5900 0 3900 8800
""",
    "net/dev": """\
Inter-|   Receive                            |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier
    lo: 1000 10 0 0 0 0 0 0 1000 10 0 0 0 0 0 0
  eth0: 3284081640 3585442 1 4 0 0 0 9 451838509 2663590 2 3 0 0 0 0
 wlan0: 500 5 0 0 0 0 0 0 600 6 0 0 0 0 0 0
docker0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
""",
    "net/tcp": """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:075B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 0100007F:075B 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 0100007F:A000 0100007F:075B 01 00000000:00000000 00:00000000 00000000     0        0 3 1
   3: 0100007F:A001 0100007F:075B 06 00000000:00000000 00:00000000 00000000     0        0 0 1
   4: 0100007F:A002 0100007F:075B 0C 00000000:00000000 00:00000000 00000000     0        0 0 1
   5: 0100007F:A003 0100007F:075B 0F 00000000:00000000 00:00000000 00000000     0        0 0 1
""",
    "net/tcp6": """\
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000
""",
    "net/udp": """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
  100: 00000000:14E9 00000000:0000 07 00000000:00000000 00:00000000 00000000   108        0 15 2 0 0
""",
    "1/stat": "1 (systemd) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 5 6 7",
    "2/stat": "2 (kthreadd) I 0 0 0 0 -1 2129984 1 2 3 4 5 6 7 8 20 0 1 0 5 6 7",
    "700/stat": "700 (a) b (c)) R 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 12 0 5 6 7",
    "701/stat": "701 (dead) Z 700 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 5 6 7",
    "702/stat": "702 (disk) D 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 2 0 5 6 7",
    "703/stat": "703 (odd) Q 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 5 6 7",
    "704/stat": "704 (parked) P 1 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 5 6 7",
    "705/status": "a process that ended between listing and reading: its stat is gone",
}

SYS = {
    "class/net/lo/flags": "0x9\n",
    "class/net/eth0/flags": "0x1003\n",
    "class/net/eth0/speed": "1000\n",
    "class/net/wlan0/flags": "0x1003\n",
    "class/net/docker0/flags": "0x1002\n",
    "class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "class/thermal/thermal_zone0/temp": "48312\n",
    "class/thermal/cooling_device0/type": "gpio-fan\n",
    "class/hwmon/hwmon0/name": "cpu_thermal\n",
    "class/hwmon/hwmon0/temp1_input": "48312\n",
    "class/hwmon/hwmon1/name": "nvme\n",
    "class/hwmon/hwmon1/temp1_input": "35850\n",
    "class/hwmon/hwmon1/temp1_label": "Composite One\n",
    "class/hwmon/hwmon1/temp1_max": "80000\n",
    "devices/system/cpu/cpu0/topology/thread_siblings_list": "0\n",
    "devices/system/cpu/cpu1/topology/thread_siblings_list": "1\n",
    "devices/system/cpu/cpufreq/boost": "0\n",
    "devices/platform/soc/soc:firmware/get_throttled": "50005\n",
    "firmware/devicetree/base/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "block/mmcblk0/device/type": "SD\n",
    "fs/cgroup/system.slice/heliograph-app-demo.service/cgroup.procs": "812\n",
}
ETC = {
    "systemd/system/heliograph-agent.service": "[Service]\n",
    "systemd/system/heliograph-app-demo.service": '[Service]\nEnvironment="HELIO_APP_VERSION=7"\n',
    "systemd/system/heliograph-app-old-one.service": "[Service]\n",
    "systemd/system/heliograph-hub.service": "[Service]\n",
}


def write_files(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def pi_tree(folder: Path) -> Roots:
    """Write the tree below ``folder`` and return where the inputs find it."""
    write_files(folder / "proc", PROC)
    write_files(folder / "sys", SYS)
    write_files(folder / "etc", ETC)
    return Roots(proc=f"{folder}/proc", sys=f"{folder}/sys", etc=f"{folder}/etc", utmp=f"{folder}/utmp")


def utmp_record(kind: int, user: str, size_bytes: int) -> bytes:
    """Return one record of the list of logins, as the C library writes it."""
    head = struct.pack("=hxxi32s4s32s", kind, 1234, b"pts/0", b"ts/0", user.encode())
    return head.ljust(size_bytes, b"\0")
