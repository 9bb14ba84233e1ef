"""How others learn that all is well, or is not, as in the settings document: heartbeats and what makes an alert."""

from __future__ import annotations

from pydantic import Field

from claptrap.receivers import WebhookSpec
from claptrap.settings.fields import ID, WebAddress
from claptrap.settings.receivers import SettingsPart

TIMEOUT_S = 10.0


class HeartbeatSettings(SettingsPart):
    """A URL that is called while all is well, so that a service elsewhere notices when it no longer is."""

    id: str = Field(pattern=ID, description="stable identifier")
    enabled: bool = True
    url: WebAddress = Field(default="", repr=False, description="http(s), called by GET; it may hold a token")
    every_s: float = Field(default=300.0, ge=10, le=86_400, description="time from one call to the next")
    verify_tls: bool = Field(default=True, description="verify the receiver's certificate")

    def to_target(self) -> WebhookSpec:
        """Return the core's form: a webhook that belongs to no source."""
        return WebhookSpec(
            f"heartbeat:{self.id}",
            "",
            self.url,
            timeout_s=TIMEOUT_S,
            method="GET",
            verify_tls=self.verify_tls,
            title=self.id,
        )


class AlertSettings(SettingsPart):
    """What is a problem, of which notification services with ``alerts`` send word."""

    unheard_after_s: float = Field(
        default=300.0, ge=0, le=86_400, description="a source that is not heard for so long is a problem; 0: never"
    )
