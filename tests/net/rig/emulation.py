"""Programs for 64-bit ARM on this machine: qemu runs each of them, told so to the kernel for a while."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.net.rig.lan import DIES_WITH_US

ARCHITECTURE: Final = "arm64"
_QEMU: Final = "qemu-aarch64-static"
# The head of an ELF file for aarch64, and which bits of it count. O, C and F: with the rights of the program,
# and from the qemu that is opened now, so that a board needs none.
_MAGIC: Final = r"\x7fELF\x02\x01\x01" + r"\x00" * 9 + r"\x02\x00\xb7\x00"
_MASK: Final = r"\xff" * 7 + r"\x00" + r"\xff" * 8 + r"\xfe\xff\xff\xff"
# The kernel forgets it with the mount, which is that of this process alone.
_HOLD: Final = """
mount --make-rprivate /
mount -t binfmt_misc binfmt_misc /mnt
printf '%s' ":heliograph-arm64:M::$1:$2:$3:OCF" > /mnt/register
echo ready
exec sleep infinity
"""


def why_not() -> str:
    """Return why this machine cannot run such programs; empty if it can."""
    missing = [program for program in (_QEMU, "arch-test") if shutil.which(program) is None]
    return f"{', '.join(missing)} is missing (make test-boards-arm64 installs it)" if missing else ""


@contextmanager
def emulated() -> Iterator[None]:
    """Have them run for as long as the block lasts."""
    qemu = shutil.which(_QEMU)
    assert qemu is not None
    command = [*DIES_WITH_US, "unshare", "--mount", "sh", "-ec", _HOLD, "sh", _MAGIC, _MASK, qemu]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "ready\n", "the kernel takes no other programs"
            yield
        finally:
            holder.kill()
