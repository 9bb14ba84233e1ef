"""Receivers of detections as in the settings document: webhooks, the MQTT broker, services of notifications."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from claptrap.core.spec import MAX_SOURCES
from claptrap.receivers import WebhookSpec
from claptrap.settings.fields import (
    ID,
    WITH_SECRETS,
    BrokerHost,
    Claps,
    ContentType,
    Headers,
    Name,
    NotifyAddress,
    Secret,
    SigningSecret,
    Template,
    TopicPart,
    WebAddress,
    refused,
)
from claptrap.settings.triggers import TRIGGERS, Triggers


class SettingsPart(BaseModel):
    """An object of the settings document, which holds nothing unknown."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,  # most are only ever checked as a part of ``Settings``: what would check each alone takes memory
    )

    def whole(self) -> dict[str, Any]:
        """Return JSON data with the secrets in it: for the file and for those who use them, never for a face."""
        return self.model_dump(mode="json", context=WITH_SECRETS)


def check_unique(ids: Sequence[str], code: str) -> None:
    """Refuse ids that stand twice, with ``code``."""
    if len(set(ids)) < len(ids):
        raise refused(code, id=min(i for i, n in Counter(ids).items() if n > 1))


MaxAge = Annotated[float, Field(gt=0, le=604_800)]  # seconds


class WebhookSettings(SettingsPart):
    """Where a source's detections are posted."""

    id: str = Field(pattern=ID, description="stable identifier within the source")
    enabled: bool = True
    url: WebAddress = Field(default="", repr=False, description="http(s); it may hold a token")
    timeout_s: float = Field(default=5.0, gt=0, le=60, description="bound on one whole attempt")
    max_age_s: MaxAge = Field(default=10.0, description="never act on a clap older than this")
    idempotent: bool = Field(
        default=False, description="it drops repeats (Idempotency-Key), so what it may have taken is sent again"
    )
    max_attempts: int = Field(default=4, ge=1, le=10, description="how often a detection is sent that it may have taken")
    claps: list[Claps] = Field(
        default=[], max_length=4, description="only detections of this many claps; empty for all, including applause"
    )
    triggers: Triggers = TRIGGERS
    headers: Headers = Field(default={}, repr=False, description="sent along; values are write-only")
    signing_secret: SigningSecret = Field(default="", description="signs what is sent (Standard Webhooks); write-only")
    verify_tls: bool = Field(default=True, description="verify the receiver's certificate")
    ca_file: str = Field(
        default="", max_length=4096, description="PEM file of the authority to trust instead of the system's"
    )
    method: Literal["POST", "PUT", "GET"] = Field(default="POST", description="a GET has no body")
    content_type: ContentType = Field(default="application/json", description="of what the template makes")
    template: Template = Field(
        default="", validate_default=True, description="makes the body (docs/webhooks.md); empty for the documented JSON"
    )

    def to_target(self, source_id: str, source_name: str) -> WebhookSpec:
        """Return the core's form."""
        given: dict[str, Any] = {name: value for name, value in self if name not in ("id", "enabled")}
        given |= {"claps": tuple(self.claps), "triggers": tuple(self.triggers)}
        return WebhookSpec(target_id(source_id, self.id), source_id, title=source_name, **given)


class MqttSettings(SettingsPart):
    """The MQTT broker to which everything is published, and through which Home Assistant finds every source."""

    enabled: bool = False
    host: BrokerHost = Field(default="", validate_default=True, description="name or address of the broker")
    port: int = Field(default=1883, ge=1, le=65535, description="usually 8883 with TLS")
    version: Literal["3.1.1", "5"] = "5"
    tls: bool = False
    verify_tls: bool = Field(default=True, description="verify the broker's certificate")
    ca_file: str = Field(
        default="", max_length=4096, description="PEM file of the authority to trust instead of the system's"
    )
    username: str = Field(default="", max_length=500)
    password: Secret = Field(default="", description="write-only")
    topic: Annotated[TopicPart, Field(min_length=1)] = Field(
        default="claptrap", description="first part of every topic; different for each of several ClapTraps"
    )
    discovery: TopicPart = Field(
        default="homeassistant", description="Home Assistant's discovery prefix; empty for no discovery"
    )
    max_age_s: MaxAge = Field(default=10.0, description="never act on a clap older than this")

    @field_validator("host")
    @classmethod
    def _host_is_there(cls, host: str, info: ValidationInfo) -> str:
        if info.data.get("enabled") and not host.strip():
            raise refused("settings.empty")
        return host


class NotifySettings(SettingsPart):
    """A service that shows people notifications, by Apprise."""

    id: str = Field(pattern=ID, description="stable identifier")
    name: Name = Field(default="", description="shown name; empty for the id")
    enabled: bool = True
    url: NotifyAddress = Field(default="", description="Apprise's address of the service; write-only")
    sources: list[Annotated[str, Field(max_length=64)]] = Field(
        default=[], max_length=MAX_SOURCES, description="ids of the sources whose detections it shows; empty for all"
    )
    claps: list[Claps] = Field(
        default=[], max_length=4, description="only detections of this many claps; empty for all, including applause"
    )
    triggers: Triggers = TRIGGERS
    alerts: bool = Field(default=False, description="also show what is out of order, and when it is well again")
    max_age_s: MaxAge = Field(default=900.0, description="never show a clap older than this")


def target_id(source_id: str, webhook_id: str) -> str:
    """Return the id of a source's webhook among all receivers."""
    return f"{source_id}.{webhook_id}"
