"""A rendered track: exactly as long as the song, at a known loudness, and a function of its inputs alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode
from dsp.loudness import integrated_lufs
from musicgen_assets.context.schema import Mood
from musicgen_assets.production.calibration import DRY_LUFS, calibrated_gains
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.production.meter import measure
from musicgen_assets.production.parts import track_inputs
from musicgen_assets.production.render import render, render_track
from musicgen_assets.styles.loader import load_style
from resources.instruments import engines, instruments_of
from support.band_score import INSTRUMENTS, band_score

RATE = 24_000


def inputs_for(name: str, instruments: Any, **changes: Any) -> dict[str, Any]:
    score = band_score(tuple(INSTRUMENTS), (("verse", 1, 0.45), ("chorus", 1, 1.0)))
    plan = instrument(score, load_style("pop"), Mood(valence=0.7, arousal=0.7))
    track = score.track(name)
    assert track is not None
    inputs = track_inputs(track, plan.sound_of(name), score, RATE)
    return {**inputs, "textures": [], "data": {"instruments": instruments}, **changes}


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_every_instrument_plays_as_long_as_the_song_and_at_one_loudness(name: str, instruments: Any) -> None:
    inputs = inputs_for(name, instruments)
    sound = render(inputs)
    assert sound.shape[1] == round(4.5 * RATE)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    # The phrase is not the song: register, density and velocities differ.
    assert measure(sound, RATE).lufs == pytest.approx(DRY_LUFS, abs=8.0)


def test_equal_inputs_give_equal_bytes_whatever_came_before(instruments: Any) -> None:
    inputs = inputs_for("guitar", instruments)
    first = render_track(inputs, {})[0]
    render_track(inputs_for("drums", instruments), {})
    assert render_track(inputs_for("guitar", instruments), {})[0] == first


def test_the_payload_says_what_it_is(instruments: Any) -> None:
    inputs = inputs_for("melody", instruments)
    payload = render_track(inputs, {})[0]
    samples, rate = decode(payload.data)
    assert payload.role == "track/melody"
    assert rate == RATE == payload.meta["sample_rate_hz"]
    assert samples.shape[1] == inputs["samples"] == payload.meta["samples"]
    assert payload.meta["notes"] == len(inputs["notes"]) > 0
    stereo = samples if samples.shape[0] == 2 else np.repeat(samples, 2, axis=0)
    lufs = integrated_lufs(stereo, rate) + payload.meta["gain_db"]
    assert payload.meta["measurement"]["lufs"] == pytest.approx(lufs, abs=0.3)


def test_a_track_without_notes_is_digital_silence_of_the_right_length(instruments: Any) -> None:
    for name in ("piano", "guitar"):
        sound = render(inputs_for(name, instruments, notes=[]))
        assert sound.shape == (1, round(4.5 * RATE))
        assert not sound.any()


def test_a_centred_instrument_is_kept_on_one_channel(instruments: Any) -> None:
    assert render(inputs_for("bass", instruments)).shape[0] == 1
    assert render(inputs_for("guitar", instruments)).shape[0] == 2


def test_the_first_note_begins_on_its_sample(instruments: Any) -> None:
    inputs = inputs_for("bass", instruments, notes=[[960, 480, 40, 100]], effects=[])
    sound = render(inputs)
    start = round(960 * inputs["samples_per_tick"])
    assert not sound[:, :start].any()
    assert np.abs(sound[:, start : start + 480]).max() > 1e-3


def test_calibration_depends_on_the_instrument_and_not_on_the_notes(instruments: Any) -> None:
    inputs = inputs_for("guitar", instruments)
    fewer = {**inputs, "notes": inputs["notes"][:1]}
    assert calibrated_gains(inputs) == calibrated_gains(fewer)
    other = {**inputs, "voices": [{**voice, "program": 52} for voice in inputs["voices"]]}
    assert calibrated_gains(other) != calibrated_gains(inputs)


def test_a_louder_font_comes_out_as_loud(instruments: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = inputs_for("bass", instruments, effects=[])
    before = measure(render(inputs), RATE).lufs
    from musicgen_assets.production import calibration
    from musicgen_assets.production import render as rendering

    loud = {**instruments, "font_sha256": "another font"}
    for module in (calibration, rendering):
        original = module.sound_of
        monkeypatch.setattr(
            module, "sound_of",
            lambda track, *a, _of=original: (
                _of({**track, "data": {"instruments": instruments}}, *a) * np.float32(4.0)
            ),
        )  # fmt: skip
    after = measure(render({**inputs, "data": {"instruments": loud}}), RATE).lufs
    assert after == pytest.approx(before, abs=0.1)


def test_soft_notes_are_darker_and_softer_than_hard_ones(instruments: Any) -> None:
    def sound(velocity: int) -> np.ndarray:
        return render(inputs_for("melody", instruments, notes=[[0, 1_900, 60, velocity]], effects=[]))

    soft, hard = measure(sound(50), RATE), measure(sound(110), RATE)
    assert soft.lufs < hard.lufs - 5.0
    soft_tilt, hard_tilt = (m.bands_db[7] - m.bands_db[4] for m in (soft, hard))
    assert soft_tilt < hard_tilt - 2.0


def test_layers_sound_only_in_their_sections(instruments: Any) -> None:
    inputs = inputs_for("pad", instruments, notes=[[0, 480, 60, 90], [1_920, 480, 60, 90]])
    layer = {**inputs["voices"][0], "transpose": 12, "spans_ticks": [[1_920, 3_840]], "level_db": 0.0}
    alone = render({**inputs, "voices": inputs["voices"][:1]})
    layered = render({**inputs, "voices": [inputs["voices"][0], layer]})
    second = round(1_920 * inputs["samples_per_tick"])
    np.testing.assert_array_equal(alone[:, :second], layered[:, :second])
    assert np.abs(alone[:, second:] - layered[:, second:]).max() > 0.01


def test_transposed_notes_outside_midi_are_left_out(instruments: Any) -> None:
    inputs = inputs_for("pad", instruments, notes=[[0, 480, 120, 90]])
    voice = {**inputs["voices"][0], "transpose": 12}
    assert not render({**inputs, "voices": [voice]}).any()


def test_the_sub_bass_needs_no_program_of_the_font(instruments: Any) -> None:
    inputs = inputs_for("bass", instruments, source="sub_bass", effects=[])
    sound = render(inputs)
    assert measure(sound, RATE).lufs == pytest.approx(DRY_LUFS, abs=6.0)
    assert sound.shape[0] == 1


def test_textures_sound_where_they_stand_and_stay_what_they_are(instruments: Any) -> None:
    riser = {"kind": "riser", "start_ticks": 960, "duration_ticks": 960, "level_db": -6.0}
    late = {"kind": "impact", "start_ticks": 99_999, "duration_ticks": 960, "level_db": -6.0}
    plain = inputs_for("drums", instruments)
    with_riser, with_both = (render({**plain, "textures": t}) for t in ([riser], [riser, late]))
    difference = with_riser - np.broadcast_to(render(plain), with_riser.shape)
    first, last = (round(tick * plain["samples_per_tick"]) for tick in (960, 1_920))
    assert not difference[:, :first].any()
    assert not difference[:, last:].any()
    assert np.abs(difference[:, first:last]).max() > 0.05
    np.testing.assert_array_equal(with_riser, with_both)


def test_the_end_is_silent_even_under_a_held_note(instruments: Any) -> None:
    sound = render(inputs_for("pad", instruments, notes=[[0, 99_999, 60, 110]]))
    assert np.abs(sound[:, -1]).max() == 0.0
    assert np.abs(sound[:, -RATE // 4 : -RATE // 8]).max() > 0.01


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_both_engines_play_a_track_equally_loud(name: str, instruments: Any) -> None:
    here = engines()
    if len(here) < 2:
        pytest.skip(f"not run: only {', '.join(here)} is on this machine")
    path = Path(instruments["font_path"])
    found = [measure(render(inputs_for(name, instruments_of(path, engine))), RATE).lufs for engine in here]
    assert max(found) - min(found) < 1.0


def test_expression_and_bends_of_a_track_are_heard(instruments: Any) -> None:
    plain = inputs_for("pad", instruments, notes=[[0, 1_900, 60, 90]])
    swelling = {**plain, "controllers": [[0, 11, 40], [960, 11, 127]]}
    sound, swelled = render(plain), render(swelling)
    early, late = (slice(round(tick * plain["samples_per_tick"]), None) for tick in (100, 1_000))
    width = round(200 * plain["samples_per_tick"])
    ratios = [float(np.std(swelled[:, part][:, :width]) / np.std(sound[:, part][:, :width])) for part in (early, late)]
    assert 0.1 < ratios[0] < 0.4
    assert ratios[1] == pytest.approx(1.0, abs=0.02)
    bent = render({**plain, "bends": [[0, 8_191]]})
    assert np.abs(bent - sound).max() > 0.01


def test_a_synthesised_track_needs_no_program_of_the_font(instruments: Any) -> None:
    for name, patch in (("melody", "saw_lead"), ("drums", "kit_909"), ("bass", "acid_bass")):
        inputs = inputs_for(name, {**instruments, "font_path": "/nowhere"}, source="synth", patch=patch, effects=[])
        assert measure(render(inputs), RATE).lufs == pytest.approx(DRY_LUFS, abs=8.0)
