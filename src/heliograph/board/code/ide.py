"""Files that let an editor debug a program on a board: VS Code, PyCharm, Eclipse with PyDev."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from heliograph.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Place:
    """Where a project is on both machines."""

    board: str
    remote_root: str
    port: int
    name: str


def vscode(root: Path, place: Place) -> dict[str, str]:
    """Return ``launch.json`` and ``tasks.json`` with an entry for this board; other entries stay.

    Raises:
        ConfigError: a file that is there cannot be read, or has comments, which would be lost.
    """
    title, task = f"Board: {place.board}", f"board: debug {place.board}"
    launch = {
        "name": title,
        "type": "debugpy",
        "request": "attach",
        "connect": {"host": "127.0.0.1", "port": place.port},
        "justMyCode": True,
        "preLaunchTask": task,
        "pathMappings": [{"localRoot": "${workspaceFolder}", "remoteRoot": place.remote_root}],
    }
    background = {
        "label": task,
        "type": "process",
        "command": "helio",
        "args": ["board", "debug", place.board, "--port", str(place.port)],
        "isBackground": True,
        "presentation": {"panel": "dedicated"},
        "problemMatcher": {
            "pattern": {"regexp": "^(.+):(\\d+): (.+)$", "file": 1, "line": 2, "message": 3},
            "background": {
                "activeOnStart": True,
                "beginsPattern": "^(.*) written, ",
                "endsPattern": "^debugger ready on ",
            },
        },
    }
    return {
        ".vscode/launch.json": _merged(
            root / ".vscode/launch.json", "0.2.0", "configurations", "name", launch
        ),
        ".vscode/tasks.json": _merged(root / ".vscode/tasks.json", "2.0.0", "tasks", "label", background),
    }


def _merged(path: Path, version: str, key: str, title: str, entry: dict[str, Any]) -> str:
    """Return a file of VS Code with this entry in place of the one of its title."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else json.dumps({"version": version})
        tree = json.loads(text)
        entries = [one for one in tree.get(key, []) if one.get(title) != entry[title]]
    except (OSError, ValueError, AttributeError) as error:
        raise ConfigError(
            f"is there and not plain JSON ({error}), so nothing was written; add this to its {key} by hand:\n"
            f"{json.dumps(entry, indent=2)}",
            path=path,
        ) from error
    return json.dumps(tree | {key: [*entries, entry]}, indent=2) + "\n"


_PYCHARM: Final = """\
<component name="ProjectRunConfigurationManager">
  <configuration default="false" name={title} type="PyRemoteDebugConfigurationType"
                 factoryName="Python Remote Debug">
    <module name={name} />
    <option name="PORT" value="{port}" />
    <option name="HOST" value="127.0.0.1" />
    <PathMappingSettings>
      <option name="pathMappings">
        <list>
          <mapping local-root="$PROJECT_DIR$" remote-root={remote} />
        </list>
      </option>
    </PathMappingSettings>
    <option name="REDIRECT_OUTPUT" value="true" />
    <option name="SUSPEND_AFTER_CONNECT" value="false" />
    <method v="2" />
  </configuration>
</component>
"""


def pycharm(_root: Path, place: Place) -> dict[str, str]:
    """Return a run configuration: the debug server to which ``helio board debug --pydevd`` connects back."""
    text = _PYCHARM.format(
        title=quoteattr(f"Board: {place.board}"),
        name=quoteattr(place.name),
        port=place.port,
        remote=quoteattr(place.remote_root),
    )
    return {f".idea/runConfigurations/Board_{_word(place.board)}.xml": text}


_PROJECT: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<projectDescription>
  <name>{name}</name>
  <buildSpec>
    <buildCommand><name>org.python.pydev.PyDevBuilder</name></buildCommand>
  </buildSpec>
  <natures><nature>org.python.pydev.pythonNature</nature></natures>
</projectDescription>
"""
_PYDEV: Final = """\
<?xml version="1.0" encoding="UTF-8"?>
<?eclipse-pydev version="1.0"?>
<pydev_project>
  <pydev_pathproperty name="org.python.pydev.PROJECT_SOURCE_PATH">
    <path>/${{PROJECT_DIR_NAME}}</path>
  </pydev_pathproperty>
  <pydev_property name="org.python.pydev.PYTHON_PROJECT_VERSION">python interpreter</pydev_property>
  <pydev_property name="org.python.pydev.PYTHON_PROJECT_INTERPRETER">Default</pydev_property>
</pydev_project>
"""
_TOOL: Final = """\
<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<launchConfiguration type="org.eclipse.ui.externaltools.ProgramLaunchConfigurationType">
  <stringAttribute key="org.eclipse.ui.externaltools.ATTR_LOCATION" value="${{system_path:helio}}"/>
  <stringAttribute key="org.eclipse.ui.externaltools.ATTR_TOOL_ARGUMENTS" value={arguments}/>
  <stringAttribute key="org.eclipse.ui.externaltools.ATTR_WORKING_DIRECTORY"
                   value="${{project_loc:/{name}}}"/>
</launchConfiguration>
"""


def pydev(root: Path, place: Place) -> dict[str, str]:
    """Return Eclipse's project files where they are missing, and an external tool that starts debugging."""
    arguments = quoteattr(f"board debug {place.board} --pydevd 127.0.0.1:{place.port}")
    files = {
        ".project": _PROJECT.format(name=place.name),
        ".pydevproject": _PYDEV.format(),
    }
    missing = {name: text for name, text in files.items() if not (root / name).exists()}
    return missing | {
        f"board-{_word(place.board)}.launch": _TOOL.format(arguments=arguments, name=place.name)
    }


def _word(board: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in board)


EDITORS: Final[dict[str, Callable[[Path, Place], dict[str, str]]]] = {
    "vscode": vscode,
    "pycharm": pycharm,
    "pydev": pydev,
}
NEXT: Final = {
    "vscode": 'choose "Board: {board}" under Run and Debug, and press F5',
    "pycharm": 'start "Board: {board}", then: helio board debug {board} --pydevd {port}'
    " --wheel pydevd_pycharm-….whl of your PyCharm's version",
    "pydev": "start the debug server (Debug perspective, Pydev menu) on port {port}, then the external tool",
}
"""What is to be done in each of them."""
