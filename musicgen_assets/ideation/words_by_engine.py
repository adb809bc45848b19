"""A change said in words, read by a language model: the question, and holding its answer to the rules of every change.

Belongs here: what it is told of the song, and taking over what a revision accepts. Does not belong here: reading words
by rule (words_to_change, which does it where nobody is named), asking anybody (resources.words_asked).
"""

from __future__ import annotations

import json
from typing import Any

from musicgen_assets.context.difference import HELD
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import read_path
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.engines.answers import Change, ChangesAnswer
from musicgen_assets.engines.asking import TextRequest
from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.ideation.edit_rules import players_of
from musicgen_assets.ideation.reading import FIELD, Reading
from musicgen_assets.ideation.revision import revised, streams_of
from musicgen_assets.styles.loader import style_names

TOLD = (
    "musical.key", "musical.scale", "musical.tempo_bpm", "musical.time_signature", "musical.genres", "musical.mood",
    "musical.excluded_roles", "technical.duration_s", "technical.loudness_target_lufs", "creative.title",
    "creative.theme", "creative.has_vocals", "creative.language", "creative.voice",
)  # fmt: skip
"""Of the song as it is; each may be set."""
MAY_SET = (*TOLD, "edits.tracks", "edits.mix", "edits.buses", "musical.instruments", "creative.delivery")
"""Paths, with all that lies under them, that words may set. Money, engines and dice are not theirs to say."""
_INSTRUCTIONS = (
    "You turn a request to change a finished song into changes. kind set gives a context path its new value as JSON "
    "text; kind reroll names, in path, an asset or a section that is to be drawn anew, with value_json null. Change "
    "only what is asked for, by a step that a listener would hear. Quote in not_understood every part of the request "
    "that none of this can express; never guess. A track's level is edits.tracks.TRACK.gain_db, silence is "
    "edits.tracks.TRACK.is_muted; musical.excluded_roles lists roles that do not play."
)


def change_request(words: str, context: CompositionContext) -> TextRequest:
    """What a language model is asked about ``words`` said of the song of ``context``."""
    now = {path: _plain(read_path(context, path)) for path in TOLD}
    rerolls = [declaration.name for declaration in DECLARATIONS if declaration.streams]
    tracks = [f"{player.track} ({player.role}, {player.instrument})" for player in players_of(context)]
    text = (
        f"Request: {words}\n\nThe song now: {json.dumps(now, ensure_ascii=False)}\nTracks: {', '.join(tracks)}\n"
        f"Paths that may be set: {', '.join(MAY_SET)}\nAssets that may be drawn anew: {', '.join(rerolls)}; or a "
        f"section, such as verse 2\nStyles there are: {', '.join(style_names())}"
    )
    return TextRequest(task="words_to_change", form="changes", instructions=_INSTRUCTIONS, text=text)


def read_answer(answer: ChangesAnswer, words: str, context: CompositionContext) -> Reading:
    """What ``answer`` comes to. Raises BadInput where a part was not understood, where a change breaks a rule that a
    person's own would break, and where nothing is left to change: nothing is half done.
    """
    if answer.not_understood:
        raise BadInput(FIELD, "; ".join(answer.not_understood), "it was not understood as a change to a song")
    reading = Reading()
    for change in answer.changes:
        if change.kind == "reroll":
            streams_of([change.path])
            reading.rerolls.append(change.path)
            reading.notes.append(f"{change.path} drawn anew")
        else:
            reading.set(change.path, _value(change), "set")
    reading.rerolls = list(dict.fromkeys(reading.rerolls))
    if not (reading.overrides or reading.rerolls):
        raise BadInput(FIELD, words, "it says no change")
    revised(context, reading.overrides, streams_of(reading.rerolls))
    return reading


def _value(change: Change) -> Any:
    path = change.path
    if path.startswith(HELD) or not any(f"{path}.".startswith(f"{may}.") for may in MAY_SET):
        raise BadInput(FIELD, path, "words may not set it")
    try:
        return json.loads(change.value_json)
    except json.JSONDecodeError as error:
        raise BadInput(path, change.value_json, "it is no JSON") from error


def _plain(value: Any) -> Any:
    """A context value as JSON has it."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
