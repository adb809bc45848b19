"""Every style that names a groove of the canon plays it, hit by hit: as written and as composed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import pytest

from musicgen_assets.composition.bass_line import compose_bass
from musicgen_assets.composition.chord_progression import HarmonyBrief, compose_harmony
from musicgen_assets.composition.feel import swung_grid
from musicgen_assets.composition.groove_building import DRUM_KEYS, GHOST_VELOCITIES, TURN_BARS
from musicgen_assets.composition.rhythm_pattern import compose_rhythm
from musicgen_assets.context.schema import TimeSignature
from musicgen_assets.score.clock import steps_per_bar
from musicgen_assets.score.material import BassLine, Harmony, Rhythm
from musicgen_assets.styles.canon import CanonGroove, canon, faults
from musicgen_assets.styles.loader import load_style, style_names
from musicgen_assets.styles.refit import groove_for
from musicgen_assets.styles.schema import MeterGroove

Hits = dict[str, dict[int, bool]]

CANON = canon().grooves
PLAYED = [(name, style, level) for name, one in CANON.items() for style, levels in one.played_by.items()
          for level in levels]  # fmt: skip
LAST_BEAT_STEPS = 4
SEEDS = (1, 2, 3, 4)
PIECE_OF_KEY = {key: piece for piece, key in DRUM_KEYS.items()}
CITED = re.compile(r"\(([A-Za-zÀ-ÿ ]+? \d{4})(?:; ([A-Za-zÀ-ÿ ]+? \d{4}))?[^)]*\)")


def marks_of(pattern: str) -> dict[int, str]:
    """Step to mark (g x X) of a pattern string of any number of bars."""
    return {step: mark for step, mark in enumerate(pattern.replace(" ", "")) if mark in "gxX"}


def written_hits(groove: MeterGroove, level: int) -> tuple[Hits, int]:
    """The patterns of a level over the bars of the longest; what the bass does is not written."""
    patterns = {**groove.levels[level], "comping": groove.comping[level]}
    steps = max(len(pattern.replace(" ", "")) for pattern in patterns.values())
    found: Hits = {}
    for piece, pattern in patterns.items():
        length = len(pattern.replace(" ", ""))
        found[piece] = {
            start + step: mark != "g" for start in range(0, steps, length) for step, mark in marks_of(pattern).items()
        }
    return found, steps


@lru_cache(maxsize=256)
def composed(style: str, meter: TimeSignature, seed: int) -> tuple[Rhythm, Harmony, BassLine]:
    made, rng = load_style(style), np.random.default_rng(seed)
    rhythm = compose_rhythm(made, made.tempo_bpm.typical, meter, made.mood, (), rng)
    harmony, _ = compose_harmony(HarmonyBrief(made, "C", "minor", meter, made.mood), rng)
    return rhythm, harmony, compose_bass(made, harmony, rhythm, meter, rng)


def on_grid(starts: list[int], rhythm: Rhythm, bars: int) -> list[int]:
    grid = swung_grid(bars, rhythm.swing, rhythm.time_signature, rhythm.sixteenth_swing)
    return [int(np.abs(grid - start).argmin()) % (len(grid) - 1) for start in starts]


def composed_hits(rhythm: Rhythm, level: int) -> tuple[Hits, int]:
    """Every fourth bar may turn on its last beat: what is struck there breaks no rule."""
    groove, comping = rhythm.grooves[level], rhythm.comping[level]
    bars = max(groove.bars, comping.bars)
    steps, cycle = bars * steps_per_bar(rhythm.time_signature), comping.bars * steps_per_bar(rhythm.time_signature)
    phrase = TURN_BARS * steps_per_bar(rhythm.time_signature)
    found: Hits = {}
    for hit, step in zip(groove.hits, on_grid([hit.start_ticks for hit in groove.hits], rhythm, groove.bars),
                         strict=True):  # fmt: skip
        is_turn = step % phrase >= phrase - LAST_BEAT_STEPS
        found.setdefault(PIECE_OF_KEY[hit.key], {})[step] = hit.velocity > GHOST_VELOCITIES[1] and not is_turn
    chords = on_grid([onset[0] for onset in comping.onsets], rhythm, comping.bars)
    found["comping"] = {start + step: True for start in range(0, steps, cycle) for step in chords}
    return found, steps


def bass_hits(line: BassLine, rhythm: Rhythm, level: int, bars: int) -> dict[int, bool]:
    """The bass after the loop's first bar, where it may place the first root."""
    per_bar = steps_per_bar(rhythm.time_signature)
    places = on_grid([row[0] for row in line.sections["verse"][level]], rhythm, bars)
    return {step - per_bar: True for step in places if step >= per_bar}


