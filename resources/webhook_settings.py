"""Settings of webhooks: where they may go, how many a user may have, how long it is known what was sent.

Belongs here: names, defaults, ranges. Does not belong here: sending (resources.webhooks).
"""

from __future__ import annotations

import ipaddress

from pydantic import BaseModel, ConfigDict, Field, field_validator

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class WebhookSettings(BaseModel):
    """Set with MUSICGEN_WEBHOOKS__NAME or under [webhooks] in musicgen.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_networks: tuple[str, ...] = ()
    """Networks that are not open and may be told all the same, over http too: ["127.0.0.0/8", "10.1.2.0/24"]."""
    endpoints_per_user: int = Field(20, ge=1, le=1000)
    timeout_s: float = Field(15.0, gt=0, le=30)
    """How long one try may take, all of it."""
    rotation_hours: float = Field(24.0, ge=0, le=720)
    """How long messages are also signed with the secret before."""
    kept_days: float = Field(30.0, ge=1)
    """How long messages and tries stand in the delivery log, and can be sent again."""

    @field_validator("allowed_networks")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ipaddress.ip_network(text)
        return value

    def networks(self) -> tuple[Network, ...]:
        """The allowed networks as such."""
        return tuple(ipaddress.ip_network(text) for text in self.allowed_networks)
