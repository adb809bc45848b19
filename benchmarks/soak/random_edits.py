"""Random edits of a song, drawn from dice: options of ``musicgen revise``, or the same as a request.

Belongs here: what may be drawn. Does not belong here: what must hold after an edit (partial, tests/soak).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from benchmarks.soak.edits import OTHER_WORDS_THAT_FALL_ALIKE, WORDS, WORDS_THAT_FALL_OTHERWISE
from musicgen_assets.context.decided import ROUTING

Context = Mapping[str, Any]

PROMPTS = (
    "solo piano", "a sad piano piece", "piano and cello", "a lullaby with a music box", "a folk tune with guitar",
    "a pop song about the sea", "ambient pads without drums", "a bossa nova at dusk", "lo-fi beat to study to",
)  # fmt: skip
"""Cheap ones mostly, and some bands."""

STREAMS = ("chord_progression", "rhythm_pattern", "lyrics", "melody", "bass_line", "arrangement")
KEYS = ("C", "D", "Eb", "F", "F#", "G", "A", "Bb")
SCALES = ("major", "minor", "dorian", "mixolydian")
STYLES = ("pop", "folk", "rock", "jazz_swing", "synthwave", "lullaby", "bossa_nova", "solo_piano", "lofi", "waltz")
PROGRESSIONS = (("I", "V", "vi", "IV"), ("i", "VI", "III", "VII"), ("ii", "V", "I", "I"))
INSTRUMENTS = {
    "bass": ("upright bass", "electric bass", "synth bass"), "lead": ("violin", "flute", "clarinet", "piano"),
    "chords": ("piano", "acoustic guitar", "organ"), "pad": ("strings", "choir"),
}  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """One edit: what is set, which dice are thrown again, and other options by name ("seed", "title")."""

    kind: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    rerolls: tuple[str, ...] = ()
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def options(self) -> tuple[str, ...]:
        """As options of ``musicgen revise``."""
        sets = [word for path, value in self.overrides.items() for word in ("--set", f"{path}={json.dumps(value)}")]
        rolls = [word for asset in self.rerolls for word in ("--reroll", asset)]
        return (*sets, *rolls, *(word for name, value in self.extras.items() for word in (f"--{name}", str(value))))


def draw(rng: Random, context: Context) -> Edit:
    """An edit of a song with this resolved ``context``; it may be one that the door refuses."""
    kind = rng.choice(list(_EDITS))
    made = _EDITS[kind](rng, context)
    return made if isinstance(made, Edit) else Edit(kind, made)


_NOTHING = object()


def leaves(context: Context, paths: Sequence[str]) -> dict[str, Any]:
    """Every leaf path of a resolved context with its value: what makes the same context from scratch. Who does what is
    left out: that is no wish, the router decides it again.
    """
    found = {}
    for path in paths:
        if path == ROUTING or path.partition(".")[0] not in context:  # "edits", where nothing was done by hand
            continue
        value: Any = context
        for part in path.split("."):
            value = value.get(part, _NOTHING)
            if value is _NOTHING:  # "wishes", where nobody wished anything
                break
        else:
            found[path] = value
    return found


def _one(path: str, *values: Any) -> Callable[[Random, Context], dict[str, Any]]:
    return lambda rng, _context: {path: rng.choice(values)}


def _number(path: str, low: float, high: float, digits: int) -> Callable[[Random, Context], dict[str, Any]]:
    return lambda rng, _context: {path: round(rng.uniform(low, high), digits)}


def _reroll(rng: Random, _context: Context) -> Edit:
    return Edit("reroll", rerolls=tuple(rng.sample(STREAMS, rng.choice((1, 1, 2)))))


def _styles(rng: Random, _context: Context) -> dict[str, Any]:
    names = rng.sample(STYLES, rng.choice((1, 2, 3)))
    return {"musical.genres": [{"name": name, "weight": rng.randint(1, 9)} for name in names]}


def _instrument(rng: Random, context: Context) -> dict[str, Any]:
    playing = [player["role"] for player in context["musical"]["instruments"] if player["role"] in INSTRUMENTS]
    role = rng.choice(playing or ["lead"])
    return {f"musical.instruments.{role}": rng.choice(INSTRUMENTS[role])}


def _without(rng: Random, context: Context) -> dict[str, Any]:
    roles = sorted({player["role"] for player in context["musical"]["instruments"]})
    return {"musical.excluded_roles": [rng.choice(roles)]}


def _structure(rng: Random, _context: Context) -> dict[str, Any]:
    kinds = rng.choice((("verse", "chorus"), ("intro", "verse", "chorus", "outro"), ("chorus", "verse", "chorus")))
    return {"musical.structure": [{"kind": kind} for kind in kinds]}


def _two(rng: Random, context: Context) -> Edit:
    """Two edits in one request."""
    first, second = (draw(rng, context) for _ in range(2))
    return Edit(
        f"{first.kind} and {second.kind}", {**first.overrides, **second.overrides},
        tuple(dict.fromkeys(first.rerolls + second.rerolls)), {**first.extras, **second.extras},
    )  # fmt: skip


_EDITS: dict[str, Callable[[Random, Context], dict[str, Any] | Edit]] = {
    "loudness": _number("technical.loudness_target_lufs", -20.0, -9.0, 1),
    "ceiling": _one("technical.true_peak_ceiling_dbtp", -1.0, -1.5, -2.0),
    "formats": _one("technical.formats", ["wav"], ["wav", "ogg"], ["wav", "flac", "mp3", "ogg"], ["mp3"]),
    "depth": _one("technical.bit_depth", 16, 24, 32),
    "rate": _one("technical.sample_rate_hz", 44_100, 48_000),
    "channels": _one("technical.channels", 1, 2),
    "duration": _number("technical.duration_s", 30.0, 40.0, 0),
    "tempo": _number("musical.tempo_bpm", 70.0, 140.0, 0),
    "key": _one("musical.key", *KEYS),
    "scale": _one("musical.scale", *SCALES),
    "meter": _one("musical.time_signature", "4/4", "3/4", "6/8"),
    "mood": _number("musical.mood.valence", 0.1, 0.9, 2),
    "arousal": _number("musical.mood.arousal", 0.1, 0.9, 2),
    "progression": _one("musical.chord_progression", *map(list, PROGRESSIONS)),
    "styles": _styles,
    "instrument": _instrument,
    "without": _without,
    "structure": _structure,
    "words": _one("creative.lyrics", WORDS, OTHER_WORDS_THAT_FALL_ALIKE, WORDS_THAT_FALL_OTHERWISE),
    "voice": _one("creative.has_vocals", True, False),
    "register": _one("creative.voice", "low", "middle", "high"),
    "title": _one("creative.title", "Another Shore", "Nightfall", "1984"),
    "theme": _one("creative.theme", "the sea", "going home", "a summer night"),
    "language": _one("creative.language", "en", "de", "es", "fr", "pt"),
    "reroll": _reroll,
    "seed": lambda rng, _context: Edit("seed", extras={"seed": rng.randrange(1_000_000)}),
    "nothing": lambda _rng, _context: Edit("nothing"),
    "two at once": _two,
}
