"""The context of a revision: its parent's resolved context, with what is to change.

Belongs here: applying a change and keeping the context whole. Does not belong here: which artifacts a change touches
(graph.planner), versions and their numbers (the door).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from musicgen_assets.arrangement.takes import STAGE, section_stream
from musicgen_assets.composition.section_loops import sung_kinds
from musicgen_assets.context.decided import TAKE_STREAM
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.paths import apply_overrides
from musicgen_assets.context.schema import CompositionContext, Instrument
from musicgen_assets.engines.capabilities import BUILT_IN
from musicgen_assets.graph.declarations import DECLARATIONS, Declaration
from musicgen_assets.ideation.edit_rules import check_edits
from musicgen_assets.ideation.given_words import LANGUAGE_FIELD, read_given_words
from musicgen_assets.ideation.overrides import INSTRUMENTS, normalise_overrides
from musicgen_assets.ideation.resolver import HAS_VOCALS, LYRICS, check_context
from musicgen_assets.ideation.routing import SONG, check_wishes, refuse_routing
from musicgen_assets.ideation.rules import check_playable
from musicgen_assets.styles.loader import blend

EXCLUDED = "musical.excluded_roles"
REROLLS = "ai_decisions.generation.rerolls"
_ONE_INSTRUMENT = INSTRUMENTS + "."


def revised(base: CompositionContext, overrides: Mapping[str, Any], streams: Iterable[str] = ()) -> CompositionContext:
    """``base`` with ``overrides`` (path to value) set and ``streams`` drawn once more. Pure.

    What is not named stays as it was resolved, even where another value would now be proposed. One instrument is
    replaced by its role: "musical.instruments.bass". Raises BadInput naming the path at fault.
    """
    refuse_routing(overrides)
    streams = tuple(streams)
    patch = normalise_overrides(_whole_band(base, overrides))
    patch = {**_implied(base, patch), **patch}
    rerolls = dict(base.ai_decisions.generation.rerolls)
    for stream in streams:
        rerolls[stream] = rerolls.get(stream, 0) + 1
    if rerolls != base.ai_decisions.generation.rerolls:
        patch.setdefault(REROLLS, rerolls)
    context = apply_overrides(base, patch)
    check_playable(context)
    check_edits(context, base)
    check_wishes(context.ai_decisions.generation.wishes)
    _check_words_of_sections(context, streams)
    _check_take(context, streams)
    consistency = check_context(context, {})
    if not consistency.passed:
        raise BadInput(
            INSTRUMENTS, [player.name for player in context.musical.instruments], str(consistency.measured),
            way_out="Keep somebody who plays a melody or chords, and each instrument once.",
        )  # fmt: skip
    return context


def _check_words_of_sections(context: CompositionContext, streams: Iterable[str]) -> None:
    """Raise BadInput for other words in a section that has none, or has a person's own."""
    for stream in streams:
        asset, _, section = stream.partition("/")
        if asset != "lyrics" or not section:
            continue
        if not context.creative.has_vocals:
            rule, way_out = "nobody sings", "Set creative.has_vocals=true."
        elif context.creative.lyrics:
            rule, way_out = "the words are your own", "Change them in creative.lyrics."
        elif (engine := context.ai_decisions.generation.routing.get("lyrics", BUILT_IN)) != BUILT_IN:
            rule = f"{engine} wrote the words, and writes songs as a whole"
            way_out = "Draw all of them anew: --reroll lyrics."
        elif section.rpartition(" ")[0] not in sung_kinds(blend(context.musical.genres)):
            rule, way_out = "such a section has no words", "Name a verse, pre-chorus, chorus or bridge."
        else:
            continue
        raise BadInput("--reroll", stream, rule, way_out=way_out)


def _check_take(context: CompositionContext, streams: Iterable[str]) -> None:
    """Raise BadInput for another take by an engine that plays the same every time."""
    generation = context.ai_decisions.generation
    engine = generation.wishes.engines.get(SONG) or generation.routing.get(SONG, BUILT_IN)
    if TAKE_STREAM in streams and engine == BUILT_IN:
        raise BadInput(
            "--reroll", TAKE_STREAM, "the built-in engine plays the same every time",
            way_out="Draw the music anew, such as --reroll arrangement; or name another engine: --engine NAME.",
        )  # fmt: skip


def revised_of(revision: Mapping[str, Any]) -> CompositionContext:
    """``revised`` of a brief's {base, overrides, streams}, base as plain data. Raises BadInput."""
    base = CompositionContext.model_validate(revision["base"])
    return revised(base, revision["overrides"], revision["streams"])


