"""The package without extras, as a board installs it: light, complete, and able to reach a broker.

The wheel is built and installed with pip into an environment of its own, from the pinned dependencies,
so this test needs the package registry.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import nats
import pytest

from tests.real.nats_process import NatsProcess

ROOT = Path(__file__).resolve().parents[2]
HEAVY = [
    "duckdb",
    "httptools",
    "nanoarrow",
    "nats",
    "starlette",
    "uvicorn",
    "uvloop",
    "websockets",
    "zstandard",
]


IMPORT_DEVICE_PART = """
import importlib, pkgutil
import heliograph
packages = ["model", "codec", "config", "aio", "inputs", "agent", "app", "testing", "transport.spool"]
packages += ["cli.mqtt", "cli.questions", "cli.importing"]
commands = ["main", "agent", "app", "app_template", "bench", "clear", "config", "context", "demo", "import"]
commands += ["pub", "query", "replay", "rr", "sub"]
modules = ["errors", "public", "transport.mqtt", "transport.mqtt_client"]
modules += [f"cli.{name}" for name in commands]
names = [f"heliograph.{name}" for name in packages + modules]
for name in packages:
    package = importlib.import_module(f"heliograph.{name}")
    names += [found.name for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(len(names), "modules from", heliograph.__file__)
"""


def run(*command: str | Path, folder: Path | None = None, variables: dict[str, str] | None = None) -> str:
    """Run a command to its end and return what it printed; it must exit with 0."""
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=folder,
        env=os.environ | (variables or {}),
    )
    assert done.returncode == 0, f"{command} exited with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, so that nothing is left behind in the work tree, and nothing of it is used."""
    copy = tmp_path_factory.mktemp("sources")
    for entry in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / entry, copy)
    made = shutil.ignore_patterns("__pycache__", "*.egg-info", "*.so", "native.c")
    shutil.copytree(ROOT / "src", copy / "src", ignore=made)
    return copy


def build(sources: Path, target: Path, **variables: str) -> Path:
    pip_wheel: list[str | Path] = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    shutil.rmtree(sources / "build", ignore_errors=True)
    run(*pip_wheel, "--wheel-dir", target, sources, variables=variables)
    (built,) = target.glob("*.whl")
    return built


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel for every machine."""
    return build(sources, tmp_path_factory.mktemp("dist"), HELIO_PURE="1")


@pytest.fixture(scope="module")
def device(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` folder of a fresh environment with the bare package."""
    folder = tmp_path_factory.mktemp("device")
    run(sys.executable, "-m", "venv", folder)
    pip: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "--quiet",
        "--disable-pip-version-check",
        "install",
    ]
    run(*pip, "--require-hashes", "-r", ROOT / "constraints-device.txt")
    # --no-index: what the wheel asks for must be what is pinned, or this fails.
    run(*pip, "--no-index", wheel)
    return folder / "bin"


@dataclass
class LoneAgent:
    """A ``helio agent`` process: what arrives from it, and how it ended."""

    batches: AsyncIterator[str]
    status: int | None = None


@asynccontextmanager
async def agent(device: Path, broker: NatsProcess) -> AsyncIterator[LoneAgent]:
    """An agent that publishes to the broker each second, stopped as a service manager does."""
    client = await nats.connect(f"nats://{broker.host}:{broker.port}")
    try:
        received = await client.subscribe("tel.bare.lp")
        await client.flush()
        hub = f"{broker.host}:{broker.mqtt_port}"
        options = ["--hub", hub, "--interval", "1s", "--host-name", "bare"]
        process = await asyncio.create_subprocess_exec(device / "helio", "agent", *options)
        lone = LoneAgent(message.data.decode() async for message in received.messages)
        try:
            yield lone
        finally:
            process.send_signal(signal.SIGTERM)
            lone.status = await process.wait()
    finally:
        await client.close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[NatsProcess]:
    with NatsProcess(tmp_path) as process:
        yield process


