"""Words about a change put to a language model before the request is made, so that people see how they were taken.

Belongs here: asking within the parent's money, and what is done where that fails. Does not belong here: the question
and the rules of an answer (ideation.words_by_engine), the offline grammar (ideation.words_to_change).
"""

from __future__ import annotations

import json

from musicgen_assets.context.failures import BadInput, Failure
from musicgen_assets.context.request import RevisionRequest, UnderstoodWords
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.answers import ChangesAnswer
from musicgen_assets.engines.capabilities import BUILT_IN, capabilities_of
from musicgen_assets.engines.router import Need
from musicgen_assets.graph.job import Ask
from resources.registry import queries
from resources.studio import Studio

SLOT = "words_to_change"


def understood(
    studio: Studio, request: RevisionRequest, engine: str | None, *, has_fallback: bool = True,
    budget_usd: str | None = None,
) -> tuple[RevisionRequest, str]:  # fmt: skip
    """``request`` with its words as ``engine`` reads them, and for people what kept it from that, "" for nothing.

    ``engine`` None takes whom the settings prefer for words_to_change; without anybody, or where it fails and
    ``has_fallback``, the request stays as it is and the offline grammar reads it. The same words about the same song
    are paid for once. Raises BadInput for an engine that reads no words, and what failed where there is no fallback.
    """
    name = engine or studio.settings.routing.preferred.get(SLOT, BUILT_IN)
    if request.words is None or name == BUILT_IN:
        return request, ""
    capable = capabilities_of(name)
    if SLOT not in capable.tasks:
        raise BadInput("--engine", name, f"it does {', '.join(capable.tasks)}", way_out="See musicgen engines.")
    try:
        return _asked(studio, request, request.words, name, budget_usd), ""
    except Failure as failure:
        if not has_fallback or not studio.settings.features.multi_provider_routing:
            raise
        return request, f"{name} could not read the words, and the offline grammar does: {failure}"


def _asked(
    studio: Studio, request: RevisionRequest, words: str, engine: str, budget_usd: str | None
) -> RevisionRequest:  # fmt: skip
    from musicgen_assets.ideation.words_by_engine import change_request, read_answer

    desk = studio.runner.desk
    with studio.registry.reading() as session:
        parent = queries.resolve_version(session, request.version)
        partition, plain = parent.partition, parent.context
    if desk is None or plain is None:
        raise BadInput("version", partition, "its context was never resolved, so there is nothing to start from")
    context = CompositionContext.model_validate(plain)
    ask = Ask(
        SLOT, engine, change_request(words, context).model_dump(mode="json"),
        Need(task="words_to_change").model_dump(mode="json"), has_fallback=False, budget_usd=budget_usd,
    )  # fmt: skip
    refs = desk.answer(partition, ask, studio.runner.known_manifest, lambda *_: None)
    data = studio.store.get(next(ref.sha256 for ref in refs if ref.role == "answer"))
    reading = read_answer(ChangesAnswer.model_validate(json.loads(data)), words, context)
    told = UnderstoodWords(
        engine=engine, overrides=reading.overrides, rerolls=tuple(reading.rerolls), notes=tuple(reading.notes)
    )
    return request.model_copy(update={"understood": told})
