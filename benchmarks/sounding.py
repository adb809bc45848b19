"""Whole songs in memory, from a prompt to a judged master: what proofs of delivery start from.

Belongs here: making one. Does not belong here: measuring it, Dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.graph.declarations import until
from musicgen_assets.graph.memory_job import MemoryStore
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.brief import validate_request
from resources.instruments import instruments_of
from resources.voices import guide_voice

DURATION_S = "technical.duration_s"


def sounding_song(
    prompt: str, duration_s: float, seed: int = 1, overrides: Mapping[str, Any] | None = None
) -> MemoryStore:
    """The song of ``prompt``, composed, played, mixed, mastered and judged; what the gate forbids is waived.

    Raises BadInput as the door does.
    """
    asked = {DURATION_S: duration_s, **(overrides or {})}
    request = CompositionRequest(prompt=prompt, seed=seed, overrides=asked)
    context = validate_request(request)
    store = MemoryStore(context)
    store.data["instruments"] = instruments_of(None)
    store.data["voice"] = guide_voice()
    store.data["version"] = {"composition": "proof", "version": 1, "parent": None, "partition": "proof@v1"}
    store.put("ideation/brief", json_payload({"prompt": prompt, "seed": seed}))
    store.put("ideation/enhanced_prompt", json_payload({"reasoning_trace": [], "confidence": 1.0}))
    store.put("ideation/context", json_payload(context))
    for declaration in until("mastering"):
        if declaration.stage != "ideation" and declaration.key != "production/preview":
            store.run(declaration.key)
    failed = [one["name"] for one in store.json("mastering/analysis", "verdict")["checks"] if not one["passed"]]
    store.data["waivers"] = [{"check": name, "who": "proof", "why": "not what is measured here"} for name in failed]
    return store
