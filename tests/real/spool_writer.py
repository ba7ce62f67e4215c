"""Writes to a spool and says what is promised: run as a program that a power cut ends.

``python -m tests.real.spool_writer FOLDER``
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from heliograph.transport.spool.clocks import system_clocks
from heliograph.transport.spool.record import Record
from heliograph.transport.spool.spool import Spool

RECORDS = 400
AT_ONCE = 7
"""Records between two flushes."""


def main(folder: Path) -> None:
    """Write records, and print after each flush how many are safe and when that was."""
    print(os.getpid(), flush=True)  # noqa: T201 - the test reads it
    now = system_clocks()
    spool = Spool(folder, max_bytes=1_000_000, segment_bytes=10_000, clocks=now)
    for number in range(RECORDS):
        payload = b"round n=%di %d\n" % (number, now().wall_ns) * 20
        spool.append(Record("tel/pi/lp", payload, now(), points=True))
        if number % AT_ONCE == AT_ONCE - 1:
            spool.sync()
            print(number + 1, time.time(), flush=True)  # noqa: T201 - the test reads it
    time.sleep(60)  # until it is killed


if __name__ == "__main__":
    main(Path(sys.argv[1]))
