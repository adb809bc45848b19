"""What nobody asked for, derived from what was: style, key, tempo, meter, band, form.

Belongs here: musical choices from a blended style, mood and wishes. Does not belong here: reading words
(the finders), overrides and validation (resolver).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from musicgen_assets.context import limits
from musicgen_assets.context.schema import Mood, Scale, WeightedGenre
from musicgen_assets.ideation.players import has_player
from musicgen_assets.ideation.wording.lexicon import common
from musicgen_assets.styles.loader import every_style, style_names
from musicgen_assets.styles.schema import Style
from musicgen_assets.theory.scales import mode_family

WORD_SHARE = 0.8
"""How far mood words outweigh the mood at which a style is at home."""
_MINOR_TILT = 2.2
"""How much a fully sad or happy mood multiplies the odds of minor or major."""
_BRIGHTNESS: Mapping[Scale, float] = {
    "phrygian": -1.2, "minor": -1.0, "dorian": -0.75, "mixolydian": 0.75, "major": 1.0, "lydian": 1.1,
}  # fmt: skip
"""How sharp a scale is among the modes of one tonic, flats first: the order in which they sound brighter
(Temperley and Tan 2013, but for lydian, which they found less happy than major); the distances are rules of thumb."""
_VALENCE_IN_DRIVE = 0.15
_TEMPO_JITTER = 0.02
_INSTRUMENT_PULL, _METER_PULL, _CROWD_PUSH, _DERIVED_PUSH = 0.5, 0.6, 0.05, 0.15
"""In units of mood distance: having all wanted instruments, being at home in the meter, each player too many, being a
variety of another style (one asks for those by name)."""


def generator(seed: int, prompt: str, purpose: str) -> np.random.Generator:
    """Random numbers for one choice, from seed, prompt and its name, so that no choice moves another."""
    digest = hashlib.sha256(f"{seed}|{prompt}|{purpose}".encode("utf-8", "surrogatepass")).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def nearest_style(
    mood: Mood | None,
    instruments: Sequence[str],
    meter: str | None,
    *,
    is_only: bool = False,
    avoided: Collection[str] = (),
) -> str | None:
    """The style that suits the mood, instruments and meter best, by name; None if there is nothing to go by."""
    styles = [style for style in every_style() if style.name not in avoided]
    if (mood is None and not instruments and meter is None) or not styles:
        return None
    return min(styles, key=lambda style: (_distance(style, mood, instruments, meter, is_only), style.name)).name


def _distance(style: Style, mood: Mood | None, instruments: Sequence[str], meter: str | None, is_only: bool) -> float:
    far = -float(common()["familiar"].get(style.name, 0.0)) + _DERIVED_PUSH * (style.inherits is not None)
    if mood is not None:
        far += abs(style.mood.valence - mood.valence) + abs(style.mood.arousal - mood.arousal)
    if instruments:
        hits = sum(has_player(style, name) for name in instruments)
        far -= _INSTRUMENT_PULL * hits / len(instruments)
        far += _CROWD_PUSH * len(style.instruments) * is_only
    if meter is not None:
        far -= (
            _METER_PULL
            * sum(share for name, share in style.meters.items() if name == meter)
            / sum(style.meters.values())
        )
    return far


def genres_without(avoided: Sequence[str]) -> str:
    """The first of the default styles (data/common.yaml), or the first other one where they are refused."""
    known = style_names()
    names = [*common()["default_styles"], *known]
    return next((name for name in names if name not in avoided and name in known), known[0])


def mood_in(style: Style, words: Mood | None) -> Mood:
    """Mood of the song: mostly the words', a little the style's."""
    if words is None:
        return style.mood
    return Mood(
        valence=round(WORD_SHARE * words.valence + (1 - WORD_SHARE) * style.mood.valence, 3),
        arousal=round(WORD_SHARE * words.arousal + (1 - WORD_SHARE) * style.mood.arousal, 3),
    )


def tempo_in(style: Style, mood: Mood, position: float | None, rng: np.random.Generator, lean: float = 0.0) -> float:
    """Whole beats a minute. ``position`` (0 slow, 1 fast, a little beyond both ends allowed) beats the mood.

    Drive is arousal with a little valence (excited and happy music is fast, Gabrielsson and Lindstroem 2010; the shares
    are rules of thumb). At the style's home it gives its typical tempo; more or less moves towards the ends of the
    range, never backwards. ``lean``: share of the range added, by the decade.
    """
    tempo = style.tempo_bpm
    jitter = 1.0 + _TEMPO_JITTER * float(rng.uniform(-1.0, 1.0))
    if position is not None:
        bpm = tempo.low + (tempo.high - tempo.low) * position
        return float(min(max(round(bpm), limits.TEMPO_MIN_BPM), limits.TEMPO_MAX_BPM))
    home, drive = min(max(_drive(style.mood), 0.05), 0.95), _drive(mood)
    if drive <= home:
        bpm = tempo.low + (tempo.typical - tempo.low) * drive / home
    else:
        bpm = tempo.typical + (tempo.high - tempo.typical) * (drive - home) / (1.0 - home)
    bpm += lean * (tempo.high - tempo.low)
    bpm = min(max(round(bpm * jitter), tempo.low), tempo.high)
    return float(min(max(round(bpm), limits.TEMPO_MIN_BPM), limits.TEMPO_MAX_BPM))


def _drive(mood: Mood) -> float:
    return (1.0 - _VALENCE_IN_DRIVE) * mood.arousal + _VALENCE_IN_DRIVE * mood.valence


def scale_in(style: Style, valence: float, rng: np.random.Generator) -> Scale:
    """A scale of the style, drawn by its weights, tilted to the dark ones by sadness and to the bright by joy.

    One number is drawn, whatever the valence, and scales stand in order of brightness: for equal dice a happier mood
    never gives a darker scale.
    """
    scales = sorted(style.scales, key=lambda scale: (_BRIGHTNESS[scale], scale))
    odds = np.array([_tilted(style.scales[scale], scale, valence) for scale in scales], dtype=np.float64)
    reached = np.cumsum(odds / odds.sum())
    return scales[min(int(np.searchsorted(reached, float(rng.random()), side="right")), len(scales) - 1)]


def _tilted(weight: float, scale: Scale, valence: float) -> float:
    lean = (valence - 0.5) * 2.0
    return max(float(weight), 1e-6) * math.pow(_MINOR_TILT, 2.0 * _BRIGHTNESS[scale] * lean)


def tonic_in(scale: str, rng: np.random.Generator) -> str:
    """A tonic people like to play in, drawn."""
    weights: dict[str, float] = common()["tonics"][mode_family(scale)]
    names = sorted(weights)
    odds = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(rng.choice(len(names), p=odds / odds.sum()))]


def meter_in(style: Style) -> str:
    """The style's own meter: the one with the largest weight."""
    return max(style.meters, key=lambda meter: (style.meters[meter], meter))


def shares(genres: Sequence[Mapping[str, object]]) -> tuple[WeightedGenre, ...]:
    """Genres as the context holds them."""
    return tuple(WeightedGenre.model_validate(dict(genre)) for genre in genres)
