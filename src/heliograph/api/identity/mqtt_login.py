"""Who somebody is at the broker, by user name, password and client id; the broker asks this of the hub."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from heliograph.api.identity.identities import OPERATOR, Identities
from heliograph.api.identity.topics import ALL_TOPICS, NO_TOPICS, TopicRights
from heliograph.errors import AuthError

HUB: Final = "helio"
"""The hub itself: its agent, and what the page shows of the topics."""
_CLIENTS_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class MqttLogin:
    """Who came, and what they may do."""

    identity: str
    topics: TopicRights
    expires_ns: int | None = None


class MqttLogins:
    """Decides about connections; the hub's own come with a secret of this start."""

    def __init__(self, identities: Identities, own_secret: str) -> None:
        self._identities = identities
        self._own_secret = own_secret
        self._holders: OrderedDict[str, str] = OrderedDict()

    def holder(self, client_id: str) -> str:
        """Return who was let in with a client id last; empty if nobody is remembered."""
        return self._holders.get(client_id, "")

    def log_in(self, user: str, password: str, client_id: str) -> MqttLogin:
        """Return who it is.

        A client id is bound: that of a device to the device, another one to who came with it first for as
        long as that is somebody. A second client with the same id would get the first one's session.

        Raises:
            AuthError: nobody we know, or a client id that is somebody else's.
        """
        login = self._known(user, password)
        self._require_own(login.identity, client_id)
        self._holders[client_id] = login.identity
        self._holders.move_to_end(client_id)
        if len(self._holders) > _CLIENTS_REMEMBERED:
            self._holders.popitem(last=False)
        return login

    def _known(self, user: str, password: str) -> MqttLogin:
        if user == HUB and hmac.compare_digest(password.encode(), self._own_secret.encode()):
            return MqttLogin(HUB, ALL_TOPICS)
        if self._identities.devices.is_key(user, password):
            return MqttLogin(f"device:{user}", self._identities.devices.topics(user))
        caller = self._identities.of_token(password)
        if caller is None:
            raise AuthError("no such device with this key, and no such token")
        if caller.user == OPERATOR:
            return MqttLogin(OPERATOR, ALL_TOPICS)
        token = self._identities.tokens.get(caller.token_id)
        if token.topics == NO_TOPICS:
            raise AuthError("this token may neither publish nor subscribe")
        return MqttLogin(token.identity, token.topics, token.expires_ns)

    def _require_own(self, identity: str, client_id: str) -> None:
        if identity == HUB:
            return
        owner = self._identities.devices.owner(client_id)
        if owner is not None and identity != f"device:{owner}":
            raise AuthError(f'client id "{client_id}" is that of device "{owner}"')
        if identity.startswith("device:") and owner is None:
            device = identity.removeprefix("device:")
            raise AuthError(f'the client id of device "{device}" is {device} or begins with {device}-')
        holder = self._holders.get(client_id, identity)
        if owner is None and holder != identity and self._is_somebody(holder):
            raise AuthError(f'client id "{client_id}" is in use by somebody else')

    def _is_somebody(self, identity: str) -> bool:
        kind, _, id_ = identity.partition(":")
        listed = self._identities.tokens.listed()
        return kind != "token" or any(t.id == id_ and t.holds for t in listed)