def test_the_wheel_runs_anywhere_and_holds_the_page_and_the_types(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    inside = names(wheel)
    with zipfile.ZipFile(wheel) as archive:
        licence = next(name for name in inside if name.endswith("licenses/LICENSE"))
        digest = hashlib.sha256(archive.read(licence)).hexdigest()
    assert "heliograph/py.typed" in inside
    assert "heliograph/page/index.html" in inside, "run make up or make test, which build the page"
    assert any(name.startswith("heliograph/page/assets/") and name.endswith(".js") for name in inside)
    assert digest == hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert not [name for name in inside if name.startswith(("tests", "setup")) or "__pycache__" in name]


def test_without_a_compiler_the_wheel_is_the_one_for_every_machine(
    sources: Path, wheel: Path, tmp_path: Path
) -> None:
    built = build(sources, tmp_path, CC="/bin/false", CXX="/bin/false")
    assert built.name == wheel.name
    assert names(built) == names(wheel)


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_with_a_compiler_the_wheel_has_the_native_parts_and_is_for_this_platform(
    sources: Path, wheel: Path, tmp_path: Path
) -> None:
    pytest.importorskip("Cython", reason="there is no Cython")
    built = build(sources, tmp_path)
    assert not built.name.endswith("-any.whl")
    native = sorted(name for name in names(built) - names(wheel) if ".dist-info/" not in name)
    parts = ["api/json_text", "codec/lineprotocol", "query/memory", "store/hot"]
    assert [name.partition(".")[0] for name in native] == [f"heliograph/{part}/native" for part in parts]
    choice = (
        "from heliograph.codec.lineprotocol.parser import PARSER; from heliograph.store.hot import columns;"
        "print(PARSER, columns.chosen.__name__.rpartition('.')[2])"
    )
    with zipfile.ZipFile(built) as archive:
        archive.extractall(tmp_path)
    for asked, came in {"": "native", "python": "python"}.items():
        variables = {"PYTHONPATH": ".", "HELIO_PARSER": asked}
        printed = run(sys.executable, "-c", choice, folder=tmp_path, variables=variables)
        assert printed.split() == [came, came]


def test_the_heavy_parts_are_not_there(device: Path) -> None:
    find = f"import importlib.util as u; print([n for n in {HEAVY} if u.find_spec(n)])"
    assert run(device / "python", "-I", "-c", find).strip() == "[]"


def test_every_module_of_the_device_part_imports(device: Path, tmp_path: Path) -> None:
    printed = run(device / "python", "-I", "-c", IMPORT_DEVICE_PART, folder=tmp_path)
    assert str(device.parent) in printed, "another heliograph was imported"


def test_the_agent_loads_no_parser_and_the_hub_the_one_in_python(device: Path) -> None:
    loaded = "[name for name in sys.modules if name.startswith('heliograph.codec.lineprotocol.')]"
    code = f"import sys, heliograph.agent.run; print(*{loaded})"
    printed = run(device / "python", "-I", "-c", code)
    assert {module.rpartition(".")[2] for module in printed.split()} == {"format", "parsed"}
    code = "from heliograph.codec.lineprotocol.parser import PARSER; print(PARSER)"
    assert run(device / "python", "-I", "-c", code).strip() == "python"


def test_help_names_every_command(device: Path) -> None:
    printed = run(device / "helio", "--help")
    assert all(command in printed for command in ("up", "agent", "demo", "config"))


def test_one_round_prints_line_protocol(device: Path) -> None:
    printed = run(device / "helio", "agent", "--once")
    lines = [line for line in printed.splitlines() if not line.startswith("#")]
    assert all(re.match(r"[a-z_]+,\S*host=\S+ \S+=.* \d{19}$", line) for line in lines)
    assert {"cpu", "mem", "system"} <= {line.split(",")[0] for line in lines}


def test_a_command_of_the_hub_says_what_to_install(device: Path) -> None:
    done = subprocess.run([device / "helio", "up"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert "heliograph[hub]" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_lone_agent_publishes_round_after_round(device: Path, broker: NatsProcess) -> None:
    async with asyncio.timeout(120), agent(device, broker) as process:
        batches = [await anext(process.batches) for _ in range(3)]
    marks = [re.match(r"#helio boot=([0-9a-f]+) seq=(\d+)\n", batch) for batch in batches]
    assert all(marks), batches
    numbers = [int(mark[2]) for mark in marks if mark]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    assert len({mark[1] for mark in marks if mark}) == 1
    assert re.search(r"^mem,\S*host=bare\S* ", batches[1], re.MULTILINE)
    assert process.status == 0, "SIGTERM is how services are stopped: no failure"


def test_a_device_program_is_begun_and_checked(device: Path, tmp_path: Path) -> None:
    run(device / "helio", "app", "new", "shed", "--folder", tmp_path / "shed")
    program = tmp_path / "shed" / "shed.py"
    printed = run(
        device / "helio", "app", "check", program, "--offline", "--once", "--simulate", "--device", "pi"
    )
    assert "every 1s ({interval}) climate() -> tel/pi/shed as shed, QoS 1" in printed
    assert re.search(r"^shed,host=pi temperature=\S+,humidity=\S+ \d{19}$", printed, re.MULTILINE)
    assert "--interval" in run(device / "python", program, "--help")