def streams_of(assets: Iterable[str]) -> tuple[str, ...]:
    """The random streams of ``assets`` ("melody", "composition/melody"), of sections ("verse 2", "arrangement/verse 2")
    and of assets in one section ("melody/verse 2").

    Raises BadInput where there are none.
    """
    found: list[str] = []
    for asset in assets:
        section = section_stream(asset)
        inside = _stream_in_section(asset)
        if section is None and inside is not None:
            found.append(inside)
            continue
        declaration = _by_name(asset)
        if declaration is not None and declaration.name == TAKE_STREAM:
            found.append(TAKE_STREAM)
            continue
        if declaration is None and section is not None:
            found.append(section)
            continue
        if declaration is None or not declaration.streams:
            rule = "there is no such asset" if declaration is None else "nothing in it is left to chance"
            able = ", ".join(item.name for item in DECLARATIONS if item.streams)
            way_out = f"One of: {able}; or a section: verse 2; or take, where another engine made the song."
            raise BadInput("--reroll", asset, rule, way_out=way_out)
        found += declaration.streams
    return tuple(dict.fromkeys(found))


def _stream_in_section(text: str) -> str | None:
    """ "composition/melody/Verse 2" -> "melody/verse 2"; None where it names no asset in a section."""
    asset, _, last = text.rpartition("/")
    section, declaration = section_stream(last), _by_name(asset)
    if not asset or section is None or declaration is None:
        return None
    name = section.removeprefix(STAGE)
    stream = f"{declaration.name}/{name}"
    if not declaration.may_draw(stream):
        able = ", ".join(one.name for one in DECLARATIONS if one.may_draw(f"{one.name}/{name}"))
        raise BadInput(
            "--reroll", text, "others rest on it, so that it cannot be another in one section alone",
            way_out=f"In one section there can be another: arrangement, {able}.",
        )  # fmt: skip
    return stream


def _by_name(asset: str) -> Declaration | None:
    return next((item for item in DECLARATIONS if asset in (item.key, item.name)), None)


def _whole_band(base: CompositionContext, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Instruments set one by one, by role, as the whole band they make."""
    single = {path: value for path, value in overrides.items() if path.startswith(_ONE_INSTRUMENT)}
    rest = {path: value for path, value in overrides.items() if path not in single}
    if not single:
        return rest
    if INSTRUMENTS in rest:
        raise BadInput(
            next(iter(single)), next(iter(single.values())), f"{INSTRUMENTS} is set as a whole as well",
            way_out="Set the band, or one player of it.",
        )  # fmt: skip
    band = [player.model_dump(mode="json") for player in base.musical.instruments]
    for path, value in single.items():
        role = path.removeprefix(_ONE_INSTRUMENT)
        at = next((place for place, player in enumerate(band) if player["role"] == role), None)
        if at is None:
            playing = ", ".join(dict.fromkeys(player["role"] for player in band))
            raise BadInput(path, value, f"nobody plays {role}", way_out=f"The roles are: {playing}.")
        band[at] = _player(path, value, role)
    return {**rest, INSTRUMENTS: band}


def _player(path: str, value: Any, role: str) -> dict[str, Any]:
    """The instrument ``value`` (a name, or a whole instrument) in ``role``."""
    if isinstance(value, Mapping):
        return {"role": role, **value}
    named = normalise_overrides({INSTRUMENTS: [str(value)]}).get(INSTRUMENTS, [])
    if len(named) != 1:
        raise BadInput(path, value, "it must be one instrument", way_out="Name one, for example: upright bass.")
    player = named[0].model_dump(mode="json") if isinstance(named[0], Instrument) else dict(named[0])
    return {**player, "role": role}


def _implied(base: CompositionContext, patch: Mapping[str, Any]) -> dict[str, Any]:
    """What follows from ``patch`` by necessity: words need a voice, and who is left out does not play."""
    implied: dict[str, Any] = {}
    if patch.get(LYRICS):
        if patch.get(HAS_VOCALS) is False:
            raise BadInput(
                LYRICS, patch[LYRICS], f"words need a voice, but {HAS_VOCALS} is false",
                way_out=f"Set {HAS_VOCALS}=true, or leave the lyrics out.",
            )  # fmt: skip
        implied[HAS_VOCALS] = True
        words = read_given_words(patch[LYRICS], patch.get(LANGUAGE_FIELD))
        if words is not None and words.language is not None:
            implied[LANGUAGE_FIELD] = words.language
    elif patch.get(HAS_VOCALS) is False and base.creative.lyrics:
        implied[LYRICS] = None
    if EXCLUDED in patch and INSTRUMENTS not in patch and isinstance(patch[EXCLUDED], (list, tuple)):
        staying = [player for player in base.musical.instruments if player.role not in patch[EXCLUDED]]
        implied[INSTRUMENTS] = [player.model_dump(mode="json") for player in staying]
    return implied
