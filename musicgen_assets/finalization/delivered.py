"""What a release says of a song that another engine delivered: whose terms, whose words when, what the plan is then.

Belongs here: reading the take's record for it. Does not belong here: the record itself (production.delivered), texts
for songs of the built-in engine (licence, words).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from musicgen_assets.engines.capabilities import engines
from musicgen_assets.finalization.words import SungLine
from musicgen_assets.production.delivered import DELIVERED
from musicgen_assets.production.hybrid_vocal import VOCALS
from musicgen_assets.score.word_match import matched

NOTE_PLAN = "score.mid, the lead sheet and the scores of the writing are the plan that {engine} was given."
NOTE_TIMES = "The times of the words are those of the plan: {engine} did not say when it sings which."


def delivery_of(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What the engine said with its song; None where the built-in engine played it."""
    found: Mapping[str, Any] | None = record.get(DELIVERED)
    return found


def voice_of(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What is known of another engine's voice that sings over the built-in band; None where none does."""
    found: Mapping[str, Any] | None = record.get(VOCALS)
    return found if found is not None and found["is_used"] else None


def terms_of(record: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """Whose terms say what may be done with the song (a title, {licence, terms_url}): of who made it, or sings in it.

    None where it is the user's own.
    """
    if (delivery := delivery_of(record)) is not None:
        return engine_title(record), delivery
    voice = voice_of(record)
    return None if voice is None else (engine_title(voice), voice)


def sung_words(record: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
    """[text, start_s, end_s] of what another engine sings, as far as it said; else nothing."""
    found: Sequence[Sequence[Any]] = (delivery_of(record) or voice_of(record) or {}).get("words", ())
    return found


def engine_title(record: Mapping[str, Any]) -> str:
    """The engine's name for people, with its model."""
    engine = engines().get(str(record.get("engine", "")))
    name = engine.title if engine is not None else str(record.get("engine", ""))
    return f"{name} ({record['model']})" if record.get("model") else name


def delivered_notes(record: Mapping[str, Any], *, is_sung: bool) -> list[str]:
    """What has to be known of such a song: how it was fitted, what its plan is, what the engine did not honour."""
    delivery = delivery_of(record)
    if delivery is None:
        return []
    title = engine_title(record)
    notes = [NOTE_PLAN.format(engine=title)]
    if is_sung and not delivery["words"]:
        notes.append(NOTE_TIMES.format(engine=title))
    if delivery["fitted"]:
        notes.append(f"To fit, the song was changed: {', '.join(delivery['fitted'])}.")
    unmet = delivery["facts"].get("not_honoured") or []
    if unmet:
        notes.append(f"Asked for and not to be had there: {', '.join(map(str, unmet))}.")
    taken = record.get("took_over")
    if taken:
        notes.append(f"{title} took over from {taken['from']}, which failed: {taken['why']}")
    return notes


def heard_lines(lines: Sequence[SungLine], words: Sequence[Sequence[Any]]) -> tuple[SungLine, ...]:
    """``lines`` at the times of ``words`` ([text, start_s, end_s] in order), matched word by word.

    A line of which no word was matched was not sung as planned, and is left out. Without ``words``, as planned.
    """
    if not words:
        return tuple(lines)
    planned = [(number, text) for number, line in enumerate(lines) for text in line.text.split()]
    hits: dict[int, list[int]] = {}
    for mine, theirs in matched([text for _, text in planned], [str(row[0]) for row in words]):
        hits.setdefault(planned[mine][0], []).append(theirs)
    found = []
    for number, places in sorted(hits.items()):
        first, last = words[places[0]], words[places[-1]]
        timed = tuple((float(words[place][1]), str(words[place][0])) for place in places)
        found.append(replace(lines[number], start_s=float(first[1]), end_s=float(last[2]), words=timed))
    return tuple(found)
