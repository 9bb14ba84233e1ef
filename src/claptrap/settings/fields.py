"""Single values of the settings document: what may be in each, and which are secret.

Secrets are write-only: a dump has ``MASK`` in their place unless it is made with the context ``WITH_SECRETS``, so a caller
that forgets about them cannot give them away. A mask that comes back where no secret is known is refused.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, SerializationInfo, ValidationInfo
from pydantic_core import PydanticCustomError

from claptrap.core.errors import InputError
from claptrap.core.signing import signing_key
from claptrap.core.vbanname import check_name
from claptrap.core.weburl import MASK, check_rtsp_url, check_tcp_url, check_url, masked
from claptrap.settings.hints import printable
from claptrap.template import MAX_CHARACTERS, SAMPLES, BadTemplateError, is_json, render

VBAN_CHANNELS = 64
_JOINERS = "\u200c\u200d"
WITH_SECRETS = {"secrets": "shown"}
"""The context of a dump that has the secrets in it."""
IN_FORCE = "templates in force"
"""In the context of a validation: body templates that are kept as they are, though an older ClapTrap may have taken them."""


class SecretLeft(Enum):
    """In a document, in place of a secret whose address now leads elsewhere: it was left where it was given for."""

    BEHIND = "left behind"


def refused(code: str, **params: str | float) -> PydanticCustomError:
    """Return the error of a value, with a ``code`` (a key of ``text.catalogue``) and its parameters."""
    return PydanticCustomError("claptrap", "{code}", {"code": code, "params": params})


def _web_address(url: str) -> str:
    """An empty address means none yet; anything else must be one."""
    return _address(url, check_url) if url else url


def _rtsp_address(url: str) -> str:
    return _address(url, check_rtsp_url)


def _tcp_address(url: str) -> str:
    """An empty address means none; anything else must be one."""
    return _address(url, check_tcp_url) if url else url


def _ip_address(host: str) -> str:
    """A satellite is known by its address, in its one usual form."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError as error:
        raise refused("settings.bad_ip") from error


def _address(url: str, check_address: Callable[[str], None]) -> str:
    try:
        check_address(url)
    except InputError as error:
        raise refused(error.code, **error.params) from error
    return url


def is_name_character(char: str) -> bool:
    """Return whether a name may have ``char``: anything that is seen, spaces, and what joins emoji and letters."""
    return char.isprintable() or unicodedata.category(char) == "Zs" or char in _JOINERS


def _name(name: str) -> str:
    if not all(map(is_name_character, name)):
        raise refused("settings.unprintable")
    return name


def _ipv4(host: str) -> str:
    """A VBAN stream is selected by its sender's address, in its one usual form."""
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError as error:
        raise refused("vban.bad_host") from error


def _stream_name(name: str) -> str:
    try:
        check_name(name)
    except InputError as error:
        raise refused(error.code, **error.params) from error
    return name


def _channel(channel: str) -> str:
    if channel in ("auto", "mean", "loudest"):
        return channel
    if channel.isascii() and channel.isdecimal() and 1 <= int(channel) <= VBAN_CHANNELS:
        return str(int(channel))
    raise refused("settings.not_one_of", bound=f"'auto', 'mean', 'loudest', '1'…'{VBAN_CHANNELS}'")


def _mask_secret(secret: str, info: SerializationInfo) -> str:
    return secret if info.context == WITH_SECRETS or not secret else MASK


def _mask_in_address(url: str, info: SerializationInfo) -> str:
    return url if info.context == WITH_SECRETS else masked(url)


def _no_mask(secret: str) -> str:
    """Refuse the mask as a secret: it comes from where secrets are hidden, and nothing is known that it could stand for."""
    if secret == MASK:
        raise refused("settings.masked")
    return secret


def _not_left(secret: object) -> object:
    if secret is SecretLeft.BEHIND:
        raise refused("settings.secret_elsewhere")
    return secret


Secret = Annotated[
    str,
    Field(max_length=500, repr=False),
    BeforeValidator(_not_left),
    AfterValidator(_no_mask),
    PlainSerializer(_mask_secret),
]
RtspAddress = Annotated[
    str, Field(max_length=2048, repr=False), AfterValidator(_rtsp_address), PlainSerializer(_mask_in_address)
]


