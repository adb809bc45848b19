"""Distance that is heard as planned, choruses that lift, room that is given, moves that happen when they should."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from dsp.filters import high_pass, low_pass
from dsp.levels import db_to_gain, null_depth_db, rms_dbfs
from dsp.loudness import integrated_lufs
from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import audio_payload, json_payload
from musicgen_assets.mixing import depth, masking, rides
from musicgen_assets.mixing.balance import Stem, plan_mix
from musicgen_assets.mixing.levels import lead_over_rest_lu, lead_shift_db
from musicgen_assets.mixing.plan import Band, Delay, MixPlan, Move, Reverb, RidePoint, Strip
from musicgen_assets.mixing.strip import gain_of, strip_sound
from musicgen_assets.production.effects import EFFECTS, apply_effects
from musicgen_assets.production.instrumentation import ROLE_MIX, instrument, planes_lu, track_mix
from musicgen_assets.production.meter import measure
from musicgen_assets.production.plan import Effect, Room
from musicgen_assets.styles.loader import load_style, style_names
from support.band_score import FORM, band_score

RATE = 48_000
DELAY = Delay(time_ms=250.0, feedback=0.3, echoes=2)
ROOM = Room(room=0.45, damping=0.5)
LIVELY = Mood(valence=0.6, arousal=0.6)


def strip(**changes: Any) -> Strip:
    plain: dict[str, Any] = {
        "track": "it", "role": "chords", "measured_lufs": -20.0, "target_lufs": -20.0, "fader_db": 0.0,
        "reverb_send_db": -60.0, "delay_send_db": -60.0,
    }  # fmt: skip
    return Strip.model_validate({**plain, **changes})


def through(dry: np.ndarray, reverb: Reverb | None = None, **changes: Any) -> np.ndarray:
    return strip_sound(dry, RATE, strip(**changes), reverb, DELAY, mono_below_hz=120.0, kick_times_s=())[0]


def sounds() -> dict[str, np.ndarray]:
    """Dull and bright, mono and wide, steady and struck."""
    rng = np.random.default_rng(3)
    white = (0.1 * rng.standard_normal((2, 6 * RATE))).astype(np.float32)
    strokes = (np.arange(6 * RATE) % (RATE // 2) / RATE).astype(np.float32)
    return {
        "wide noise": white,
        "dull mono": low_pass(white[:1], RATE, 500.0),
        "bright mono": high_pass(white[:1], RATE, 2_000.0),
        "strokes": white[:1] * np.exp(-strokes / 0.05),
    }


@pytest.mark.parametrize("name", sorted(sounds()))
@pytest.mark.parametrize(
    ("plane", "wanted_lu", "pan"), [("front", 9.5, 0.0), ("middle", 2.0, -0.4), ("back", -5.5, 0.3)]
)
def test_a_track_stands_as_far_away_as_planned(name: str, plane: str, wanted_lu: float, pan: float) -> None:
    dry, reverb = sounds()[name], depth.reverbs_of(ROOM)[plane]  # type: ignore[index]
    bands = (Band(kind="high_pass", hz=100.0), Band(kind="peak", hz=300.0, gain_db=-2.0))
    send_db = depth.send_db(wanted_lu, reverb, measure(dry, RATE), bands, 1.0, pan, RATE)
    settings = {"bands": bands, "pan": pan}
    direct = through(dry, **settings)
    wet = through(dry, reverb, reverb_send_db=send_db, **settings) - direct
    energies = [integrated_lufs(sound, RATE) for sound in (direct, wet)]
    # Gates count the tail between strokes otherwise than the strokes.
    assert energies[0] - energies[1] == pytest.approx(wanted_lu, abs=3.0 if name == "strokes" else 1.5)


def test_what_is_near_answers_late_and_what_is_far_long_and_dull() -> None:
    front, middle, back = (depth.reverbs_of(ROOM)[plane] for plane in ("front", "middle", "back"))
    assert front.pre_delay_ms > middle.pre_delay_ms > back.pre_delay_ms
    assert back.decay_s > front.decay_s > middle.decay_s
    assert back.damping > front.damping


@pytest.mark.parametrize("style", style_names())
def test_planes_of_every_style_are_apart_unless_it_wants_one_row(style: str) -> None:
    mix = load_style(style).mix
    planes = planes_lu(mix)
    front, middle, back = (planes[plane] for plane in ("front", "middle", "back"))
    assert front is not None
    assert middle is not None
    assert back is not None
    assert 6.0 <= front <= 15.0
    if style not in ("solo_piano", "string_quartet"):
        assert front - middle >= 6.5
        assert middle - back >= 6.5


@pytest.mark.parametrize("style", style_names())
def test_inserts_of_every_style_are_effects_that_work_and_say_why(style: str) -> None:
    dry = np.random.default_rng(1).uniform(-0.3, 0.3, (1, 4_800)).astype(np.float32)
    for role in ROLE_MIX:
        for insert in track_mix(load_style(style), role).inserts:
            effect = Effect.model_validate(insert.model_dump())
            out = apply_effects(dry, RATE, [effect.model_dump()])
            assert out.shape[1] == dry.shape[1]
            assert np.isfinite(out).all()
            assert effect.reason


def test_every_kind_of_effect_can_be_applied() -> None:
    kinds = Effect.model_fields["kind"].annotation.__args__  # type: ignore[union-attr]
    assert set(kinds) == set(EFFECTS)


def test_inserts_colour_and_keep_the_level() -> None:
    dry = sounds()["dull mono"]
    tape = [{"kind": "tape", "settings": {"drive_db": 24.0}, "reason": "loud"}]
    wet = through(dry, inserts=tape)
    assert rms_dbfs(wet) == pytest.approx(rms_dbfs(through(dry)), abs=0.1)
    assert np.abs(wet - through(dry)).max() > 0.01


def _spans() -> list[rides.Span]:
    kinds = (("intro", 0.3), ("verse", 0.5), ("chorus", 0.9), ("verse", 0.5), ("chorus", 1.0))
    return [rides.Span(kind, 10.0 * at, 10.0 * at + 10.0, energy) for at, (kind, energy) in enumerate(kinds)]  # type: ignore[arg-type]


def _fed(lift_db: float) -> list[rides.Fed]:
    curve = tuple(-24.0 + (lift_db if int(second / 10) in (2, 4) else 0.0) for second in range(50))
    return [rides.Fed(role, curve, 0.0) for role in ("chords", "drums", "lead")]  # type: ignore[arg-type]


@pytest.mark.parametrize("lift_db", [0.0, 1.0, 2.0])
def test_volume_is_ridden_until_choruses_lift(lift_db: float) -> None:
    fed, spans = _fed(lift_db), _spans()
    amount = rides.ride_db(fed, spans, 2.5)
    assert rides.lift_lu(fed, spans) == pytest.approx(lift_db - rides.LEVELLING_LU, abs=0.01)
    assert 0.0 < amount <= rides.RIDE_LIMIT_DB
    lifted = rides.lift_lu(fed, spans, amount)
    assert lifted is not None
    assert lifted >= 2.5 or amount == rides.RIDE_LIMIT_DB


def test_an_arrangement_that_lifts_by_itself_is_left_alone() -> None:
    assert rides.ride_db(_fed(4.0), _spans(), 2.5) == 0.0
    assert rides.ride_db(_fed(0.0), [span for span in _spans() if span.kind != "chorus"], 2.5) == 0.0
    assert rides.ride_db(_fed(0.0), _spans(), 0.0) == 0.0


def test_a_ride_follows_the_energy_and_is_up_when_the_chorus_begins() -> None:
    points = rides.ride_points("chords", _spans(), 4.0)
    times, levels = [point.time_s for point in points], [point.level_db for point in points]
    at = np.interp([5.0, 15.0, 20.0, 25.0, 35.0, 45.0], times, levels)
    assert at == pytest.approx([-4.0, -4.0, 0.0, 0.0, -4.0, 0.0], abs=0.5)
    assert times == sorted(times)
    drums = rides.ride_points("drums", _spans(), 4.0)
    assert min(point.level_db for point in drums) == -4.0 * rides.SHARES["drums"]
    assert rides.ride_points("chords", _spans(), 0.0) == ()


def test_a_strip_rides_its_fader() -> None:
    dry = np.full((1, 2 * RATE), 0.1, np.float32)
    ride = [RidePoint(time_s=0.9, level_db=-12.0), RidePoint(time_s=1.0, level_db=0.0)]
    dry[0] *= np.sin(2 * np.pi * 1_000 * np.arange(2 * RATE) / RATE)
    out = np.abs(through(dry, ride=ride)[0])
    assert out[: RATE // 2].max() == pytest.approx(0.1 * db_to_gain(-12.0), rel=0.02)
    assert out[round(1.1 * RATE) :].max() == pytest.approx(0.1, rel=0.02)


def test_a_throw_echoes_its_stretch_and_nothing_else() -> None:
    dry = np.zeros((1, 3 * RATE), np.float32)
    dry[0, [RATE // 2, round(1.5 * RATE)]] = 0.5
    throw = Move(kind="throw", start_s=1.4, end_s=1.6, start_value=0.0, end_value=0.0)
    echoes = through(dry, moves=[throw]) - through(dry)
    assert not np.abs(echoes[:, : round(1.7 * RATE)]).max() > 1e-5
    assert np.abs(echoes[:, round(1.75 * RATE) - 50 : round(1.75 * RATE) + 500]).max() > 0.05


def test_moves_of_a_strip_stay_linear_so_that_stems_sum() -> None:
    rng = np.random.default_rng(5)
    one, two = ((0.1 * rng.standard_normal((2, RATE))).astype(np.float32) for _ in range(2))
    moves = [
        Move(kind="high_pass", start_s=0.2, end_s=0.8, start_value=50.0, end_value=800.0),
        Move(kind="throw", start_s=0.1, end_s=0.4, start_value=-6.0, end_value=-6.0),
        Move(kind="ride", start_s=0.5, end_s=0.9, start_value=0.0, end_value=-6.0),
    ]
    apart = through(one, moves=moves) + through(two, moves=moves)
    np.testing.assert_allclose(through((one + two).astype(np.float32), moves=moves), apart, atol=5e-6)


def test_dance_music_sweeps_before_its_choruses_and_bands_do_not() -> None:
    score = band_score(("drums", "bass", "pad", "melody"), FORM)
    house = instrument(score, load_style("house"), LIVELY)
    sweeps = [move for move in house.sound_of("pad").automation if move.kind == "high_pass"]
    choruses = {section.start_ticks for section in score.sections if section.kind == "chorus"}
    assert sweeps
    assert {move.end_ticks for move in sweeps} <= choruses
    assert all(move.end_value > move.start_value and move.reason for move in sweeps)
    folk = instrument(score, load_style("folk"), LIVELY)
    assert not [move for sound in folk.tracks for move in sound.automation if move.kind != "throw"]


def test_throws_end_phrases_and_keep_apart() -> None:
    score = band_score(("drums", "melody"), FORM)
    tune = score.track("melody")
    assert tune is not None
    # Every eighth note in the band's tune but the last of each bar: phrases of a bar with a rest.
    kept = tuple(note for note in tune.notes if note[0] % 1_920 < 1_200)
    rested = score.model_copy(
        update={
            "tracks": tuple(t if t.name != "melody" else t.model_copy(update={"notes": kept}) for t in score.tracks)
        }
    )
    throws = [
        m
        for m in instrument(rested, load_style("synthwave"), LIVELY).sound_of("melody").automation
        if m.kind == "throw"
    ]
    assert throws
    starts = [move.start_ticks for move in throws]
    assert all(later - earlier >= 4 * 1_920 for earlier, later in pairwise(starts))
    ends = {note[0] for note in kept if note[0] % 1_920 == max(n[0] % 1_920 for n in kept)}
    assert set(starts) <= ends


def test_the_lead_is_brought_into_the_styles_bounds() -> None:
    plan = instrument(band_score(("drums", "bass", "piano", "pad", "melody")), load_style("pop"), LIVELY)
    sounds_ = [
        sound.model_copy(update={"level_db": 2.0 if sound.role == "drums" else sound.level_db}) for sound in plan.tracks
    ]
    shift = lead_shift_db(sounds_, (-1.0, 1.0))
    assert shift > 0.0
    assert lead_over_rest_lu(sounds_, shift) == pytest.approx(-1.0, abs=0.06)
    assert lead_shift_db([sound for sound in sounds_ if sound.role == "lead"], (-1.0, 1.0)) == 0.0


def _octaves(**levels: float) -> dict[float, float]:
    plain = dict.fromkeys((31.5, 63.0, 125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0), -60.0)
    return {**plain, **{float(name[1:]): level for name, level in levels.items()}}


def test_kick_and_bass_yield_to_each_other_where_the_other_is_at_home() -> None:
    drums = masking.Sounding("drums", "drums", -20.0, _octaves(_63=-30.0, _125=-40.0))
    bass = masking.Sounding("bass", "bass", -22.0, _octaves(_63=-28.0, _125=-31.0))
    found = {(item.track, item.lead): item for item in masking.find_masking([drums, bass], {})}
    assert found["bass", "drums"].hz == 63.0
    assert ("drums", "bass") not in found
    quiet = masking.Sounding("bass", "bass", -22.0, _octaves(_63=-45.0, _125=-42.0))
    assert not masking.find_masking([drums, quiet], {})


def test_a_pad_leaves_the_body_to_the_chords_and_frozen_cuts_hold() -> None:
    chords = masking.Sounding("piano", "chords", -24.0, _octaves(_250=-30.0, _500=-31.0))
    pad = masking.Sounding("pad", "pad", -28.0, _octaves(_250=-25.0, _500=-40.0))
    found = masking.find_masking([chords, pad], {})
    assert [(item.track, item.rule, item.hz) for item in found] == [("pad", "body", 250.0)]
    frozen = masking.freezable("pad", "pad", found)
    louder = masking.Sounding("pad", "pad", -28.0, _octaves(_250=-10.0, _500=-10.0))
    again = masking.find_masking([chords, louder], frozen)
    assert [(item.hz, item.cut_db) for item in again if item.rule == "body"] == [(250.0, found[0].cut_db)]


def test_a_bus_fader_moves_its_tracks_and_no_other() -> None:
    score = band_score(("drums", "bass", "piano", "melody"))
    plan = instrument(score, load_style("pop"), LIVELY)
    noise = (0.1 * np.random.default_rng(2).standard_normal((1, RATE))).astype(np.float32)
    stems = tuple(Stem(track.name, measure(noise, RATE), RATE) for track in score.tracks)
    free, moved = plan_mix(stems, plan), plan_mix(stems, plan, {"mix/bus/music": -3.0})
    for before, after in zip(free.strips, moved.strips, strict=True):
        assert after.bus_db == (-3.0 if after.bus == "music" else 0.0)
        assert after.model_copy(update={"bus_db": 0.0}) == before
    assert {bus.name: bus.is_frozen for bus in moved.buses} == {"drums": False, "bass": False, "music": True}


def _drummers() -> MemoryStore:
    """Two drummers and a tune, as noises: the first loud now and then."""
    score = band_score(("drums", "percussion", "melody"), (("verse", 1, 0.5), ("chorus", 1, 0.9)))
    style = load_style("pop")
    store = MemoryStore(CompositionContext())
    rng = np.random.default_rng(9)
    swell = np.repeat([0.02, 0.3, 0.02, 0.3], RATE).astype(np.float32)
    stems = [
        audio_payload((rng.uniform(-1, 1, (1, 4 * RATE)) * swell).astype(np.float32), RATE, f"track/{name}")
        for name in ("drums", "percussion", "melody")
    ]
    store.put("arrangement/arrangement", json_payload(score))
    store.put("production/instrumentation", json_payload(instrument(score, style, LIVELY)))
    store.put("production/stems", *stems)
    store.run("mixing/mix")
    return store


def test_a_glued_bus_is_declared_and_can_be_played_again() -> None:
    store = _drummers()
    plan = MixPlan.model_validate(store.json("mixing/mix", "plan"))
    job = MemoryJob("mixing/mix", store)
    refs = {ref.role: ref for ref in store.artifacts["mixing/mix"]}
    bus = next(bus for bus in plan.buses if bus.name == "drums")
    assert bus.glue is not None
    assert bus.tracks == ("drums", "percussion")
    assert bus.glue.makeup_db is not None
    assert bus.mean_reduction_db is not None
    assert bus.mean_reduction_db > 0.2
    gain = gain_of(job.blob(refs["glue/drums"]), 4 * RATE, RATE)
    assert gain[round(1.5 * RATE)] < 0.95 * gain[round(0.5 * RATE)], "loud is turned down against soft"
    total = np.zeros((2, 4 * RATE), np.float32)
    for strip in plan.strips:
        dry = job.audio(next(ref for ref in store.artifacts["production/stems"] if ref.role == f"track/{strip.track}"))[
            0
        ]
        again, _ = strip_sound(
            dry, RATE, strip, plan.reverb_of(strip), plan.delay, mono_below_hz=plan.mono_below_hz, kick_times_s=(),
            glue=gain if strip.bus == "drums" else None,
        )  # fmt: skip
        again *= np.float32(db_to_gain(plan.trim_db))
        assert null_depth_db(again, job.audio(refs[f"stem/{strip.track}"])[0]) <= -90.0
        total += again
    assert null_depth_db(total, job.audio(refs["main"])[0]) <= -90.0
    assert plan.frozen_values["mix/bus/drums/makeup_db"] == bus.glue.makeup_db


def test_a_bus_of_one_track_is_not_glued() -> None:
    score = band_score(("drums", "melody"))
    noise = (0.1 * np.random.default_rng(2).standard_normal((1, RATE))).astype(np.float32)
    stems = tuple(Stem(track.name, measure(noise, RATE), RATE) for track in score.tracks)
    assert all(bus.glue is None for bus in plan_mix(stems, instrument(score, load_style("pop"), LIVELY)).buses)
