"""What rules do: a line in the log, a message, a webhook, an e-mail, ntfy, a function in Python."""

from __future__ import annotations

import asyncio
import json
import logging
import platform
import smtplib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Final

from heliograph.config.tree import RuleSettings
from heliograph.errors import ConfigError, ConnectError, Refused
from heliograph.hub.rules.book import RuleBook
from heliograph.hub.rules.outward import TIMEOUT, Outward
from heliograph.rules.declared import Told
from heliograph.transport.mqtt_client_message import Publication

log = logging.getLogger(__name__)

_LEVELS: Final = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}
_NTFY_PRIORITY: Final = {"info": "3", "warning": "4", "critical": "5"}
_MAX_LINES: Final = 20


@dataclass(frozen=True, slots=True)
class Actions:
    """Performs actions; what fails is told by an error whose ``retry`` says whether to try again."""

    book: RuleBook
    settings: RuleSettings
    publish: Callable[[Publication], Awaitable[None]]

    async def perform(self, action: str | Mapping[str, Any], note: Mapping[str, Any], key: str) -> None:
        """Do what an action says about a notification; ``key`` is the same in every attempt.

        Raises:
            Error: it was not done, or nobody knows whether.
        """
        meant = self.book.action(action) if isinstance(action, str) else action
        if meant is None:
            raise ConfigError(f"there is no action {action!r} any more", key="actions")
        kind = meant["kind"]
        if kind == "log":
            log.log(_LEVELS[note["severity"]], "Rule %s: %s", note["rule"], "; ".join(lines_of(note)))
        elif kind == "mqtt":
            await self._publish(meant, note, key)
        elif kind == "email":
            await asyncio.to_thread(self._mail, str(meant["to"]), note, key)
        elif kind == "python":
            await asyncio.to_thread(self._call, str(meant["function"]), note)
        else:
            await asyncio.to_thread(self._post, kind, meant, note, key)

    async def _publish(self, action: Mapping[str, Any], note: Mapping[str, Any], key: str) -> None:
        for number, alert in enumerate(note["alerts"]):
            words = alert["tags"] | {"state": alert["state"], "rule": note["rule"], "text": alert["text"]}
            words |= {"value": "" if alert["value"] is None else f"{alert['value']:.6g}"}
            facts = {name: note[name] for name in ("hub", "rule", "severity")}
            told = json.dumps(alert | facts | {"id": f"{key}-{number}"})
            payload = filled(str(action.get("payload", "")), words) or told
            await self.publish(
                Publication(
                    filled(str(action["topic"]), words),
                    payload.encode(),
                    qos=int(action.get("qos", 1)),
                    retained=bool(action.get("retain", False)),
                )
            )

    def _post(self, kind: str, action: Mapping[str, Any], note: Mapping[str, Any], key: str) -> None:
        outward = Outward(self.settings.allow_hosts)
        if kind == "webhook":
            headers = {"Content-Type": "application/json", "Idempotency-Key": key}
            given = {str(name): str(text) for name, text in dict(action.get("headers", {})).items()}
            outward.post(action["url"], json.dumps(dict(note) | {"key": key}).encode(), headers | given)
            return
        headers = {
            "Title": title_of(note).encode("ascii", "replace").decode(),
            "Priority": str(action.get("priority", _NTFY_PRIORITY[note["severity"]])),
            "Tags": "warning" if note["alerts"][0]["state"] == "firing" else "white_check_mark",
            "Idempotency-Key": key,
        }
        outward.post(action["url"], "\n".join(lines_of(note)).encode(), headers)

    def _mail(self, to: str, note: Mapping[str, Any], key: str) -> None:
        chosen = self.settings
        if not chosen.smtp_host:
            raise ConfigError("no mail server is set: rules.smtp_host", key="rules.smtp_host")
        message = EmailMessage()
        message["Subject"] = title_of(note)
        message["From"] = chosen.smtp_from or f"heliograph@{platform.node() or 'localhost'}"
        message["To"] = to
        message["Message-ID"] = f"<{key}@heliograph>"
        message.set_content("\n".join(lines_of(note)) + "\n")
        where = f"{chosen.smtp_host}:{chosen.smtp_port}"
        try:
            with _mail_server(chosen) as server:
                server.send_message(message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPAuthenticationError) as error:
            raise Refused(where, str(error)) from error
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise ConnectError(where, str(error) or type(error).__name__) from error

    def _call(self, name: str, note: Mapping[str, Any]) -> None:
        function = self.book.function(name)
        if function is None:
            raise ConfigError(f"no Python file of the folder rules has an action {name!r}", key="function")
        told = [
            Told(
                note["rule"], note["severity"], one["state"], one["tags"], one["value"], one["text"],
                one["time_ms"] * 1_000_000,
            )
            for one in note["alerts"]
        ]  # fmt: skip
        try:
            function(told)
        except (OSError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RuntimeError,
                AssertionError) as error:  # fmt: skip
            raise Refused(name, f"the function ended with {type(error).__name__}: {error}") from error


def _mail_server(chosen: RuleSettings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if chosen.smtp_port == smtplib.SMTP_SSL_PORT:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            chosen.smtp_host, chosen.smtp_port, timeout=TIMEOUT, context=context
        )
    else:
        server = smtplib.SMTP(chosen.smtp_host, chosen.smtp_port, timeout=TIMEOUT)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif chosen.smtp_user:
            server.close()
            raise smtplib.SMTPException("it offers no TLS, and a password is not sent without")
    if chosen.smtp_user:
        password = Path(chosen.smtp_password_file).read_text(encoding="utf-8").split("\n")[0]
        server.login(chosen.smtp_user, password)
    return server


def filled(text: str, words: Mapping[str, str]) -> str:
    """Return a text with ``{name}`` replaced by what it stands for."""
    for name, word in words.items():
        text = text.replace("{" + name + "}", word)
    return text


def title_of(note: Mapping[str, Any]) -> str:
    """Return a notification in a few words, in one line."""
    firing = sum(one["state"] == "firing" for one in note["alerts"])
    resolved = len(note["alerts"]) - firing
    parts = [f"{count} {word}" for count, word in ((firing, "firing"), (resolved, "resolved")) if count]
    words = " ".join(note["rule"].split())
    return f"[{note['severity']}] {words}: {', '.join(parts)}"


def lines_of(note: Mapping[str, Any]) -> list[str]:
    """Return one line per alert, no more than a person reads."""
    lines = [f"{one['state']}: {one['text']}" for one in note["alerts"][:_MAX_LINES]]
    rest = len(note["alerts"]) - _MAX_LINES
    return [*lines, f"and {rest} more"] if rest > 0 else lines
