"""Every operation of version 2, as a table: address, right, models, handler.

Belongs here: the table. Does not belong here: what an operation does (the modules beside), how it is answered (api).
"""

from __future__ import annotations

from typing import Any

from api.operations import Operation
from api.v2 import (
    asked,
    batching,
    calling_back,
    files,
    following,
    hooks,
    keeping,
    lists,
    making,
    shown,
    told,
    told_people,
)
from api.v2.studio_table import studio_operations

PREFIX = "/api/v2"
_SONG = "/compositions/{composition}"


def operations() -> list[Operation]:
    """All of them, in the order of the documentation."""
    return [*_making(), *_showing(), *_giving(), *_keeping(), *_listing(), *studio_operations(), *_telling(),
            *_calling_back()]  # fmt: skip


def _making() -> list[Operation]:
    work: dict[str, Any] = {"right": "change", "answer": told.Accepted, "status": 202, "has_idempotency_key": True,
            "problems": ("conflict",), "tags": ("make",)}  # fmt: skip
    return [
        Operation("generate", "POST", "/compositions/generate/", "Ask for a new song.", handler=making.generate,
                  body=asked.GenerateAsked, lane="door", **{**work, "right": "create"}),
        Operation("plan_new", "POST", "/compositions/plan/",
                  "What a prompt is understood as, and how long the song would take; nothing is made.", "create",
                  making.plan_new, body=asked.GenerateAsked, answer=told.PlanTold, tags=("make",)),
        Operation("revise", "POST", f"{_SONG}/revise/", "Ask for a new version that differs in what you say.",
                  handler=making.revise, body=asked.ReviseAsked, **work),
        Operation("plan", "POST", f"{_SONG}/plan/", "What a revision would make, may make and carry; nothing is made.",
                  "change", making.plan, body=asked.ReviseAsked, answer=told.PlanTold, problems=("conflict",),
                  tags=("make",)),
        Operation("advance", "POST", f"{_SONG}/advance/", "Go on with a version that was stopped after a stage.",
                  handler=making.advance, body=asked.WorkAsked, is_body_needed=False, lane="door", **work),
        Operation("retry", "POST", f"{_SONG}/retry/", "Go on with a version that failed or was cancelled.",
                  handler=making.retry, body=asked.WorkAsked, is_body_needed=False, lane="door", **work),
        Operation("cancel", "POST", f"{_SONG}/cancel/", "Stop the work on a version; what is finished is kept.",
                  "change", making.cancel, body=asked.CancelAsked, is_body_needed=False, answer=told.CancelTold,
                  other_statuses=(202,), problems=("conflict",), tags=("make",)),
    ]  # fmt: skip


def _showing() -> list[Operation]:
    tags = ("follow",)
    stream: dict[str, Any] = {"query": asked.EventsAsked, "is_stream": True, "tags": tags}
    return [
        Operation("status", "GET", f"{_SONG}/status/", "How far a version is.", "look", shown.status,
                  query=asked.StatusAsked, answer=told.Status, tags=tags, lane="quick"),
        Operation("versions", "GET", f"{_SONG}/versions/", "The tree of versions.", "look", shown.versions,
                  answer=told.Versions, tags=tags),
        Operation("diff", "GET", f"{_SONG}/diff/", "How two versions differ.", "look", shown.diff,
                  query=asked.DiffAsked, answer=told.Difference, problems=("conflict", "not_made"), tags=tags),
        Operation("lineage", "GET", f"{_SONG}/lineage/", "Where every asset of a version comes from.", "look",
                  shown.lineage, query=asked.VersionAsked, answer=told.Lineage, tags=tags),
        Operation("events", "GET", f"{_SONG}/events/", "What happens to it, as Server-Sent Events; the same over "
                  "WebSocket at .../ws/.", "look", following.events, **stream),
        Operation("all_events", "GET", "/events/", "What happens to every song that you may see; over WebSocket at "
                  "/ws/.", "browse", following.events, **stream),
    ]  # fmt: skip


def _giving() -> list[Operation]:
    tags = ("listen",)
    return [
        Operation("artifacts", "GET", f"{_SONG}/artifacts/", "What a version holds, file by file.", "look",
                  files.artifacts, query=asked.ArtifactsAsked, answer=told.Artifacts, tags=tags),
        Operation("artifact", "GET", f"{_SONG}/artifacts/{{stage}}/{{asset}}/", "One file of an artifact.", "look",
                  files.artifact, query=asked.ArtifactAsked, media_types=("*/*",), tags=tags),
        Operation("download", "GET", f"{_SONG}/download/", "The release as one ZIP file, or one file of it.",
                  "download", files.download, query=asked.DownloadAsked, media_types=("application/zip", "*/*"),
                  tags=tags),
    ]  # fmt: skip


