"""Faders in words: "bass 3 dB louder", "mute the drums", "no drums in the verse", "guitar to the left".

Belongs here: which tracks and sections a wish names, and what it does to them. Does not belong here: changes to the
song itself (words_to_change), finding words (wording).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from musicgen_assets.arrangement.band import MELODY
from musicgen_assets.context.edits import GAIN_MAX_DB, GAIN_MIN_DB
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import Instrument
from musicgen_assets.ideation.edit_rules import TRACKS, Player, players_of
from musicgen_assets.ideation.players import is_refused
from musicgen_assets.ideation.reading import FIELD, Now, Reading
from musicgen_assets.ideation.wording import changes
from musicgen_assets.ideation.wording.changes import Comparative
from musicgen_assets.ideation.wording.terms import Term, find_terms
from musicgen_assets.ideation.wording.text import Prompt, read_prompt

GAIN_STEP_DB = 3.0
"""What a plain "louder" comes to for one track; "a bit" halves it, "much" doubles it."""
ASIDE = 0.5
"""Where "to the left" stands."""
_PANS = {"left": -ASIDE, "right": ASIDE, "centre": 0.0}
_NAMED = ("instrument", "role", "vocals")


def fader_wish(
    wish: str, digits: Prompt, language: str, now: Now, comparatives: Sequence[Comparative]
) -> Reading | None:
    """What a wish about single tracks comes to: empty where it says several things, None where it is about the song.

    Raises BadInput, with the tracks there are, for a track that nobody plays.
    """
    prompt = read_prompt(wish)
    terms = [term for term in find_terms(prompt, language) if term.kind in _NAMED]
    is_melody = changes.asset_words(prompt, language, "melody") and not changes.anew(prompt, language)
    if not terms and not is_melody:
        return None
    said, sections = changes.fader_words(prompt, language), changes.sections_in(digits, language)
    is_gone = bool(terms) and all(term.is_negated for term in terms)
    is_level = len(comparatives) == 1 and comparatives[0].name in ("louder", "quieter")
    is_mute = bool(said & {"mute", "unmute"}) or (is_gone and bool(sections))
    if len(comparatives) > 1 and any(one.name in ("louder", "quieter") for one in comparatives):
        return Reading()
    if comparatives and not is_level:
        return None
    if not (is_level or is_mute or (said & set(_PANS) and not sections)):
        return None
    reading = Reading()
    for player in _players(terms, now, wish, is_melody=is_melody):
        for path in _places(player.track, sections):
            if is_level:
                _turn(path, comparatives[0], digits, now, reading)
            elif is_mute:
                reading.set(f"{path}.is_muted", "unmute" not in said, f"{player.track} {_word(said)}")
            else:
                side = next(name for name in _PANS if name in said)
                reading.set(f"{path}.pan", _PANS[side], f"{player.track} {side}")
    return reading


def _word(said: frozenset[str]) -> str:
    return "heard again" if "unmute" in said else "muted"


def _turn(path: str, asked: Comparative, digits: Prompt, now: Now, reading: Reading) -> None:
    amount = changes.decibels(digits)
    by_db = (amount if amount is not None else GAIN_STEP_DB * asked.degree) * (1.0 if asked.name == "louder" else -1.0)
    gain_db = float(now.of(f"{path}.gain_db") or 0.0) + by_db
    reading.set(f"{path}.gain_db", round(min(max(gain_db, GAIN_MIN_DB), GAIN_MAX_DB), 2), asked.text, "dB")


def _places(track: str, sections: Sequence[str]) -> list[str]:
    base = f"{TRACKS}.{track}"
    return [f"{base}.sections.{section}" for section in sections] if sections else [base]


def _players(terms: Sequence[Term], now: Now, wish: str, *, is_melody: bool) -> list[Player]:
    """The tracks that are named, each once. Raises BadInput for a term that nobody answers to."""
    players = players_of(now.context)
    found = [player for player in players if is_melody and player.track == MELODY]
    for term in terms:
        own = [player for player in players if _is_named(term.kind, term.value, player)]
        if not own:
            names = ", ".join(player.track for player in players)
            raise BadInput(FIELD, wish, f"nobody plays {term.text}", way_out=f"The tracks are: {names}.")
        found += own
    return list(dict.fromkeys(found))


def _is_named(kind: str, value: Any, player: Player) -> bool:
    if kind == "vocals":
        return player.role == "vocal"
    if kind == "role":
        return player.role in value
    return player.role != "vocal" and is_refused(
        Instrument(role=player.role, name=player.instrument, program=player.program), (value.name,)
    )
