"""A Python environment on a board, made of the wheels that the laptop brought."""

from __future__ import annotations

from typing import Final

from heliograph.board.setup.context import Context
from heliograph.board.setup.steps import Step, packages

ROOT: Final = "/opt/heliograph"


def environment(context: Context, name: str) -> list[Step]:
    """Return the steps after which ``/opt/heliograph/NAME`` is an environment of exactly these wheels.

    It is made beside the one that is in use, and takes its place in one step: when the link is cut, or the
    power, the old one still works.
    """
    new, link = f"{ROOT}/{name}-{context.environment}", f"{ROOT}/{name}"
    requirements = "\n".join(sorted(wheel.requirement for wheel in context.wheels))
    pip = f"{new}/bin/python -m pip install -q --no-index --no-deps --no-compile --require-hashes"
    made = Step(
        f"Python environment {name}",
        f"[ -e {new}/.whole ]",
        f"rm -rf {new}\nmkdir -p {ROOT}\npython3 -m venv {new}\n"
        f"{pip} --disable-pip-version-check --find-links '{context.wheel_folder}' -r /dev/stdin <<'END'\n"
        f"{requirements}\nEND\n{new}/bin/python -m compileall -q {new}/lib >/dev/null || true\n"
        f"touch {new}/.whole",
        f"echo {len(context.wheels)} wheels, Python {context.facts.python_text}",
    )
    taken = Step(
        f"{link} is this environment",
        f'[ "$(readlink {link})" = {new} ]',
        f"ln -sfn {new} {link}.new\nmv -Tf {link}.new {link}\n"
        f'for old in {ROOT}/{name}-*; do [ "$old" = {new} ] || rm -rf "$old"; done',
    )
    needed = [] if context.facts.has_venv else [packages("python3-venv")]
    return [*needed, made, taken]


def no_environment(name: str) -> list[Step]:
    """Return the steps after which there is no such environment."""
    link = f"{ROOT}/{name}"
    gone = Step(
        f"no Python environments {name}",
        f"! ls -d {link}-* {link} >/dev/null 2>&1",
        f"rm -rf {link} {link}-*\nrmdir {ROOT} 2>/dev/null || true",
        f"echo remove {link}",
    )
    return [gone]
