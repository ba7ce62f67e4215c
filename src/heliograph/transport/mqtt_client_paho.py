"""Our settings and messages in the words of paho, the library that speaks MQTT for the client."""

from __future__ import annotations

import secrets
import ssl
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt import MQTTException
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from heliograph.errors import ConfigError, ConnectionLost
from heliograph.transport.mqtt_client_errors import unreadable
from heliograph.transport.mqtt_client_message import (
    NO_PROPERTIES,
    MessageProperties,
    MqttMessage,
    Publication,
    Subscription,
)
from heliograph.transport.mqtt_client_settings import NEVER_EXPIRES, MqttSettings, MqttVersion, TlsSettings

_VERSIONS: Final = {
    MqttVersion.V31: MQTTProtocolVersion.MQTTv31,
    MqttVersion.V311: MQTTProtocolVersion.MQTTv311,
    MqttVersion.V5: MQTTProtocolVersion.MQTTv5,
}
_TLS_VERSIONS: Final = {"tlsv1.2": ssl.TLSVersion.TLSv1_2, "tlsv1.3": ssl.TLSVersion.TLSv1_3}
_OLD_CODES: Final = {132: 1, 133: 2, 136: 3, 134: 4, 135: 5}
"""MQTT 5's reason codes, into which paho translates those of 3.1.1, and what they were."""


def make_client(settings: MqttSettings, *, acknowledges_itself: bool) -> paho.Client:
    """Return a client of the library that has been told all but where to connect to."""
    is_v5 = settings.version is MqttVersion.V5
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id or f"helio-{secrets.token_hex(8)}",
        clean_session=None if is_v5 else settings.is_clean,
        protocol=_VERSIONS[settings.version],
        transport="unix" if settings.is_unix else "websockets" if settings.websocket_path else "tcp",
        reconnect_on_failure=False,
        manual_ack=not acknowledges_itself,
    )
    client.connect_timeout = settings.connect_timeout
    client.max_inflight_messages = 0  # ours is counted in MqttClient
    if settings.user is not None:
        client.username_pw_set(settings.user, settings.password)
    if settings.websocket_path:
        client.ws_set_options(path=settings.websocket_path)
    if settings.will is not None:
        will = settings.will
        properties = to_properties(PacketTypes.WILLMESSAGE, will.properties) if is_v5 else None
        client.will_set(will.topic, will.payload, will.qos, will.retained, properties)
    return client


def connect_blocking(client: paho.Client, settings: MqttSettings, *, is_clean_start: bool) -> None:
    """Look the name up, connect and say hello: for a thread, as each of these may block.

    ``connect_timeout`` holds for each address of the host and for the handshake of TLS; the look-up has the
    limits of the system.
    """
    arguments: dict[str, Any] = {}
    if settings.version is MqttVersion.V5:
        arguments = {"clean_start": is_clean_start, "properties": _connect_properties(settings)}
    client.connect(
        settings.host, settings.actual_port, settings.keep_alive, settings.bind_address, **arguments
    )


def prepare_tls(client: paho.Client, settings: MqttSettings) -> None:
    """Read certificates and keys, once; raises as :func:`tls_context`."""
    if settings.tls is not None:
        client.tls_set_context(tls_context(settings.tls))


def tls_context(tls: TlsSettings) -> ssl.SSLContext:
    """Return what OpenSSL needs to know; the files are read here.

    Raises:
        ConfigError: a file cannot be read, a version is unknown.
        ssl.SSLError: a file is not what it should be.
    """
    for path in (tls.cafile, tls.capath, tls.certfile, tls.keyfile):
        if path is not None:
            try:
                Path(path).stat()
            except OSError as error:
                raise unreadable(path, error) from error
    context = ssl.create_default_context(cafile=tls.cafile, capath=tls.capath, cadata=tls.cadata)
    context.check_hostname = tls.is_host_checked
    if tls.certfile is not None:
        context.load_cert_chain(tls.certfile, tls.keyfile)
    if tls.ciphers is not None:
        context.set_ciphers(tls.ciphers)
    if tls.version is not None:
        if tls.version not in _TLS_VERSIONS:
            raise ConfigError(f"a version of TLS is one of {', '.join(_TLS_VERSIONS)}, got {tls.version!r}")
        context.minimum_version = context.maximum_version = _TLS_VERSIONS[tls.version]
    if tls.alpn is not None:
        context.set_alpn_protocols([tls.alpn])
    return context