def _keeping() -> list[Operation]:
    tags = ("share",)
    return [
        Operation("delete", "DELETE", f"{_SONG}/", "Delete a composition, or one version of it.", "delete",
                  keeping.delete, query=asked.VersionAsked, status=204, problems=("conflict",), tags=("make",)),
        Operation("members", "GET", f"{_SONG}/members/", "Who may see it, and work on it.", "share", keeping.members,
                  answer=told_people.Members, tags=tags),
        Operation("set_member", "PUT", f"{_SONG}/members/{{user}}/", "Let a user see it (viewer) or work on it "
                  "(collaborator).", "share", keeping.set_member, body=asked.MemberAsked, answer=told_people.MemberTold,
                  tags=tags),
        Operation("remove_member", "DELETE", f"{_SONG}/members/{{user}}/", "Have a user see it no more.", "share",
                  keeping.remove_member, status=204, tags=tags),
        Operation("links", "GET", f"{_SONG}/links/", "Its share links.", "share", keeping.share_links,
                  answer=told_people.LinksTold, tags=tags),
        Operation("make_link", "POST", f"{_SONG}/links/", "Make a link with which anybody may look at it.", "share",
                  keeping.make_link, body=asked.LinkAsked, is_body_needed=False,
                  answer=told_people.MadeLinkTold, status=201,
                  tags=tags),
        Operation("revoke_link", "DELETE", f"{_SONG}/links/{{link}}/", "Have a share link work no more.", "share",
                  keeping.revoke_link, status=204, tags=tags),
    ]  # fmt: skip


def _listing() -> list[Operation]:
    tags = ("lists",)
    return [
        Operation("about", "GET", "/", "What answers here, and who you are taken for.", None, lists.about,
                  answer=told.About, tags=tags, lane="quick"),
        Operation("compositions", "GET", "/compositions/", "Your songs and those shared with you, newest first.",
                  "browse", lists.compositions, query=asked.ListAsked, answer=told.CompositionPage, tags=tags,
                  lane="quick", long_with=("q",)),
        Operation("engines", "GET", "/engines/", "Who could make a song here, and what that costs.", "browse",
                  lists.engines, answer=told.EnginesTold, tags=tags),
        Operation("styles", "GET", "/styles/", "The styles there are.", "browse", lists.styles,
                  answer=told.StylesTold, tags=tags),
        Operation("batches", "GET", "/batches/", "Your batches, newest first.", "browse", lists.batches,
                  answer=told.BatchesTold, tags=tags),
        Operation("start_batch", "POST", "/batches/", "Start a batch of songs, or go on with it.", "create",
                  batching.start_batch, body=batching.StartBatchAsked, answer=batching.BatchStarted, status=202,
                  tags=("make",)),
        Operation("batch", "GET", "/batches/{batch}/", "A batch, song by song.", "browse", lists.batch,
                  answer=told.BatchSongs, problems=("not_found",), tags=tags),
        Operation("usage", "GET", "/usage/", "What you used up.", "browse", lists.usage, query=asked.UsageAsked,
                  answer=told.UsageTold, tags=tags),
    ]  # fmt: skip


def _calling_back() -> list[Operation]:
    return [
        Operation("callback", "POST", "/callbacks/{engine}/{attempt}/", "For providers: there is news of a job. "
                  "Their signature is checked, nothing else is believed.", None, calling_back.callback,
                  is_body_raw=True, status=204, tags=("callbacks",)),
    ]  # fmt: skip


def _telling() -> list[Operation]:
    read: dict[str, Any] = {"right": "browse", "tags": ("webhooks",)}
    write: dict[str, Any] = {"right": "create", "tags": ("webhooks",)}
    one, unknown = "/webhooks/{webhook}", ("not_found",)
    return [
        Operation("webhooks", "GET", "/webhooks/", "Your endpoints.", handler=hooks.webhooks,
                  answer=told_people.WebhooksTold, **read),
        Operation("make_webhook", "POST", "/webhooks/", "Name an address that is told what becomes of your songs.",
                  handler=hooks.make_webhook, body=asked.WebhookAsked, answer=told_people.MadeWebhookTold, status=201,
                  **write),
        Operation("webhook", "GET", f"{one}/", "An endpoint.", handler=hooks.webhook, answer=told_people.WebhookTold,
                  problems=unknown, **read),
        Operation("change_webhook", "PUT", f"{one}/", "Change an endpoint, switch it off or on.",
                  handler=hooks.change_webhook, body=asked.WebhookChanged, answer=told_people.WebhookTold,
                  problems=unknown,
                  **write),
        Operation("delete_webhook", "DELETE", f"{one}/", "Delete an endpoint with its log.",
                  handler=hooks.delete_webhook, status=204, problems=unknown, **write),
        Operation("rotate_webhook", "POST", f"{one}/rotate/", "A new secret; for a while the old one signs too.",
                  handler=hooks.rotate_webhook, answer=told_people.MadeWebhookTold, problems=unknown, **write),
        Operation("test_webhook", "POST", f"{one}/test/", "Send a message that says nothing.",
                  handler=hooks.check_webhook, answer=told_people.MessageTold, status=202, problems=unknown, **write),
        Operation("deliveries", "GET", f"{one}/deliveries/", "What was sent to it, and what came of it, newest first.",
                  handler=hooks.deliveries, query=asked.DeliveriesAsked, answer=told_people.DeliveriesTold,
                  problems=unknown,
                  **read),
        Operation("replay", "POST", f"{one}/replay/", "Send again what did not arrive, or one message in any case.",
                  handler=hooks.replay, body=asked.ReplayAsked, is_body_needed=False, answer=told_people.ReplayTold,
                  problems=unknown, **write),
    ]  # fmt: skip
