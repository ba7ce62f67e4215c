"""The files of a new app."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from string import Template
from typing import Final

_PROGRAM: Final = '''\
"""$name: what it measures, in one sentence."""

import random

from heliograph import App, Fields, duration

app = App("$name", description="Measures, and switches a fan.")
app.option("--interval", type=duration, default="1s", help="time between two values")
app.option("--simulate", type=bool, help="invent values: no sensor is needed")


@app.start
def open_sensor(simulate: bool) -> None:
    """Make the sensor ready; the app does not start if this fails."""
    if not simulate:
        raise RuntimeError("there is no sensor yet: write open_sensor and climate, or start with --simulate")


@app.every("{interval}")
def climate() -> Fields:
    """Measure once. What is returned becomes a point of this device."""
    return {"temperature": 20 + random.random(), "humidity": 45 + random.random()}


@app.command("fan")
def fan(speed: float) -> Fields:
    """Set the fan: cmd/<device>/$name/fan with a number from 0 to 1. What is returned is the answer."""
    if not 0 <= speed <= 1:
        raise ValueError(f"the speed is from 0 to 1, {speed} came")
    app.state["speed"] = speed  # it is on disk when this line is done
    return {"speed": speed}


if __name__ == "__main__":
    app.run()
'''

_TEST: Final = '''\
"""Tests of $name: no broker, no sensor, no waiting."""

import pytest
from $module import app

from heliograph.errors import HubError
from heliograph.testing import AppTest


def test_a_value_each_second() -> None:
    with AppTest(app, simulate=True) as test:
        test.advance("1m")
        assert len(test.points) == 61
        assert 20 <= test.points[0].fields["temperature"] <= 21


def test_the_hub_may_change_the_interval() -> None:
    with AppTest(app, simulate=True) as test:
        test.configure(interval="10s")
        before = len(test.points)
        test.advance("1m")
        assert len(test.points) - before in (6, 7)


def test_nothing_is_lost_while_the_broker_is_away(tmp_path) -> None:
    with AppTest(app, folder=tmp_path, simulate=True) as test:
        test.disconnect()
        test.advance("1h")
        test.connect()
        test.advance("1s")
        assert len(test.points) == 3602


def test_the_fan() -> None:
    with AppTest(app, simulate=True) as test:
        assert test.command("fan", 0.5) == {"speed": 0.5}
        assert app.state["speed"] == 0.5
        with pytest.raises(HubError, match="from 0 to 1"):
            test.command("fan", 7)
'''

_README: Final = """\
# $name

```sh
pip install heliograph
python $module.py --simulate              # runs; --help shows all options
helio app check $module.py --offline      # says what it would do
python -m pytest                          # needs: pip install pytest
```

Options stand on the command line, in variables such as `${VARIABLE}_INTERVAL`, or in `$name.toml`
(`--config $name.toml`). The broker is the one on this machine, or `--hub HOST`.

As a service that starts with the machine:

```sh
sudo cp $name.service /etc/systemd/system/
sudo systemctl enable --now $name
journalctl -fu $name
```
"""

_SERVICE: Final = """\
[Unit]
Description=$name
After=network.target

[Service]
User=$user
WorkingDirectory=$folder
ExecStart=$python $folder/$module.py --config $folder/$name.toml
Restart=on-failure
RestartSec=5
TimeoutStopSec=20

[Install]
WantedBy=multi-user.target
"""

_TOML: Final = """\
# Options of $name; what stands on the command line or in variables wins.
interval = "1s"
simulate = true
"""


def files(name: str, module: str, folder: Path) -> dict[str, str]:
    """Return the files of a new app by name."""
    known = {
        "name": name,
        "module": module,
        "VARIABLE": module.upper(),
        "user": getpass.getuser(),
        "folder": str(folder),
        "python": sys.executable,
    }
    texts = {
        f"{module}.py": _PROGRAM,
        f"test_{module}.py": _TEST,
        "README.md": _README,
        f"{name}.service": _SERVICE,
        f"{name}.toml": _TOML,
    }
    return {file: Template(text).substitute(known) for file, text in texts.items()}
