"""Callbacks of providers: whether one is theirs, and which job it is about.

Belongs here: signatures and that one id. Does not belong here: receiving HTTP (api), acting on it. Nothing else of a
callback is believed: who gets the id asks the provider for the job, with the project's own key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping

from pydantic import AliasChoices, Field, SecretStr

from musicgen_assets.context.failures import PermanentFailure
from resources.providers.shapes import Answered, JobId, as_shape
from resources.settings import Settings

TOLERANCE_S = 300.0
BODY_MAX_BYTES = 1024**2


class BadCallback(PermanentFailure):
    """A callback that is not the provider's, is too old, or names no job. Says nothing of what was expected."""


class _KieData(Answered):
    task_id: JobId = Field(validation_alias=AliasChoices("taskId", "task_id"))


class _KieBody(Answered):
    data: _KieData


class _ReplicateBody(Answered):
    id: JobId


def kie_job(body: bytes, headers: Mapping[str, str], key: SecretStr, now_s: float | None = None) -> str:
    """The job of a callback by Kie: base64 of HMAC-SHA256 over "taskId.timestamp". Its signature leaves out the body.

    Raises BadCallback.
    """
    named = {name.lower(): value for name, value in headers.items()}
    stamp, signature = named.get("x-webhook-timestamp", ""), named.get("x-webhook-signature", "")
    if len(body) > BODY_MAX_BYTES or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 12:
        raise BadCallback("The callback is too large or carries no time.")
    if abs((time.time() if now_s is None else now_s) - int(stamp)) > TOLERANCE_S:
        raise BadCallback("The callback is too old or too new.")
    found = as_shape(_KieBody, body)
    if found is None:
        raise BadCallback("The callback names no job.")
    job_id = found.data.task_id
    signed = hmac.new(key.get_secret_value().encode(), f"{job_id}.{stamp}".encode(), hashlib.sha256).digest()
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        given = b""
    if not hmac.compare_digest(signed, given):
        raise BadCallback("The callback's signature is not Kie's.")
    return job_id


def replicate_job(body: bytes, headers: Mapping[str, str], secret: SecretStr) -> str:
    """The job of a callback by Replicate, in the form of Standard Webhooks. Raises BadCallback."""
    from standardwebhooks import Webhook, WebhookVerificationError
    from standardwebhooks.webhooks import EmptyWebhookSecretError

    if len(body) > BODY_MAX_BYTES:
        raise BadCallback("The callback is too large.")
    is_theirs = False
    try:
        Webhook(secret.get_secret_value()).verify(body, dict(headers), json_parse=False)
        is_theirs = True
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError):
        is_theirs = False  # ValueError: broken base64, text or signature, which the library does not expect
    if not is_theirs:
        raise BadCallback("The callback's signature is not Replicate's, or it is too old.")
    found = as_shape(_ReplicateBody, body)
    if found is None:
        raise BadCallback("The callback names no job.")
    return found.id


def callback_job(engine: str, body: bytes, headers: Mapping[str, str], settings: Settings) -> str:
    """The job that a callback for ``engine`` is about. Raises BadCallback; also where no secret is configured."""
    if engine == "kie" and settings.kie_webhook_key is not None:
        return kie_job(body, headers, settings.kie_webhook_key)
    if engine == "replicate" and settings.replicate_webhook_secret is not None:
        return replicate_job(body, headers, settings.replicate_webhook_secret)
    raise BadCallback(
        "Nobody's callback is expected here.", way_out="Set KIE_WEBHOOK_KEY or REPLICATE_WEBHOOK_SECRET to take any."
    )
