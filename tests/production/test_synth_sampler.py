"""The synthesizer's patches: in tune, without aliases, the same every time, and played where a style has machines."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from benchmarks.sampler_measures import RATE, alias_db, centroid_hz, likeness, note, pitch_hz
from musicgen_assets.context.schema import Mood
from musicgen_assets.production.patches import PATCHES, Kit, patch_named
from musicgen_assets.production.sounds import PATCH_BY_NAME, PATCH_BY_PROGRAM, Setting, shape_of
from musicgen_assets.production.synth_sampler import SynthInstrument
from musicgen_assets.score.model import Track

TONES = sorted(name for name, patch in PATCHES.items() if not isinstance(patch, Kit))
KITS = sorted(name for name, patch in PATCHES.items() if isinstance(patch, Kit))
SETTING = Setting(mood=Mood(valence=0.5, arousal=0.6), is_electronic=True, is_lofi=False)


@pytest.mark.parametrize("name", TONES)
def test_a_patch_is_in_tune_repeatable_and_a_short_answer_begins_a_long_one(name: str) -> None:
    instrument = SynthInstrument(patch_named(name), RATE)
    sound = instrument.held(57, 100, RATE)
    np.testing.assert_array_equal(instrument.held(57, 100, RATE), sound)
    np.testing.assert_allclose(instrument.held(57, 100, 9_600), sound[:, :9_600], atol=1e-6)
    assert np.isfinite(sound).all()
    assert 0.1 < np.abs(sound).max() < 4.0
    multiples = [220.0 * order for order in (0.5, 1, 2, 3, 4)]
    spectrum = np.abs(np.fft.rfft(sound.mean(axis=0) * np.hanning(RATE)))
    strongest = float(np.argmax(spectrum))
    assert min(abs(1_200 * np.log2(max(strongest, 1.0) / hz)) for hz in multiples) < 25.0


@pytest.mark.parametrize("name", TONES)
def test_a_high_note_has_no_aliases(name: str) -> None:
    patch = patch_named(name)
    key = patch.touch.reference_key + 36
    sound = SynthInstrument(patch, RATE).held(key, 120, 3 * RATE // 2)
    assert alias_db(sound, 440.0 * 2 ** ((key - 69) / 12), 0.1 if name == "fm_bell" else 0.5) < -60.0


@pytest.mark.parametrize("name", ["saw_lead", "fm_piano", "plucked_string"])
def test_a_patch_bends(name: str, instruments: Any) -> None:
    more = {"source": "synth", "patch": name}
    still = pitch_hz(note([(0, 960, 69, 100)], instruments, **more), 440.0)
    bent = pitch_hz(note([(0, 960, 69, 100)], instruments, bends=[(0, 8_192)], **more), 493.9)
    assert 1_200 * np.log2(bent / still) == pytest.approx(200.0, abs=12.0)


@pytest.mark.parametrize("name", ["saw_lead", "pluck", "analog_bass", "fm_piano"])
def test_a_patch_opens_with_the_stroke(name: str, instruments: Any) -> None:
    soft, hard = (
        centroid_hz(note([(0, 480, 57, velocity)], instruments, source="synth", patch=name)) for velocity in (40, 110)
    )
    assert hard > 1.1 * soft


@pytest.mark.parametrize("name", KITS)
def test_a_machine_answers_every_key_and_never_twice_the_same(name: str, instruments: Any) -> None:
    instrument = SynthInstrument(patch_named(name), RATE)
    assert all(np.abs(instrument.held(key, 100, 4_800)).max() > 0.1 for key in range(35, 82))
    for key in (36, 38, 42):
        rows = [(480 * number, 100, key, 100) for number in range(4)]
        sound = note(rows, instruments, is_drums=True, source="synth", patch=name)
        strokes = [sound[:, RATE // 2 * number : RATE // 2 * number + 12_000] for number in range(4)]
        assert max(likeness(a, b, 24) for a, b in pairwise(strokes)) < 0.999


def test_every_rule_names_a_patch() -> None:
    assert {*PATCH_BY_NAME.values(), *PATCH_BY_PROGRAM.values()} <= PATCHES.keys()
    with pytest.raises(KeyError, match="no patch called 'theremin'"):
        patch_named("theremin")


def played_by(instrument: str, program: int, role: str, **setting: bool) -> tuple[str, str]:
    track = Track(
        name="x", role=role, instrument=instrument, program=program, channel=9 if role == "drums" else 0,  # type: ignore[arg-type]
        notes=((0, 480, 60, 90),),
    )  # fmt: skip
    shape = shape_of(track, track.role, Setting(**{**vars(SETTING), **setting}))
    return shape.source, shape.patch


def test_machines_are_synthesised_and_recordings_are_not() -> None:
    assert played_by("drum machine", 24, "drums") == ("synth", "kit_linn")
    assert played_by("808 kit", 25, "drums") == ("synth", "kit_808")
    assert played_by("drum kit", 0, "drums") == ("soundfont", "")
    assert played_by("808 bass", 38, "bass")[0] == "sub_bass"
    assert played_by("square lead", 80, "lead") == ("synth", "square_lead")
    assert played_by("square lead", 80, "lead", is_electronic=False, is_chip=True) == ("synth", "chip_square")
    assert played_by("saw lead", 81, "counter", is_electronic=False, is_chip=True) == ("synth", "chip_pulse")
    assert played_by("piano", 0, "chords") == ("soundfont", "")
    assert played_by("violins", 48, "lead") == ("soundfont", "")
