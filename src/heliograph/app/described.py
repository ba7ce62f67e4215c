"""What a program does, without running it: for people, for a form on the page, for ``helio app check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heliograph.app.calls.functions import Function
from heliograph.app.declared import On
from heliograph.app.incoming.commands import is_command
from heliograph.app.incoming.topics import fill
from heliograph.app.outgoing.points import Output

if TYPE_CHECKING:
    from heliograph.app.app import App


def described(app: App) -> dict[str, Any]:
    """Return an app's options, what it publishes and what it listens to, JSON-ready."""
    functions = app.declared
    publishes = [
        {"every": str(every.period), **_output(app, every.function, every.output)}
        for every in functions.every
    ]
    publishes += [_output(app, function, output) for function, output in functions.tasks]
    return {
        "app": app.name,
        "device": app.device,
        "description": app.description,
        "options": [option.describe(app.name) for option in app.declared_options.values()],
        "publishes": publishes,
        "listens": [_on(app, on) for on in functions.on],
        "presence": fill(app.presence, device=app.device, app=app.name),
        "config": f"cmd/{app.device}/{app.name}/config",
    }


def _output(app: App, function: Function, output: Output) -> dict[str, Any]:
    where = (
        {"topic": fill(output.topic, device=app.device, app=app.name)}
        if output.topic
        else {"topic": f"tel/{app.device}/{app.name}", "measurement": output.measurement or app.name}
    )
    return {"function": function.name, "help": function.summary, **where, "qos": output.qos}


def _on(app: App, on: On) -> dict[str, Any]:
    pattern = on.pattern(app.device, app.name)
    kind = "command" if is_command(pattern.text) else "message"
    return {
        "function": on.function.name,
        "help": on.function.summary,
        "kind": kind,
        "filter": pattern.topic_filter,
        "qos": on.qos,
        "queue": on.queue,
        "full": on.full,
    }
