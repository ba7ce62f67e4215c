"""One board: a Debian that systemd has booted, on a card that is thrown away with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from tests.net.rig.image import PASSWORD, USER
from tests.net.rig.lan import DIES_WITH_US, LAPTOP, NAME_SERVER, NET, Lan, wait_until
from tests.net.rig.memory import MemoryLimit

_MAKERS: Final = ("dc:a6:32", "b8:27:eb", "00:1e:06")
"""Raspberry Pi of two ages, and Odroid."""
_BOOT: Final = r"""
set -eu
base=$1 card=$2 size=$3 name=$4
mount --make-rprivate /
mkdir -p "$card"
[ "$size" = disk ] || mount -t tmpfs -o "size=$size" tmpfs "$card"
mkdir "$card/upper" "$card/work" "$card/root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$card/upper,workdir=$card/work" "$card/root"
cd "$card/root"
ssh-keygen -q -t ed25519 -N '' -C "root@$name" -f etc/ssh/ssh_host_ed25519_key
echo "$name" > etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" > etc/hosts
rm -f etc/resolv.conf
echo 'nameserver NAME_SERVER' > etc/resolv.conf
mount -t tmpfs tmpfs /run/systemd 2>/dev/null || { mkdir -p /run/systemd; mount -t tmpfs tmpfs /run/systemd; }
mkdir -p /run/systemd/nspawn
fuse=
[ ! -e /dev/fuse ] || fuse=--bind=/dev/fuse
echo ready
read -r go
while :; do
  status=0
  env UNIFIED_CGROUP_HIERARCHY=1 SYSTEMD_NSPAWN_LOCK=0 \
    systemd-nspawn --quiet --boot --directory="$card/root" --machine="$name" --hostname="$name" \
    --register=no --keep-unit --network-namespace-path=/proc/1/ns/net --resolv-conf=off --timezone=off \
    --console=pipe --link-journal=no $fuse </dev/null || status=$?
  # 133 says that the board asked for a reboot; what a power cycle leaves is another one.
  [ "$status" = 133 ] || [ -e "$card/power" ] || break
  rm -f "$card/power"
