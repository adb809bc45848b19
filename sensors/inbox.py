"""Takes files of requests out of the inbox: a folder, or a prefix of a bucket.

Belongs here: when to look, how long, what to say about it. Does not belong here: reading and answering the files
(resources.inbox), launching what was accepted (the sensor "requests").
"""

# No postponed annotations here: Dagster inspects the annotation of a sensor's context argument itself.

import json
from typing import Any

import dagster as dg

from musicgen_assets.context.failures import Failure
from resources.inbox.folder import Inbox
from resources.inbox.taking import Look, take
from resources.registry import open_registry
from resources.settings import get_settings

INTERVAL_S = 5
"""Dagster looks at a sensor no more often than this, whatever is asked for."""

BUDGET_S = 20.0
"""A tick that takes longer than a minute is given up by Dagster."""

_done: dict[str, dict[str, str]] = {}
"""By inbox: the answered files, for as long as this process lives. Not in the cursor, which every tick writes down."""

_NAMED = 5
"""Of so many files a tick's note says the names."""


@dg.sensor(
    name="inbox",
    minimum_interval_seconds=INTERVAL_S,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Files of requests (JSON, JSON lines, CSV): each row goes through the door, each file is answered by "
    "a .result.json beside it.",
)
def inbox(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Take what is there, and say what came of it; runs are never asked for here."""
    settings = get_settings()
    before = _cursor(context.cursor)
    try:
        place = Inbox(settings.inbox_url)
        look = take(
            place, open_registry(settings), settings, before["seen"], before["last"], BUDGET_S, _done.get(place.url)
        )
    except Failure as failure:
        return dg.SkipReason(f"The inbox was not read: {failure}")
    _done[place.url] = look.done
    context.update_cursor(json.dumps({"seen": look.seen, "last": look.last}))
    return dg.SkipReason(in_words(look, place.url))


def in_words(look: Look, url: str) -> str:
    """What a look found, in one line."""
    parts = []
    if look.accepted or look.refused:
        parts.append(f"{look.accepted} requests accepted, {look.refused} refused")
    for files, what in ((look.answered, "answered"), (look.waiting, "to be taken next"), (look.troubles, "in trouble")):
        if files:
            more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
            parts.append(f"{what}: {'; '.join(files[:_NAMED])}{more}")
    return ". ".join(parts) or f"No file of requests in {url}."


def _cursor(text: str | None) -> dict[str, Any]:
    """The cursor as this sensor leaves it; another one counts for nothing, which costs one look."""
    try:
        found = json.loads(text or "{}")
    except json.JSONDecodeError:
        found = {}
    seen, last = (found.get("seen"), found.get("last")) if isinstance(found, dict) else (None, None)
    return {"seen": seen if isinstance(seen, dict) else {}, "last": last if isinstance(last, str) else ""}