def without_bass(groove: CanonGroove) -> CanonGroove | None:
    parts = tuple(part for part in groove.parts if part.pieces != ("bass",))
    return groove.model_copy(update={"parts": parts}) if parts else None


@pytest.mark.parametrize(("name", "style", "level"), PLAYED)
def test_styles_are_written_to_the_canon(name: str, style: str, level: int) -> None:
    groove = without_bass(CANON[name])
    made = load_style(style)
    assert made.swing >= CANON[name].swing_from
    for written in made.grooves[CANON[name].meter].every_variant if groove else ():
        hits, steps = written_hits(written, level)
        assert faults(groove, hits, steps) == [], written.source


@pytest.mark.parametrize(("name", "style", "level"), PLAYED)
def test_composed_grooves_keep_the_canon(name: str, style: str, level: int) -> None:
    groove = CANON[name]
    for seed in SEEDS:
        rhythm, harmony, line = composed(style, groove.meter, seed)
        hits, steps = composed_hits(rhythm, level)
        if any(part.pieces == ("bass",) for part in groove.parts):
            bars = harmony.sections["verse"].bars
            hits, steps = {"bass": bass_hits(line, rhythm, level, bars)}, (bars - 1) * steps_per_bar(groove.meter)
        assert faults(groove, hits, steps) == [], seed


def test_the_canon_names_styles_and_meters_there_are() -> None:
    for name, groove in CANON.items():
        for style in groove.played_by:
            assert style in style_names(), name
            assert groove.meter in load_style(style).grooves, (name, style)


def test_every_asked_groove_is_in_the_canon() -> None:
    asked = {
        "dembow", "one_drop", "two_step", "son_clave_3_2", "son_clave_2_3", "rumba_clave_3_2", "bossa_clave", "shuffle",
        "four_on_the_floor", "boom_bap", "backbeat", "train_beat", "disco_open_hat", "trap_hats", "afrobeats_3_3_2",
        "tresillo", "cascara_2_3", "samba_surdo", "march", "waltz", "jazz_ride",
    }  # fmt: skip
    assert asked <= set(CANON)


def test_every_source_is_cited_in_full_or_called_a_rule_of_thumb() -> None:
    known = set(canon().sources)
    for name, groove in CANON.items():
        cited = {found for pair in CITED.findall(groove.source) for found in pair if found}
        assert cited <= known, name
        assert cited or "rule of thumb" in groove.source.lower(), name


@pytest.mark.parametrize("style", style_names())
def test_what_styles_cite_is_in_the_list_of_sources(style: str) -> None:
    made = load_style(style)
    texts = [one.source for one in made.progressions] + [
        groove.source for written in made.grooves.values() for groove in (written, *written.variants)
    ]
    cited = {found for text in texts for pair in CITED.findall(text) for found in pair if found}
    assert cited <= set(canon().sources)


def played(changes: Mapping[str, str]) -> list[str]:
    """The faults of reggaeton's dembow with some of its patterns changed."""
    groove = groove_for(load_style("reggaeton"), "4/4").variant(0)
    hits, steps = written_hits(groove.model_copy(update={"levels": {2: {**groove.levels[2], **changes}}}), 2)
    return faults(CANON["dembow"], hits, steps)


def test_a_missing_a_moved_and_an_added_hit_are_named() -> None:
    assert played({}) == []
    assert played({"snare": "...X..X....X...."}) == ["snare lacks 14"]
    assert played({"snare": "...X..X....X...X"}) == ["snare lacks 14", "snare hits 15"]
    assert played({"snare": "...X..X.X..X..X."}) == ["snare hits 8"]
    assert played({"snare": "...X..X.g..X..X."}) == []
    assert played({"kick": "................"}) == ["no kick"]


def test_the_two_claves_are_a_sixteenth_apart() -> None:
    son, rumba = CANON["son_clave_3_2"].parts[0], CANON["rumba_clave_3_2"].parts[0]
    assert set(son.essential) ^ set(rumba.essential) == {6, 7}
    turned = {(step + 8) % 16 for step in son.essential}
    assert turned == set(CANON["son_clave_2_3"].parts[0].essential)