done
""".replace("NAME_SERVER", NAME_SERVER)


class RigBoard:
    """A board with its own address, MAC and host key; nobody but the tests has logged in on it.

    Args:
        lan: the network that it is plugged into.
        base: the root folder that its card begins with.
        folder: for its console log.
        number: 1 to 200; from it come name, address and MAC.
        card: the size of its card, as tmpfs takes it; ``disk`` lays it on the disk, so that it is no memory.
        name: what it calls itself.
        memory: how much it has, in bytes; 0 for as much as this machine.
    """

    user = USER
    password = PASSWORD

    def __init__(
        self,
        lan: Lan,
        base: Path,
        folder: Path,
        number: int,
        *,
        card: str = "4G",
        name: str = "",
        memory: int = 0,
    ) -> None:
        self.name = name or f"board{number}"
        self._memory = MemoryLimit(f"heliograph-rig-{os.getpid()}-{number}", memory) if memory else None
        self.address = f"{NET}.{10 + number}"
        self.mac = f"{_MAKERS[number % 3]}:77:00:{number:02x}"
        self.log = folder / f"{self.name}.log"
        self._lan = lan
        self._base = base
        self._card = folder / self.name
        self._card_size = card
        self._port = f"v{number}"
        self._process: subprocess.Popen[str] | None = None
        self._is_offline = False

    def __enter__(self) -> Self:
        self.power_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.throw_away()

    def power_on(self) -> None:
        """Boot it, and wait until it answers by SSH."""
        self._boot()
        self.wait_ssh()

    def throw_away(self) -> None:
        """End all of its processes; its card and its network go with them."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(120)
            for stream in (self._process.stdin, self._process.stdout):
                with suppress(OSError):
                    assert stream is not None
                    stream.close()
            self._process = None
            if self._memory is not None:
                self._memory.end()
            shutil.rmtree(self._card, ignore_errors=True)  # of a tmpfs only the empty place is left
            if self._is_offline:  # the next board has its address
                self.go_online()
            # The kernel takes its time with the namespace, and the port's name is needed for the next card.
            self._lan.run("sh", "-c", f"ip link delete {self._port} 2>&1 || true")

    def flash_anew(self) -> None:
        """Put another card in: all is as on the first day, and the host key is another one."""
        self.throw_away()
        self.power_on()

    def power_cycle(self) -> None:
        """Cut the power and give it back; what was written to the card stays."""
        (Path(f"/proc/{self._inner()}/root") / str(self._card).lstrip("/") / "power").touch()
        subprocess.run(["kill", "-KILL", str(self._init())], check=True)
        wait_until(lambda: not self.answers_ssh(), f"{self.name} is off")
        self.wait_ssh()

    def run(self, *command: str, check: bool = True, stdin: str = "") -> str:
        """Run a command on it as root, without SSH; returns what it printed."""
        target = f"--target={self._init()}"
        inside = ["nsenter", target, "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd=/"]
        environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"]
        done = subprocess.run(
            [*inside, *environment, *command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def cut(self) -> None:
        """Pull its network cable."""
        self._lan.run("ip", "link", "set", self._port, "down")

    def heal(self) -> None:
        """Plug the cable in again."""
        self._lan.run("ip", "link", "set", self._port, "up")

    def go_offline(self) -> None:
        """Keep the LAN, lose the internet."""
        self._is_offline = True
        self._lan.run("nft", "add", "element", "inet", "rig", "offline", f"{{ {self.address} }}")

    def go_online(self) -> None:
        """Have the internet again."""
        self._is_offline = False
        self._lan.run("nft", "delete", "element", "inet", "rig", "offline", f"{{ {self.address} }}")

    def answers_ssh(self) -> bool:
        """Say whether its SSH server shows its first line."""
        look = f"exec 3<>/dev/tcp/{self.address}/22; read -t 2 -r line <&3; [[ $line == SSH-* ]]"
        inside = ["nsenter", f"--net={self._lan.path}", "timeout", "2", "bash", "-c", look]
        return subprocess.run(inside, capture_output=True, check=False).returncode == 0

    def wait_ssh(self) -> None:
        """Wait until it answers by SSH."""

        def answers() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, f"{self.name} died:\n{self.log.read_text()[-2000:]}"
            return self.answers_ssh()

        wait_until(answers, f"{self.name} answers by SSH", within=120)

    def _boot(self) -> None:
        alone = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]
        script = ["sh", "-c", _BOOT, "board", str(self._base), str(self._card), self._card_size, self.name]
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [*DIES_WITH_US, *alone, *script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line == "ready\n", f"{self.name}: {self.log.read_text()}"
        if self._memory is not None:
            self._memory.hold(self._inner())
        self._plug_in()
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def _plug_in(self) -> None:
        assert self._process is not None
        pid = str(self._process.pid)
        peer = ["peer", "name", "eth0", "address", self.mac, "netns", pid]
        self._lan.run("ip", "link", "add", self._port, "type", "veth", *peer)
        self._lan.run("ip", "link", "set", self._port, "master", "br0", "up")
        inside = ["nsenter", f"--target={pid}", "--net", "sh", "-ec"]
        commands = f"ip link set lo up; ip link set eth0 up; ip addr add {self.address}/24 dev eth0"
        subprocess.run([*inside, f"{commands}; ip route add default via {LAPTOP}"], check=True, timeout=120)

    def _inner(self) -> int:
        """Return the shell that holds the board's mounts."""
        assert self._process is not None
        return _children(self._process.pid)[0]

    def _init(self) -> int:
        """Return the board's own first process: below the shell and nspawn."""
        return _children(_children(self._inner())[0])[0]


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
