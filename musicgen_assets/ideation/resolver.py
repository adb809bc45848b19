"""The context of a version: what was understood, what was derived, and overrides over all of it.

Belongs here: putting the proposal together in order and validating it. Does not belong here: reading the
prompt (enhancer), the single choices (proposal, players, structure).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from musicgen_assets.arrangement.pace import fitting_tempo
from musicgen_assets.composition.lyrics_theme import title_about
from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import apply_overrides, context_of, refuse_wrong_kinds
from musicgen_assets.context.schema import CompositionContext, Mood, Role, SectionKind, WeightedGenre
from musicgen_assets.graph.job import CheckResult
from musicgen_assets.ideation.edit_rules import check_edits
from musicgen_assets.ideation.eras import aged, eras
from musicgen_assets.ideation.overrides import normalise_overrides
from musicgen_assets.ideation.players import MELODIC_ROLES, Wishes, band_of
from musicgen_assets.ideation.proposal import (
    generator,
    genres_without,
    meter_in,
    mood_in,
    scale_in,
    shares,
    tempo_in,
    tonic_in,
)
from musicgen_assets.ideation.routing import check_wishes, refuse_routing
from musicgen_assets.ideation.rules import check_playable
from musicgen_assets.ideation.wording.lexicon import lexicon_texts
from musicgen_assets.ideation.wording.structure import form_with, form_without
from musicgen_assets.styles.loader import blend
from musicgen_assets.styles.schema import Style

PREFERENCES, CONSTRAINTS = "creative.preferences", "creative.constraints"
LYRICS, HAS_VOCALS = "creative.lyrics", "creative.has_vocals"
SEPARATOR = ", "
_BRIGHT_FROM_VALENCE = 0.5


def resolve(
    brief: Mapping[str, Any], parameters: Mapping[str, Any], enhancement: Mapping[str, Any] | None = None
) -> CompositionContext:
    """Parameters (path to value, only what was asked or proposed), then overrides; the rest derived. Pure.

    Order: style from genres; mood; tempo, meter, scale, tonic; band; form. An overridden genre therefore
    changes everything that neither prompt nor override fixed. Raises BadInput naming the path at fault.
    """
    overrides = normalise_overrides(brief["overrides"])
    overrides = {**_with_voice(overrides, parameters), **overrides}
    refuse_routing(overrides)
    refuse_wrong_kinds(overrides)  # refuses values of the wrong kind before they are used
    given = _given(parameters, overrides)
    asked = context_of(given)
    _check_roles(given)
    genres = (
        asked.musical.genres if "musical.genres" in given else (WeightedGenre(name=genres_without(()), weight=1.0),)
    )
    stored = asked.creative.preferences
    preferences = {**stored, **parameters.get(PREFERENCES, {})}  # the prompt before what is stored
    musical = _musical(brief, given, asked, blend(genres), genres, preferences)
    values = {
        **musical,
        "technical.duration_s": given.get("technical.duration_s", limits.DEFAULT_DURATION_S),
        **_decided(brief, enhancement),
        "creative.inspiration": brief["prompt"],
    }
    if brief.get("title"):
        values["creative.title"] = brief["title"]
    elif "creative.title" not in given:
        values["creative.title"] = (
            _refrain(brief, asked, musical) if asked.creative.has_vocals else _catalogue_title(musical)
        )
    proposed = {path: value for path, value in {**given, **values}.items() if path not in overrides}
    context = context_of({**proposed, **overrides})  # last, or a group would undo its leaf
    check_playable(context)
    check_edits(context)
    check_wishes(context.ai_decisions.generation.wishes)
    return context


def check_context(context: CompositionContext, overrides: Mapping[str, Any]) -> CheckResult:
    """ "context_is_consistent": everything musical is resolved, and every override stands in the result."""
    musical = context.musical
    problems = []
    if not musical.instruments:
        problems.append("no instruments")
    if not any(item.role in MELODIC_ROLES for item in musical.instruments):
        problems.append("no melodic instrument")
    if len({(item.role, item.name) for item in musical.instruments}) < len(musical.instruments):
        problems.append("an instrument twice in one role")
    if apply_overrides(context, normalise_overrides(overrides)) != context:
        problems.append("an override is missing")
    if abs(sum(genre.weight for genre in musical.genres) - 1.0) > 1e-3:
        problems.append("genre weights do not sum to 1")
    return CheckResult(
        "context_is_consistent", not problems, "; ".join(problems) or "consistent", "consistent",
    )  # fmt: skip


def _with_voice(overrides: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Given words turn the voice on; where the voice was refused in the same breath, the two contradict."""
    if not overrides.get(LYRICS):
        return {}
    if overrides.get(HAS_VOCALS, parameters.get(HAS_VOCALS)) is False:
        where = f"{HAS_VOCALS} is false" if overrides.get(HAS_VOCALS) is False else "the prompt asks for no vocals"
        raise BadInput(
            LYRICS, overrides[LYRICS], f"words need a voice, but {where}",
            way_out=f"Set {HAS_VOCALS}=true, or leave the lyrics out.",
        )  # fmt: skip
    return {HAS_VOCALS: True}


