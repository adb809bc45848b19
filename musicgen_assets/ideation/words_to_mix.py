"""The sound of the whole mix in words: "a brighter mix", "2 dB more bass", "drier", "wider", "punchier".

Belongs here: what each of them does to the edits of mix and buses. Does not belong here: single tracks
(words_to_faders), the mood, which shares some of the words ("darker": words_to_change), finding words (wording).
"""

from __future__ import annotations

from musicgen_assets.context.edits import GAIN_MAX_DB, GAIN_MIN_DB, ROOM_MAX_DB, ROOM_MIN_DB, TONE_MAX_DB, WIDTH_MAX
from musicgen_assets.context.failures import BadInput
from musicgen_assets.ideation.edit_rules import BUSES, MIX, players_of
from musicgen_assets.ideation.reading import FIELD, Now, Reading
from musicgen_assets.ideation.wording import changes
from musicgen_assets.ideation.wording.changes import Comparative
from musicgen_assets.ideation.wording.terms import find_terms
from musicgen_assets.ideation.wording.text import Prompt

TONE_STEP_DB, ROOM_STEP_DB, WIDTH_STEP, PUNCH_STEP_DB = 2.0, 4.0, 0.2, 2.0
"""What a plain "brighter", "drier", "wider" and "punchier" come to; "a bit" halves it, "much" doubles it."""
_TONE = {
    "brighter": ("brightness_db", 1.0), "duller": ("brightness_db", -1.0), "warmer": ("warmth_db", 1.0),
    "colder": ("warmth_db", -1.0), "bassier": ("bass_db", 1.0), "less_bass": ("bass_db", -1.0),
}  # fmt: skip
_ROOM, _WIDTH, _DRUMS = f"{MIX}.reverb_db", f"{MIX}.width", f"{BUSES}.drums.gain_db"
_SIGNS = {"wider": 1.0, "narrower": -1.0, "wetter": 1.0, "drier": -1.0, "punchier": 1.0, "rounder": -1.0}
_PLAYED = ("instrument", "role", "vocals")


def mix_wish(prompt: Prompt, digits: Prompt, language: str, now: Now) -> tuple[Reading, Prompt] | None:
    """What a wish about the whole mix comes to, and the rest of the words; None where it is about something else.

    The reading is empty where an amount stands beside several things. Raises BadInput where a track or a section is
    named: they have no tone of their own.
    """
    found, rest = changes.mix_comparatives(prompt, language)
    if not found:
        return None
    _refuse_parts(prompt, rest, language)
    amount_db = changes.decibels(digits)
    reading = Reading()
    if amount_db is not None and len(found) > 1:
        return reading, rest
    for one in found:
        _turn(one, amount_db, Now(now.context, {**now.changed, **reading.overrides}), reading)
    return reading, rest


def _refuse_parts(prompt: Prompt, rest: Prompt, language: str) -> None:
    named = [term.text for term in find_terms(rest, language) if term.kind in _PLAYED]
    named += changes.sections_in(rest, language)
    if named:
        raise BadInput(
            FIELD, prompt.raw, f"tone, width and reverb are the whole mix's, and it names {', '.join(named)}",
            way_out="Say it of the mix, or move the track: louder, quieter, muted, left, right. Other wishes go apart, "
            "with a comma between.",
        )  # fmt: skip


def _turn(asked: Comparative, amount_db: float | None, now: Now, reading: Reading) -> None:
    """One thing as values, on top of what is there."""

    def add(path: str, by: float, least: float, most: float, unit: str = "") -> None:
        before = now.of(path)
        value = (0.0 if before is None else float(before)) + by
        reading.set(path, round(min(max(value, least), most), 2), asked.text, unit)

    if asked.name in _TONE:
        field, sign = _TONE[asked.name]
        by_db = amount_db if amount_db is not None else TONE_STEP_DB * asked.degree
        add(f"{MIX}.{field}", sign * by_db, -TONE_MAX_DB, TONE_MAX_DB, "dB")
        return
    if asked.name == "dry":
        reading.set(_ROOM, ROOM_MIN_DB, asked.text, "dB")
        return
    sign = _SIGNS[asked.name]
    if asked.name in ("wider", "narrower"):
        add(_WIDTH, sign * WIDTH_STEP * asked.degree, 0.0, WIDTH_MAX)
    elif asked.name in ("wetter", "drier"):
        by_db = amount_db if amount_db is not None else ROOM_STEP_DB * asked.degree
        add(_ROOM, sign * by_db, ROOM_MIN_DB, ROOM_MAX_DB, "dB")
    else:
        _refuse_without_drums(asked, now)
        by_db = amount_db if amount_db is not None else PUNCH_STEP_DB * asked.degree
        add(_DRUMS, sign * by_db, GAIN_MIN_DB, GAIN_MAX_DB, "dB")
        add(_ROOM, -sign * by_db, ROOM_MIN_DB, ROOM_MAX_DB, "dB")


def _refuse_without_drums(asked: Comparative, now: Now) -> None:
    if not any(player.bus == "drums" for player in players_of(now.context)):
        raise BadInput(
            FIELD, asked.text, "punch is the drums' before the rest, and nobody drums",
            way_out="Add drums ('with drums'), or say drier.",
        )  # fmt: skip
