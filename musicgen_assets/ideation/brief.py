"""The request as accepted: its words, overrides, seed and moderation, and the rules it must meet.

Belongs here: accepting or refusing a request, purely. Does not belong here: what its words mean (enhancer),
limits of one installation (the door).
"""

from __future__ import annotations

from typing import Any

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest, check_prompt, check_text
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.job import CheckResult, Job, Outcome
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.edit_rules import refuse_held
from musicgen_assets.ideation.enhancer import propose
from musicgen_assets.ideation.overrides import normalise_overrides
from musicgen_assets.ideation.resolver import resolve
from musicgen_assets.ideation.revision import revised_of
from musicgen_assets.ideation.wording.moderation import moderate

WORDING = ("prompt", "title", "overrides", "seed")
_SHOWN_CHARACTERS = 200
_LYRICS_WAY_OUT = "Write the words one line a row, or leave the lyrics out."


def make_brief(job: Job) -> Outcome:
    """The ideation/brief artifact. Raises BadInput.

    Role "main": {prompt, title, overrides, seed, moderation}, for a revision also {revision: {base, overrides,
    streams}}; role "wording": what prompt understanding reads, which a plain revision leaves as it is.
    """
    content = brief_of(job.data("request"))
    context = accept(content)
    facts: dict[str, float | int | str | bool] = {
        "prompt": content["prompt"][:_SHOWN_CHARACTERS],
        "seed": content["seed"],
        "overrides": len(content["overrides"]),
        "is_explicit": content["moderation"]["is_explicit"],
        "duration_s": context.technical.duration_s,
    }
    check = CheckResult("brief_is_legal", passed=True, measured="accepted", expected="within limits")
    wording = {name: content[name] for name in WORDING}
    return Outcome([json_payload(content), json_payload(wording, "wording")], facts=facts, checks=[check])


def validate_request(request: CompositionRequest) -> CompositionContext:
    """The context ``request`` resolves to. Raises BadInput, naming field, value, rule and way out. Pure."""
    return accept(brief_of(request.model_dump(mode="python")))


def brief_of(request: dict[str, Any]) -> dict[str, Any]:
    """The brief of a request as a dict: texts checked and trimmed, overrides in the context's spelling."""
    prompt = check_prompt(request["prompt"])
    title = request.get("title")
    if title is not None:
        check_text("title", title)
        title = title.strip()
        if not title:
            raise BadInput("title", request["title"], "it must not be blank", way_out="Leave it out, or write one.")
    refuse_held(request.get("overrides") or {})
    overrides = normalise_overrides(request.get("overrides") or {})
    revision = request.get("revision")
    lyrics = {**overrides, **(revision["overrides"] if revision else {})}.get("creative.lyrics")
    if isinstance(lyrics, str):
        check_text("creative.lyrics", lyrics, _LYRICS_WAY_OUT)
        if not lyrics.strip():
            raise BadInput("creative.lyrics", lyrics, "there are no words in it", way_out=_LYRICS_WAY_OUT)
    return {
        "prompt": prompt,
        "title": title,
        "overrides": overrides,
        "seed": int(request.get("seed") or 0),
        "moderation": moderate(" \n".join(text for text in (prompt, title, lyrics) if isinstance(text, str))),
        **({"revision": revision} if revision else {}),
    }


def accept(brief: dict[str, Any]) -> CompositionContext:
    """The context the brief resolves to. Raises BadInput if there is none."""
    if "revision" in brief:
        return revised_of(brief["revision"])
    return resolve(brief, propose(brief["prompt"], brief["overrides"]).parameters)
