"""The functions of a program: what each wants to be given, and how it is called.

Arguments are found by name and annotation: an option's name, a part of the topic, `Message`, the app
itself, and one more that gets the payload in the type that it is annotated with.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from heliograph.aio.workers import Workers
from heliograph.app.incoming.payloads import convert, decode
from heliograph.app.message import Message
from heliograph.app.options import Options
from heliograph.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a function and where it comes from."""

    name: str
    source: str
    """``option``, ``part``, ``message``, ``app`` or ``payload``."""
    annotation: Any


class Function:
    """A function of the user's: plain, ``async``, or a generator of either kind.

    Args:
        call: the function.
        thread: the thread in which a plain function is called; functions with one name are never in
            their calls at the same time.

    Raises:
        ConfigError: its annotations cannot be understood.
    """

    def __init__(self, call: Callable[..., Any], thread: str | None = None) -> None:
        self.call = call
        self.name = getattr(call, "__name__", type(call).__name__)
        self.thread = thread or self.name
        self._inner = call if inspect.isroutine(call) else type(call).__call__
        try:
            self._signature = inspect.signature(call)
            self._hints = typing.get_type_hints(self._inner, localns=_names_around(), include_extras=True)
        except (NameError, TypeError, ValueError) as error:
            raise ConfigError(f"the annotations of {self.where} cannot be understood: {error}") from error
        self.arguments: list[Argument] = []

    @property
    def where(self) -> str:
        """The function as one finds it: name, file and line."""
        code = getattr(inspect.unwrap(self.call), "__code__", None)
        return (
            f"{self.name}()" if code is None else f"{self.name}() ({code.co_filename}:{code.co_firstlineno})"
        )

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.call) or "").partition("\n")[0]

    @property
    def returns(self) -> Any:
        """The annotation of its result."""
        return self._hints.get("return")

    @property
    def payload_type(self) -> Any:
        """The type of payload that it wants; None if it wants none."""
        return next((a.annotation for a in self.arguments if a.source == "payload"), None)

    def bind(
        self, app_type: type, options: Collection[str], parts: Collection[str], *, payload: bool
    ) -> None:
        """Settle where each argument comes from.

        Raises:
            ConfigError: nobody knows what to give for one of them.
        """
        self.arguments = []
        for name, parameter in self._signature.parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            annotation = self._hints.get(name, Any)
            source = self._source(name, annotation, app_type, options, parts, payload=payload)
            if source is not None:
                self.arguments.append(Argument(name, source, annotation))
            elif parameter.default is parameter.empty:
                raise ConfigError(
                    f"{self.where}: nothing is known to give for the argument {name!r}; "
                    f"{self._possible(options, parts, payload=payload)}"
                )

    def _source(
        self,
        name: str,
        annotation: Any,
        app_type: type,
        options: Collection[str],
        parts: Collection[str],
        *,
        payload: bool,
    ) -> str | None:
        if name in parts:
            return "part"
        if annotation is Message:
            return "message" if payload else None
        if annotation is app_type:
            return "app"
        if name in options:
            return "option"
        if payload and all(argument.source != "payload" for argument in self.arguments):
            return "payload"
        return None

    def _possible(self, options: Collection[str], parts: Collection[str], *, payload: bool) -> str:
        possible = [f"the options {', '.join(options)}"] if options else []
        if payload:
            possible += [f"the parts {', '.join(parts)}"] if parts else []
            possible += ["one payload", "a Message"]
        return f"possible are {'; '.join([*possible, 'the App'])}"

    def given(self, app: Any, options: Options, message: Message | None = None) -> dict[str, Any]:
        """Return the arguments for a call.

        Raises:
            DecodeError: payload or topic do not have the form that the function asks for.
        """
        return {argument.name: self._value(argument, app, options, message) for argument in self.arguments}

    async def run(self, workers: Workers, arguments: Mapping[str, Any]) -> Any:
        """Call the function and return its result; a generator's are returned as a list.

        A plain function runs in its thread. After a cancel that goes on to its end.
        """
        if inspect.isasyncgenfunction(self._inner):
            return [result async for result in self.call(**arguments)]
        if inspect.iscoroutinefunction(self._inner):
            return await self.call(**arguments)
        if inspect.isgeneratorfunction(self._inner):
            return await workers.call(self.thread, lambda: list(self.call(**arguments)))
        result = await workers.call(self.thread, self.call, **arguments)
        return await result if inspect.isawaitable(result) else result

    def results(self, arguments: Mapping[str, Any]) -> Any:
        """Return an asynchronous generator function's results one by one; None if it is none."""
        return self.call(**arguments) if inspect.isasyncgenfunction(self._inner) else None

    @staticmethod
    def _value(argument: Argument, app: Any, options: Options, message: Message | None) -> Any:
        if argument.source == "option":
            return options[argument.name]
        if argument.source == "app" or message is None:
            return app
        if argument.source == "message":
            return message
        if argument.source == "part":
            wanted = argument.annotation
            text = message.parts[argument.name]
            return text if wanted in (Any, str) else _from_topic(text, wanted)
        return decode(message.payload, argument.annotation)


def _names_around() -> dict[str, Any]:
    """Return the local names where a function was declared, which annotations may mean as well."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("heliograph.app."):
        frame = frame.f_back
    return {} if frame is None else dict(frame.f_locals)


def _from_topic(text: str, wanted: Any) -> Any:
    """Return a level of a topic as what the function wants: a number, one of some words."""
    if wanted in (int, float, bool):
        return decode(text.encode(), wanted)
    return convert(text, wanted, "")