def _given(parameters: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What is fixed before anything is derived; where the prompt contradicts an override, the override stays."""
    given = dict(parameters)
    played = {str(item.get("role")) for item in overrides.get("musical.instruments", ()) if isinstance(item, Mapping)}
    if "musical.excluded_roles" in given and "musical.excluded_roles" not in overrides:
        given["musical.excluded_roles"] = [r for r in given["musical.excluded_roles"] if r not in played]
    if any(path.startswith("musical.mood.") for path in overrides):
        mood = given.pop("musical.mood", None) or {}
        given |= {f"musical.mood.{name}": value for name, value in mood.items()}
    if overrides.get(HAS_VOCALS) is False:
        given.pop(LYRICS, None)
    return {**given, **overrides}


def _check_roles(given: Mapping[str, Any]) -> None:
    excluded = given.get("musical.excluded_roles", ())
    if set(excluded) >= MELODIC_ROLES:
        raise BadInput(
            "musical.excluded_roles", list(excluded), "nobody would be left to play a melody or a chord",
            way_out=f"Keep one of {', '.join(sorted(MELODIC_ROLES))}.",
        )  # fmt: skip


def _musical(
    brief: Mapping[str, Any],
    given: Mapping[str, Any],
    asked: CompositionContext,
    style: Style,
    genres: tuple[WeightedGenre, ...],
    preferences: Mapping[str, str],
) -> dict[str, Any]:
    """Every musical path with its value: as given, else derived from the style."""
    seed, prompt = int(brief.get("seed") or 0), str(brief["prompt"])
    mood = _mood(given, asked, style)
    constraints = asked.creative.constraints
    era = eras().get(preferences.get("era", ""))
    brightness = mood.valence + (era.bright_lean if era else 0.0)
    scale = asked.musical.scale if "musical.scale" in given else scale_in(
        style, brightness, generator(seed, prompt, "scale")
    )  # fmt: skip
    key = given.get("musical.key") or tonic_in(scale, generator(seed, prompt, "key"))
    tempo, meter = given.get("musical.tempo_bpm"), given.get("musical.time_signature") or meter_in(style)
    if tempo is None:
        position = _number(preferences.get("tempo"))
        lean = era.tempo_lean if era else 0.0
        tempo = tempo_in(style, mood, position, generator(seed, prompt, "tempo"), lean)
        tempo = fitting_tempo(asked.technical.duration_s, tempo, meter, style.tempo_bpm.low, style.tempo_bpm.high)
    values: dict[str, Any] = {
        "musical.genres": [genre.model_dump() for genre in shares([g.model_dump() for g in genres])],
        "musical.mood": mood.model_dump(),
        "musical.scale": scale,
        "musical.key": key,
        "musical.tempo_bpm": tempo,
        "musical.time_signature": meter,
    }
    if not given.get("musical.instruments"):
        excluded = asked.musical.excluded_roles
        wishes = _wishes(preferences, constraints)
        band = band_of(
            style, wishes, excluded, mood.arousal, generator(seed, prompt, "instruments"),
            is_sung=asked.creative.has_vocals,
        )  # fmt: skip
        band = aged(band, era, style, wishes.wanted, wishes.unwanted)
        values["musical.instruments"] = [item.model_dump() for item in band]
    kinds = _form(given, style, preferences, constraints, asked.technical.duration_s)
    if kinds:
        values["musical.structure"] = [{"kind": kind} for kind in kinds]
    return values


def _form(
    given: Mapping[str, Any], style: Style, preferences: Mapping[str, str], constraints: Mapping[str, str],
    duration_s: float,
) -> tuple[SectionKind, ...]:  # fmt: skip
    """The style's form with and without the sections named; empty where none were, or the order was asked for."""
    wanted = cast("tuple[SectionKind, ...]", _split(preferences.get("sections")))
    without = cast("tuple[SectionKind, ...]", _split(constraints.get("without_sections")))
    if given.get("musical.structure") or not (wanted or without):
        return ()
    if wanted:
        return form_with(style, wanted, without, duration_s)
    return form_without(style, without, duration_s)


def _mood(given: Mapping[str, Any], asked: CompositionContext, style: Style) -> Mood:
    """Words are softened by the style; a number set by hand stands as it is."""
    words = asked.musical.mood if "musical.mood" in given else None
    by_hand = {name for name in ("valence", "arousal") if f"musical.mood.{name}" in given}
    mood = mood_in(style, words)
    return mood.model_copy(update={name: getattr(asked.musical.mood, name) for name in sorted(by_hand)})


def _wishes(preferences: Mapping[str, str], constraints: Mapping[str, str]) -> Wishes:
    return Wishes(
        wanted=_split(preferences.get("instruments")),
        wanted_roles=cast("tuple[Role, ...]", _split(preferences.get("roles"))),
        unwanted=_split(constraints.get("without_instruments")),
        is_only=constraints.get("only_these_instruments") == "yes",
    )


def _catalogue_title(musical: Mapping[str, Any]) -> str:
    """ "Solo piano in F# minor": what an instrumental is called that nobody named."""
    name = " and ".join(str(genre["name"]).replace("_", " ") for genre in musical["musical.genres"])
    return f"{name[:1].upper()}{name[1:]} in {musical['musical.key']} {musical['musical.scale']}"


def _refrain(brief: Mapping[str, Any], asked: CompositionContext, musical: Mapping[str, Any]) -> str:
    """A title for a song that nobody named, in its own language, which can be sung as it stands: one of its theme's
    where the theme is known, else of its mood's.
    """
    is_bright = musical["musical.mood"]["valence"] >= _BRIGHT_FROM_VALENCE
    rng = generator(int(brief.get("seed") or 0), str(brief["prompt"]), "title")
    own = title_about(asked.creative.theme, asked.creative.language, is_bright, rng)
    if own:
        return own
    themes = lexicon_texts(asked.creative.language, "themes_bright" if is_bright else "themes_dark")
    title = themes[int(rng.integers(len(themes)))]
    return title[:1].upper() + title[1:]


def _decided(brief: Mapping[str, Any], enhancement: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "ai_decisions.generation.seed": int(brief.get("seed") or 0),
        "ai_decisions.processing_history": ["prompt understood", "context resolved"],
        **({"ai_decisions.enhancement": dict(enhancement)} if enhancement else {}),
    }


def _split(text: str | None) -> Any:
    return tuple(part for part in (text or "").split(SEPARATOR) if part)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
