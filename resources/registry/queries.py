"""Everything that is asked of the registry, in one place to import from. Each query takes a Session first."""

from resources.registry.compositions import (
    Page,
    add_composition,
    add_version,
    ensure_user,
    get_composition,
    get_request,
    get_version,
    list_compositions,
    list_versions,
    open_requests,
    partition_of,
    record_context,
    request_of,
    resolve_version,
    start_composition,
    take_user_for_known,
)
from resources.registry.ledger import (
    add_waiver,
    attempt_called,
    attempt_finished,
    attempt_submitted,
    attempts_of,
    events_of,
    open_attempt,
    plan_attempt,
    record_event,
    record_usage,
    waivers_of,
)
from resources.registry.results import (
    KnownMaterialization,
    KnownResult,
    find_result,
    latest_materialization,
    made_from,
    materialization_history,
    materializations_of,
    record_materialization,
    record_result,
    typical_seconds,
)
from resources.registry.stages import rebuild_stage_states, stage_states_of

__all__ = [
    "KnownMaterialization", "KnownResult", "Page", "add_composition", "add_version", "add_waiver",
    "attempt_called", "attempt_finished", "attempt_submitted", "attempts_of", "ensure_user", "events_of", "find_result",
    "get_composition", "get_request", "get_version", "latest_materialization", "list_compositions", "list_versions",
    "made_from", "materialization_history", "materializations_of", "open_attempt", "open_requests", "partition_of",
    "plan_attempt", "rebuild_stage_states", "record_context", "record_event", "record_materialization",
    "record_result", "record_usage", "request_of", "resolve_version", "stage_states_of",
    "start_composition", "take_user_for_known", "typical_seconds", "waivers_of",
]  # fmt: skip
