"""What a board that was enrolled keeps: ``agent.json`` of the data folder, a gateway ``edge.json``, 0600."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from heliograph.errors import ConfigError
from heliograph.model.topic import device_publishes
from heliograph.transport.mqtt_client_settings import MqttSettings, TlsSettings

if TYPE_CHECKING:
    from pathlib import Path
    from ssl import SSLContext

    from heliograph.transport.mqtt_link import MqttEndpoint

FILE: Final = "agent.json"
GATEWAY_FILE: Final = "edge.json"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A device's own key, and the hub that knows it."""

    device: str
    key: str
    host: str
    port: int
    tls: bool
    ca: str
    """The authority of the hub's certificate in PEM; empty means those that this system trusts."""

    def endpoint(self) -> MqttEndpoint:
        """Return where points go."""
        from heliograph.transport.mqtt_link import MqttEndpoint

        context = tls_context(self.ca) if self.tls else None
        return MqttEndpoint(self.host, self.port, self.device, self.key, tls=context)

    def settings(self) -> MqttSettings:
        """Return broker and login for programs of this board."""
        tls = TlsSettings(cadata=self.ca or None) if self.tls else None
        return MqttSettings(
            self.host,
            self.port,
            self.device,
            self.key,
            keep_alive=30,
            publishes=device_publishes(self.device),
            tls=tls,
        )

    def write(self, folder: Path, name: str = FILE) -> Path:
        """Keep it, readable by its owner only; returns where."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path, temporary = folder / name, folder / f"{name}.tmp"
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        return path


def read(folder: Path, name: str = FILE) -> Enrolment | None:
    """Return what is kept, None if this machine was never enrolled.

    Raises:
        ConfigError: the file is no such thing.
    """
    path = folder / name
    try:
        return Enrolment(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        again = "helio edge" if name == GATEWAY_FILE else "helio agent"
        raise ConfigError(
            f"this machine's enrolment cannot be read ({error}): enrol it again with {again} enrol URL CODE",
            path=path,
        ) from error


def tls_context(ca: str) -> SSLContext:
    """Return what checks a hub's certificate, by an authority in PEM or by those of the system."""
    import ssl

    return ssl.create_default_context(cadata=ca or None)
