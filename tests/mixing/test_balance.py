"""The plan of a mix: faders that meet their targets, room for the lead, and nothing that must not move moving."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.schema import Mood
from musicgen_assets.mixing.balance import (
    CREST_DB,
    DEEPEST_CUT_DB,
    FADER_LIMIT_DB,
    REFERENCE_LUFS,
    SHORT_CREST_DB,
    Stem,
    plan_mix,
)
from musicgen_assets.mixing.depth import wet_gain_lu
from musicgen_assets.mixing.equalizer import TOO_BRIGHT, loudness_change_lu
from musicgen_assets.mixing.levels import lead_shift_db
from musicgen_assets.mixing.masking import cut_of
from musicgen_assets.mixing.plan import MixPlan
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.production.meter import SILENT_DB, SILENT_LUFS, Measurement
from musicgen_assets.production.plan import Instrumentation
from musicgen_assets.styles.loader import load_style
from support.band_score import INSTRUMENTS, band_score

RATE = 48_000
FLAT = (-40.0, -35.0, -30.0, -28.0, -26.0, -26.0, -28.0, -32.0, -38.0, -50.0)
SILENCE = Measurement(lufs=SILENT_LUFS, peak_dbfs=SILENT_DB, loud_peak_dbfs=SILENT_DB, bands_db=(SILENT_DB,) * 10)


def stem(track: str, lufs: float = -20.0, **changes: Any) -> Stem:
    numbers = {"lufs": lufs, "peak_dbfs": -3.0, "loud_peak_dbfs": -9.0, "bands_db": FLAT, **changes}
    return Stem(track, Measurement.model_validate(numbers), RATE)


@pytest.fixture(scope="module")
def instrumentation() -> Instrumentation:
    return instrument(band_score(tuple(INSTRUMENTS)), load_style("pop"), Mood(valence=0.6, arousal=0.6))


def plan(instrumentation: Instrumentation, *stems: Stem, **frozen: float) -> MixPlan:
    return plan_mix(stems, instrumentation, {name.replace("__", "/"): value for name, value in frozen.items()})


@pytest.mark.parametrize("lufs", [-35.0, -20.0, -9.0])
def test_faders_bring_every_stem_to_its_target_whatever_it_measured(
    instrumentation: Instrumentation, lufs: float
) -> None:
    stems = [stem(name, lufs) for name in INSTRUMENTS]
    found = plan(instrumentation, *stems)
    assert [strip.track for strip in found.strips] == list(INSTRUMENTS)
    for strip, given in zip(found.strips, stems, strict=True):
        sound = instrumentation.sound_of(strip.track)
        moved = lead_shift_db(
            [instrumentation.sound_of(name) for name in INSTRUMENTS], instrumentation.lead_over_rest_lu
        )
        shift_db = moved if strip.role == "lead" else 0.0
        assert strip.target_lufs == pytest.approx(REFERENCE_LUFS + sound.level_db + shift_db, abs=0.01)
        change = loudness_change_lu(
            [b for b in strip.bands if b not in map(cut_of, found.masking)], given.measured, RATE
        )
        if strip.direct_to_reverb_lu is not None:
            change += wet_gain_lu(strip.direct_to_reverb_lu)
        assert lufs + change + strip.fader_db == pytest.approx(strip.target_lufs, abs=0.02)


def test_faders_have_an_end(instrumentation: Instrumentation) -> None:
    assert plan(instrumentation, stem("pad", -69.0)).strip_of("pad").fader_db == FADER_LIMIT_DB


def test_silence_is_left_alone(instrumentation: Instrumentation) -> None:
    found = plan(instrumentation, Stem("piano", SILENCE, RATE), stem("melody"))
    strip = found.strip_of("piano")
    assert strip.fader_db == 0.0
    assert strip.compression is None
    assert any("silent" in reason for reason in strip.reasons)
    assert found.masking == ()


def test_no_fader_depends_on_how_another_track_sounds(instrumentation: Instrumentation) -> None:
    one = plan(instrumentation, stem("bass"), stem("melody"), stem("guitar", -21.0), stem("drums", -12.0))
    other = plan(instrumentation, stem("bass"), stem("melody"), stem("guitar", -11.0), stem("drums", -16.0))
    for name in ("bass", "melody"):
        assert one.strip_of(name).fader_db == other.strip_of(name).fader_db


def test_a_chord_in_the_leads_octave_makes_room_in_proportion(instrumentation: Instrumentation) -> None:
    def cut(excess_db: float) -> float:
        bands = list(FLAT)
        bands[6] += excess_db
        found = plan(instrumentation, stem("melody"), stem("piano", bands_db=tuple(bands)))
        cuts = [band for band in found.strip_of("piano").bands if band.reason == "room for melody"]
        assert [(item.hz, item.cut_db) for item in found.masking] == [(band.hz, -band.gain_db) for band in cuts]
        return -sum(band.gain_db for band in cuts if band.hz == 2_000.0)

    assert 0.0 < cut(2.0) < cut(4.5) <= DEEPEST_CUT_DB == cut(30.0)


def test_drums_bass_and_the_lead_itself_never_yield_to_the_lead(instrumentation: Instrumentation) -> None:
    loud = tuple(level + 20.0 for level in FLAT)
    found = plan(instrumentation, stem("melody"), stem("drums", bands_db=loud), stem("bass", bands_db=loud))
    assert not [item for item in found.masking if item.lead == "melody"]
    assert not [item for item in found.masking if item.track == "melody"]


def test_without_a_lead_nobody_makes_room(instrumentation: Instrumentation) -> None:
    assert plan(instrumentation, stem("piano"), stem("pad")).masking == ()


def test_levelling_follows_the_stems_own_peaks_and_the_styles_ratio(instrumentation: Instrumentation) -> None:
    found = plan(instrumentation, stem("drums", loud_peak_dbfs=-6.0), stem("pad"))
    compression = found.strip_of("drums").compression
    assert compression is not None
    assert compression.threshold_dbfs == -8.0
    assert compression.ratio == instrumentation.sound_of("drums").compression_ratio
    assert found.strip_of("pad").compression is None


def test_the_kick_ducks_what_the_style_says_as_far_as_it_says(instrumentation: Instrumentation) -> None:
    deep = instrumentation.model_copy(update={"sidechain_db": 6.0})
    found = plan(deep, stem("bass"), stem("piano"), stem("melody"))
    depths = {strip.track: strip.duck.depth_db if strip.duck else 0.0 for strip in found.strips}
    assert depths == {"bass": 6.0, "piano": pytest.approx(3.6), "melody": 0.0}
    none = plan(instrumentation.model_copy(update={"sidechain_db": 0.0}), stem("bass"))
    assert none.strip_of("bass").duck is None


def test_bass_is_mono_and_width_is_the_styles(instrumentation: Instrumentation) -> None:
    found = plan(instrumentation.model_copy(update={"width": 1.4}), stem("bass"), stem("melody"), stem("pad"))
    assert [strip.width for strip in found.strips] == [0.0, 1.0, 1.4]


def test_frozen_values_hold_against_a_changed_stem(instrumentation: Instrumentation) -> None:
    before = plan(instrumentation, stem("melody"), stem("guitar"), stem("drums"))
    frozen = before.frozen_values
    changed = plan_mix(
        (stem("melody", -30.0), stem("guitar", -8.0, loud_peak_dbfs=-1.0), stem("drums", -12.0)),
        instrumentation, frozen,
    )  # fmt: skip
    assert changed.frozen_values == frozen
    for strip in changed.strips:
        assert strip.is_frozen
        assert strip.fader_db == before.strip_of(strip.track).fader_db
        assert strip.bands == before.strip_of(strip.track).bands


def test_one_frozen_fader_leaves_the_others_free(instrumentation: Instrumentation) -> None:
    found = plan(instrumentation, stem("melody"), stem("bass"), mix__bass=-3.5)
    assert found.strip_of("bass").fader_db == -3.5
    assert found.strip_of("bass").is_frozen
    assert not found.strip_of("melody").is_frozen


@pytest.mark.parametrize("tempo_bpm", [40.0, 72.0, 120.0, 174.0, 240.0])
def test_echoes_are_in_time_and_never_too_far_apart(instrumentation: Instrumentation, tempo_bpm: float) -> None:
    found = plan(instrumentation.model_copy(update={"tempo_bpm": tempo_bpm}), stem("melody"))
    assert 200.0 <= found.delay.time_ms <= 500.0
    dotted_eighths = found.delay.time_ms / (45_000.0 / tempo_bpm)
    assert dotted_eighths in (pytest.approx(0.25, abs=0.01), pytest.approx(0.5, abs=0.01), pytest.approx(1.0, abs=0.01),
                              pytest.approx(2.0, abs=0.01))  # fmt: skip


def test_an_unknown_track_is_refused(instrumentation: Instrumentation) -> None:
    with pytest.raises(KeyError):
        plan(instrumentation, stem("kazoo"))
    with pytest.raises(KeyError):
        plan(instrumentation, stem("bass")).strip_of("kazoo")


def test_only_peaks_far_above_a_stems_loudness_are_rounded_off(instrumentation: Instrumentation) -> None:
    found = plan(
        instrumentation, stem("drums", peak_dbfs=-4.0), stem("percussion", peak_dbfs=-6.0),
        stem("piano", peak_dbfs=-4.0), stem("melody", peak_dbfs=0.0), Stem("pad", SILENCE, RATE),
    )  # fmt: skip
    expected = [-20.0 + SHORT_CREST_DB["drums"], None, None, -20.0 + CREST_DB, None]
    assert [strip.clip_dbfs for strip in found.strips] == expected


def test_a_stem_too_bright_for_its_role_is_darkened_and_keeps_its_loudness(instrumentation: Instrumentation) -> None:
    bright = (*FLAT[:6], -20.0, -20.0, -20.0, -40.0)
    strip = plan(instrumentation, stem("piano", bands_db=bright)).strip_of("piano")
    shelf = next(band for band in strip.bands if band.reason == TOO_BRIGHT)
    assert shelf.kind == "high_shelf"
    assert shelf.gain_db < 0.0
    assert strip.fader_db > plan(instrumentation, stem("piano")).strip_of("piano").fader_db
