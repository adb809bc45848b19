"""From what a caller sent to the request that the door takes: the same requests as the command line builds.

Belongs here: that step. Does not belong here: rules and defaults (context.request, the door).
"""

from __future__ import annotations

from typing import Any, Literal

from api.v2.asked import GenerateAsked, ReviseAsked, WorkAsked
from musicgen_assets.context.request import (
    CompositionRequest,
    RevisionRequest,
    WorkRequest,
    filled_in,
    shortcut_overrides,
)
from musicgen_assets.engines.naming import engine_overrides


def composition_request(asked: GenerateAsked, user: str, key: str | None) -> CompositionRequest:
    """The request for a new composition. Raises BadInput."""
    overrides = _overrides(asked, duration_s=asked.duration_s)
    return filled_in(CompositionRequest, prompt=asked.prompt, overrides=overrides, **_said(asked, user, key))


def revision_request(asked: ReviseAsked, partition: str, user: str, key: str | None) -> RevisionRequest:
    """The request for a child of ``partition``. Raises BadInput."""
    from musicgen_assets.ideation.edit_rules import edit_overrides

    by_hand: dict[str, Any] = {}
    for edit in asked.edits:
        by_hand |= edit_overrides(**edit.model_dump())
    return filled_in(
        RevisionRequest, version=partition, overrides=by_hand | _overrides(asked), rerolls=tuple(asked.rerolls),
        words=asked.words, prompt=asked.prompt, is_refresh=asked.is_refresh, **_said(asked, user, key),
    )  # fmt: skip


def work_request(
    kind: Literal["advance", "retry"], asked: WorkAsked, partition: str, user: str, key: str | None
) -> WorkRequest:
    """The request to go on with ``partition``. Raises BadInput."""
    return filled_in(
        WorkRequest, kind=kind, version=partition, until=asked.until, priority=asked.priority, user=user,
        idempotency_key=key,
    )  # fmt: skip


def _overrides(asked: GenerateAsked | ReviseAsked, **shortcuts: Any) -> dict[str, Any]:
    styles = [f"{name}={weight!r}" for name, weight in asked.styles.items()]
    found = engine_overrides(asked.engines, asked.policy, asked.budget_usd, is_alone=asked.is_alone)
    if asked.packages:
        found["technical.packages"] = list(asked.packages)
    if asked.targets:
        found["technical.targets"] = list(asked.targets)
    return found | shortcut_overrides(styles, lyrics=asked.lyrics, **shortcuts) | asked.set


def _said(asked: GenerateAsked | ReviseAsked, user: str, key: str | None) -> dict[str, Any]:
    """What stands in the request under its own name; what was left out is left to the request's own defaults."""
    said = {"title": asked.title, "seed": asked.seed, "until": asked.until, "idempotency_key": key}
    return {"user": user, "priority": asked.priority} | {
        name: value for name, value in said.items() if value is not None
    }
