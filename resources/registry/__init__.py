"""The registry: the authority on what exists. Compositions, versions, requests, results, history.

``database`` opens it, ``models`` are its tables, ``queries`` is what everybody asks of it.
"""

from resources.registry.access_models import ApiKey, Member, ShareLink
from resources.registry.batch_models import Batch, BatchItem
from resources.registry.database import HEAD, Registry, in_batches, open_registry
from resources.registry.models import (
    Attempt,
    Base,
    Composition,
    Event,
    Garbage,
    Lease,
    Materialization,
    Request,
    Reroute,
    Result,
    StageState,
    Usage,
    User,
    Version,
    Waiver,
    utc_now,
)
from resources.registry.webhook_models import Duty, WebhookDelivery, WebhookEndpoint, WebhookMessage, WebhookTry

__all__ = [
    "HEAD",
    "ApiKey",
    "Attempt",
    "Base",
    "Batch",
    "BatchItem",
    "Composition",
    "Duty",
    "Event",
    "Garbage",
    "Lease",
    "Materialization",
    "Member",
    "Registry",
    "Request",
    "Reroute",
    "Result",
    "ShareLink",
    "StageState",
    "Usage",
    "User",
    "Version",
    "Waiver",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookMessage",
    "WebhookTry",
    "in_batches",
    "open_registry",
    "utc_now",
]  # fmt: skip
