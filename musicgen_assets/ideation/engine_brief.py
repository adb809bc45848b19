"""The context of a song in the words that engines of sound are asked in.

Belongs here: which of a context's decisions become words, and which words. Does not belong here: a provider's own
fields and limits (resources.providers).
"""

from __future__ import annotations

import hashlib

from musicgen_assets.context.decided import TAKE_STREAM
from musicgen_assets.context.limits import SEED_MAX
from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.engines.brief import EngineBrief
from musicgen_assets.ideation.enhancer import describe
from musicgen_assets.ideation.routing import SONG, VOCALS, need_of

_MOOD_WORDS = (("dark", "melancholic"), ("bittersweet", "reflective"), ("bright", "warm"))
"""By valence, low to high."""
_ENERGY_WORDS = ("calm", "mid-tempo", "energetic")
"""By arousal."""
_STYLES_MAX = 24


def engine_brief(context: CompositionContext) -> EngineBrief:
    """What engines are told of ``context``. Pure."""
    musical, creative = context.musical, context.creative
    slot = VOCALS if VOCALS in context.ai_decisions.generation.routing else SONG
    words = [genre.name.replace("_", " ") for genre in sorted(musical.genres, key=lambda genre: -genre.weight)]
    words += _mood_words(musical.mood)
    words += [player.name.replace("_", " ") for player in musical.instruments]
    words += [*creative.style_modifiers, f"{musical.tempo_bpm:g} BPM", f"{musical.key} {musical.scale}"]
    words += [_voice_words(creative.voice)] if creative.has_vocals else ["instrumental"]
    return EngineBrief(
        title=creative.title,
        description=describe(context),
        styles=tuple(dict.fromkeys(words))[:_STYLES_MAX],
        avoided=tuple(role.replace("_", " ") for role in musical.excluded_roles),
        language=creative.language,
        voice=creative.voice,
        has_vocals=creative.has_vocals,
        key=musical.key,
        scale=musical.scale,
        duration_s=context.technical.duration_s,
        seed=_seed(context),
        need=need_of(context, slot).model_dump(mode="json"),
        wishes=context.ai_decisions.generation.wishes,
    )


def _seed(context: CompositionContext) -> int:
    """The version's own; of a take that is bought anew, another that follows from it and from how often it was."""
    generation = context.ai_decisions.generation
    count = generation.rerolls.get(TAKE_STREAM, 0)
    if not count:
        return generation.seed
    digest = hashlib.sha256(f"{generation.seed}|{TAKE_STREAM}|{count}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % (SEED_MAX + 1)


def _mood_words(mood: Mood) -> list[str]:
    return [*_MOOD_WORDS[_third(mood.valence)], _ENERGY_WORDS[_third(mood.arousal)]]


def _third(value: float) -> int:
    return 0 if value < 0.4 else 1 if value < 0.6 else 2


def _voice_words(voice: str) -> str:
    return {"low": "low male voice", "middle": "warm voice", "high": "high female voice"}[voice]
