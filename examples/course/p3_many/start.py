"""Start both listeners and several senders at once, each as a process of its own."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

FOLDER = Path(__file__).parent
ON_THE_WAY_S = 1.0
"""For what the senders said last."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="where the broker is (default: %(default)s)")
    parser.add_argument("--port", type=int, default=1883, help="its port (default: %(default)s)")
    parser.add_argument(
        "--senders", type=int, default=3, help="how many boards to play (default: %(default)s)"
    )
    parser.add_argument(
        "--interval", type=float, default=1.0, help="seconds between two (default: %(default)s)"
    )
    parser.add_argument("--count", type=int, default=0, help="values of each board (default: until Ctrl-C)")
    return parser.parse_args()


def start(stack: ExitStack, program: str, *options: str) -> subprocess.Popen[str]:
    """Start one of the programs beside this one; it ends at the latest when the stack does."""
    command = [sys.executable, str(FOLDER / program), *options]
    process = stack.enter_context(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    stack.callback(process.terminate)
    return process


def wait_until_it_listens(program: str, listener: subprocess.Popen[str]) -> None:
    said = listener.stderr.readline() if listener.stderr is not None else ""
    if "listens" not in said:
        sys.exit(f"{program}: {said.strip() or 'it ended'}")
    print(said.strip(), file=sys.stderr, flush=True)


def main() -> None:
    options = arguments()
    broker = ("--host", options.host, "--port", str(options.port))
    pace = ("--interval", str(options.interval), "--count", str(options.count))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM ends everything as Ctrl-C does
    failed: list[str] = []
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        for program in ("table.py", "alarm.py"):
            wait_until_it_listens(program, start(stack, program, *broker))
        senders = [
            start(
                stack, "sender.py", *broker, *pace, "--name", f"pi{number}", "--middle", str(20 + 2 * number)
            )
            for number in range(1, options.senders + 1)
        ]
        failed = [said for sender in senders if (said := sender.communicate()[1]) and sender.returncode > 0]
        time.sleep(ON_THE_WAY_S)
    sys.exit("".join(failed) or None)


if __name__ == "__main__":
    main()
