"""Options that the hub changes while an app runs, by a retained message to ``cmd/<device>/<app>/config``.

The message is an object with the options to set; it replaces the one before, and an empty one takes all
back. It is checked as a whole before anything changes, answered, and shown on ``sta/<device>/<app>/options``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.app.message import Message
from heliograph.app.options import Option, Options, jsonable, nearest
from heliograph.app.state import State
from heliograph.errors import ConfigError, MessageError


class RemoteOptions:
    """The options as they are without the hub, and what it has set.

    Args:
        declared: the app's options by name.
        own: their values from defaults, file, variables and arguments.
        kept: where what the hub has set outlasts a restart without a connection.
    """

    def __init__(self, declared: Mapping[str, Option], own: Mapping[str, Any], kept: State) -> None:
        self._declared = declared
        self._own = dict(own)
        self._kept = kept

    def restore(self, options: Options) -> None:
        """Set what the hub had set before this start, as far as the program still takes it."""
        for name, value in self._kept.items():
            option = self._declared.get(name)
            if option is not None and option.remote and not option.secret:
                try:
                    options.replace({name: option.from_value(value)})
                except ConfigError:
                    continue  # the program's options have changed; the hub sends its message again anyway

    def read(self, message: Message) -> dict[str, Any]:
        """Return the values that a message asks for.

        Raises:
            MessageError: it is no object of options that may be set; nothing is changed then.
        """
        wanted = message.json() if message.payload.strip() else {}
        if not isinstance(wanted, dict):
            raise MessageError(f"an object with options was expected, {message.text[:80]!r} came")
        return {
            name.replace("-", "_"): self._value(name.replace("-", "_"), each) for name, each in wanted.items()
        }

    def apply(self, wanted: Mapping[str, Any], options: Options) -> dict[str, Any]:
        """Set what a message asks for, all else as it was without the hub; return what changed."""
        kept = {name: jsonable(value) for name, value in wanted.items()}
        for name in [name for name in self._kept if name not in kept]:
            del self._kept[name]
        for name, value in kept.items():
            self._kept[name] = value
        return options.replace(self._own | dict(wanted))

    def form(self, app_name: str, options: Options, error: str | None = None) -> dict[str, Any] | None:
        """Return what a form for the options shows, JSON-ready; None where none can be set from the hub.

        Each option is as `Option.describe` tells it, with its ``value`` now, and with ``set`` where the hub
        has set it. ``error`` is what was wrong with the last message.
        """
        listed = [
            option.describe(app_name) | {"value": jsonable(options[name]), "set": name in self._kept}
            for name, option in self._declared.items()
            if option.remote and not option.secret
        ]
        return {"options": listed, "error": error} if listed else None

    def _value(self, name: str, value: Any) -> Any:
        option = self._declared.get(name)
        if option is None:
            raise MessageError(f'unknown option "{name}"; {nearest(name, self._declared)}')
        if option.secret or not option.remote:
            raise MessageError(f'the option "{name}" cannot be set from the hub')
        try:
            return option.from_value(value)
        except ConfigError as error:
            raise MessageError(f"{name}: {error}") from error
