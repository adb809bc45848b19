"""Every engine with what it can do and how it stands here, as plain rows for command line, API and doctor.

Belongs here: putting capabilities, configuration, recent attempts and health side by side. Does not belong here:
drawing tables (cli), choosing (musicgen_assets.engines.router).
"""

from __future__ import annotations

from typing import Any

from musicgen_assets.engines.capabilities import BUILT_IN, Capabilities, engines
from resources.providers.adapters import ConfiguredAdapters
from resources.registry import open_registry
from resources.routing import Routing
from resources.settings import Settings


def engine_rows(settings: Settings, *, is_checked: bool = False) -> list[dict[str, Any]]:
    """One row an engine, in the order of the list. ``is_checked`` asks those that are configured, which takes seconds.

    ``stands`` says it for people: "ready", what is missing, or until when it is left alone.
    """
    from resources.layout import ensure_home

    ensure_home(settings)
    adapters = ConfiguredAdapters(settings)
    routing = Routing(open_registry(settings), adapters, settings.routing, settings.budgets)
    return [_row(engine, adapters, routing, is_checked=is_checked) for engine in engines().values()]


def _row(engine: Capabilities, adapters: ConfiguredAdapters, routing: Routing, *, is_checked: bool) -> dict[str, Any]:
    plain: dict[str, Any] = engine.model_dump(mode="json")
    standing = None if engine.name not in adapters.names() else routing.standing_of(engine.name)
    missing = "" if engine.name == BUILT_IN else "no adapter yet"
    if engine.name in adapters.names():
        missing = adapters.missing(engine.name)
    stands = missing or "ready"
    if standing is not None and standing.open_until:
        stands = f"left alone until {standing.open_until}: it kept failing"
    if is_checked and not missing and engine.name != BUILT_IN:
        stands = f"{stands}; {_asked(adapters, engine.name)}"
    recent = None if standing is None else standing.model_dump(mode="json")
    return {**plain, "is_ready": not missing, "stands": stands, "recent": recent}


def _asked(adapters: ConfiguredAdapters, name: str) -> str:
    """What the engine itself says now."""
    health = adapters.health(name)
    if health.is_reachable is False:
        return f"does not answer: {health.why}"
    balance = "" if health.balance_usd is None else f", ${health.balance_usd} left there"
    return f"{'answers' if health.is_reachable else 'not asked: it has no call that is free'}{balance}"