def connack_code(settings: MqttSettings, code: int) -> int:
    """Return the reason code as it was on the wire."""
    return code if settings.version is MqttVersion.V5 else _OLD_CODES.get(code, code)


def _connect_properties(settings: MqttSettings) -> Properties:
    properties = Properties(PacketTypes.CONNECT)
    expiry = settings.session_expiry_s
    if expiry is None and not settings.is_clean:
        expiry = NEVER_EXPIRES
    if expiry:
        properties.SessionExpiryInterval = expiry
    if settings.receive_maximum is not None:
        properties.ReceiveMaximum = settings.receive_maximum
    for pair in settings.user_properties:
        properties.UserProperty = pair
    return properties


def to_properties(packet: int, ours: MessageProperties) -> Properties | None:
    """Return paho's properties, None if there are none."""
    if ours.is_empty:
        return None
    theirs = Properties(packet)
    for name, value in (
        ("ContentType", ours.content_type),
        ("ResponseTopic", ours.response_topic),
        ("CorrelationData", ours.correlation_data),
        ("MessageExpiryInterval", ours.expiry_s),
        ("PayloadFormatIndicator", 1 if ours.is_text else None),
        ("TopicAlias", ours.topic_alias if packet == PacketTypes.PUBLISH else None),
    ):
        if value is not None:
            setattr(theirs, name, value)
    for pair in ours.user:
        theirs.UserProperty = pair
    return theirs


def from_properties(theirs: Properties | None) -> MessageProperties:
    """Return our properties; what is absent in a message is absent as an attribute in paho's."""
    if theirs is None or theirs.isEmpty():
        return NO_PROPERTIES
    ids: list[int] = getattr(theirs, "SubscriptionIdentifier", [])
    return MessageProperties(
        content_type=getattr(theirs, "ContentType", None),
        response_topic=getattr(theirs, "ResponseTopic", None),
        correlation_data=getattr(theirs, "CorrelationData", None),
        expiry_s=getattr(theirs, "MessageExpiryInterval", None),
        is_text=getattr(theirs, "PayloadFormatIndicator", 0) == 1,
        topic_alias=getattr(theirs, "TopicAlias", None),
        subscription_id=next(iter(ids), None),
        user=tuple(getattr(theirs, "UserProperty", ())),
    )


def publish(client: paho.Client, publication: Publication, *, is_v5: bool) -> int:
    """Hand a publication to the library, and return its packet id.

    Raises:
        ConfigError: a property is not as MQTT 5 wants it.
        ConnectionLost: the library has not taken it.
    """
    properties = None
    if is_v5 and publication.properties is not NO_PROPERTIES:
        try:
            properties = to_properties(PacketTypes.PUBLISH, publication.properties)
        except MQTTException as error:
            raise ConfigError(f"a property of MQTT 5 is wrong: {error}") from error
    info = client.publish(
        publication.topic, publication.payload, publication.qos, publication.retained, properties
    )
    # A message of QoS 1 or 2 that finds no connection is kept by the library for the next one.
    is_kept = publication.qos > 0 and info.rc == paho.MQTT_ERR_NO_CONN
    if info.rc != paho.MQTT_ERR_SUCCESS and not is_kept:
        raise ConnectionLost(client.host, paho.error_string(info.rc))
    return info.mid


def subscribe(client: paho.Client, subscriptions: list[Subscription], *, is_v5: bool) -> int | None:
    """Send one SUBSCRIBE and return its packet id, None if there is no connection."""
    if is_v5:
        _, packet_id = client.subscribe([(each.topic_filter, _options(each)) for each in subscriptions])
    else:
        _, packet_id = client.subscribe([(each.topic_filter, each.qos) for each in subscriptions])
    return packet_id


def _options(subscription: Subscription) -> SubscribeOptions:
    return SubscribeOptions(
        qos=subscription.qos,
        noLocal=subscription.is_local_left_out,
        retainAsPublished=subscription.keeps_retain_flag,
        retainHandling=subscription.retain_handling,
    )


def to_message(theirs: paho.MQTTMessage, connection: int) -> MqttMessage:
    """Return a message in our words.

    Raises:
        UnicodeDecodeError: the topic is not UTF-8, which MQTT does not allow.
    """
    return MqttMessage(
        theirs.topic,
        bytes(theirs.payload),
        theirs.qos,
        theirs.retain,
        theirs.dup,
        theirs.mid if theirs.qos else 0,
        NO_PROPERTIES if theirs.properties is None else from_properties(theirs.properties),
        connection,
    )