HEADER = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$"  # RFC 9110 §5.6.2
_OUR_HEADERS = frozenset(
    {
        *("connection", "content-length", "content-type", "host", "idempotency-key", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade", "webhook-id", "webhook-signature", "webhook-timestamp"),
    }
)


def _header_value(value: str) -> str:
    if any(not " " <= char <= "~" for char in value) or value != value.strip():
        raise refused("settings.bad_header_value")
    return value


def _headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name in headers:
        if not re.fullmatch(HEADER, name):
            raise refused("settings.bad_header", name=printable(name))
        if name.lower() in _OUR_HEADERS:
            raise refused("settings.our_header", name=name)
    return headers


def _without_nulls(headers: Any) -> Any:  # whatever a document may hold
    """A header that is null is taken away (RFC 7396)."""
    return {k: v for k, v in headers.items() if v is not None} if isinstance(headers, Mapping) else headers


def _signing_secret(secret: str) -> str:
    try:
        signing_key(secret)
    except ValueError as error:
        raise refused("settings.bad_signing_secret") from error
    return secret


def _content_type(text: str) -> str:
    if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+( *; *[!-~]+)*", text):  # RFC 9110 §8.3.1
        raise refused("settings.bad_content_type")
    return text


def _template(text: str, info: ValidationInfo) -> str:
    """Try a new template on every kind of event, so that what is wrong with it is found now and not at the first clap."""
    if text in (info.context or {}).get(IN_FORCE, ()):
        return text
    try:
        made = [render(text, sample) for sample in SAMPLES] if text else []
    except BadTemplateError as error:
        raise refused("settings.bad_template", reason=str(error)) from error
    if text and info.data.get("method") == "GET":
        raise refused("settings.template_of_get")
    if info.data.get("content_type", "").partition(";")[0].strip().endswith("json") and not all(map(is_json, made)):
        raise refused("settings.template_not_json", made=made[0][:200])
    return text


HeaderValue = Annotated[
    str,
    Field(max_length=2000),
    BeforeValidator(_not_left),
    AfterValidator(_no_mask),
    AfterValidator(_header_value),
    PlainSerializer(_mask_secret),
]
Headers = Annotated[dict[str, HeaderValue], Field(max_length=32), BeforeValidator(_without_nulls), AfterValidator(_headers)]


def _topic_part(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise refused("settings.bad_topic")
    return text


def _broker_host(host: str) -> str:
    """Refuse an address in place of a host: a password in it would be shown with the host."""
    if any(char in "/@?#\\" or not char.isprintable() for char in host):
        raise refused("mqtt.bad_host")
    return host


def _notify_address(url: str) -> str:
    """Look only for the shape: which addresses Apprise knows, ``service.notifications`` says."""
    if url and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S*", url):
        raise refused("notify.bad_address")
    return url


ID = r"^[a-z0-9][a-z0-9-]{0,63}$"
NodeName = Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]{0,63})?$")]
Claps = Annotated[int, Field(ge=1, le=4)]
Name = Annotated[str, Field(max_length=200), AfterValidator(_name)]
WebAddress = Annotated[str, Field(max_length=2048), AfterValidator(_web_address)]
TcpAddress = Annotated[str, Field(max_length=300), AfterValidator(_tcp_address)]
IpAddress = Annotated[str, Field(max_length=64), AfterValidator(_ip_address)]
Ipv4Address = Annotated[str, Field(max_length=64), AfterValidator(_ipv4)]
StreamName = Annotated[str, Field(max_length=64), AfterValidator(_stream_name)]
Channel = Annotated[str, Field(max_length=8), AfterValidator(_channel)]
SigningSecret = Annotated[Secret, AfterValidator(_signing_secret)]
ContentType = Annotated[str, Field(max_length=200), AfterValidator(_content_type)]
Template = Annotated[str, Field(max_length=MAX_CHARACTERS), AfterValidator(_template)]
BrokerHost = Annotated[str, Field(max_length=255), AfterValidator(_broker_host)]
TopicPart = Annotated[str, AfterValidator(_topic_part)]
NotifyAddress = Annotated[
    str,
    Field(max_length=2048, repr=False),
    AfterValidator(_no_mask),
    AfterValidator(_notify_address),
    PlainSerializer(_mask_secret),
]
