"""Faders moved by hand: the track that was meant, by exactly as much, and not a bit of any other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dsp.levels import null_depth_db, peak
from musicgen_assets.context.edits import Edits, TrackEdit
from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.graph.job import Payload
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import audio_payload, json_payload
from musicgen_assets.mixing.hand import Stretch, hand_gain, is_silent_at, moved_by_hand, stretches_of
from musicgen_assets.mixing.plan import HandMove, MixPlan
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.production.parts import track_inputs
from musicgen_assets.production.render import render_track
from musicgen_assets.score.model import Score
from musicgen_assets.styles.loader import load_style
from support.band_score import band_score

RATE = 48_000
NAMES = ("drums", "bass", "guitar", "melody")


@pytest.fixture(scope="module")
def score() -> Score:
    return band_score(NAMES, (("verse", 1, 0.45), ("chorus", 1, 0.9)))


@pytest.fixture(scope="module")
def plain(score: Score, instruments: Any) -> MemoryStore:
    plan = instrument(score, load_style("pop"), Mood(valence=0.6, arousal=0.6))
    stems: list[Payload] = [
        render_track(
            {**track_inputs(track, plan.sound_of(track.name), score, RATE), "data": {"instruments": instruments}}, {}
        )[0]
        for track in score.tracks
    ]
    store = MemoryStore()
    store.put("arrangement/arrangement", json_payload(score))
    store.put("production/instrumentation", json_payload(plan))
    store.put("production/stems", *stems)
    store.run("mixing/mix")
    return store


def edited(plain: MemoryStore, edits: dict[str, Any], **turned_db: float) -> MemoryStore:
    """The mix with ``edits``; dry stems named in ``turned_db`` are another recording: turned, and without numbers."""
    upstream = {asset: refs for asset, refs in plain.artifacts.items() if asset != "mixing/mix"}
    context = CompositionContext(edits=Edits.model_validate(edits))
    store = MemoryStore(context=context, blobs=dict(plain.blobs), artifacts=upstream)
    if turned_db:
        job = MemoryJob("mixing/mix", plain)
        dry = {ref.role.removeprefix("track/"): ref for ref in upstream["production/stems"]}
        other = {
            name: audio_payload(job.audio(dry[name])[0] * np.float32(10 ** (by_db / 20)), RATE, f"track/{name}")
            for name, by_db in turned_db.items()
        }
        store.put("production/stems", *(other.get(name, ref) for name, ref in dry.items()))
    store.run("mixing/mix")
    return store


def stem(store: MemoryStore, track: str) -> np.ndarray:
    """A stem as its strip left it: before the mix's trim."""
    job = MemoryJob("mastering/analysis", store)
    trim_db = store.json("mixing/mix", "plan")["trim_db"]
    return job.audio(job.ref("mixing/mix", f"stem/{track}"))[0] * np.float32(10 ** (-trim_db / 20))


def hashes(store: MemoryStore) -> dict[str, str]:
    return {ref.role: ref.sha256 for ref in store.artifacts["mixing/mix"] if ref.role.startswith("stem/")}


def test_a_gain_moves_its_track_by_exactly_that_and_no_other(plain: MemoryStore) -> None:
    store = edited(plain, {"tracks": {"bass": {"gain_db": -3.0}}})
    before, after = hashes(plain), hashes(store)
    assert {role for role in after if after[role] != before[role]} == {"stem/bass"}
    assert null_depth_db(stem(plain, "bass") * np.float32(10 ** (-3 / 20)), stem(store, "bass")) < -110.0
    assert store.json("mixing/mix", "plan")["stems_null_db"] <= -90.0


def test_a_muted_bus_is_silent_and_the_mix_is_the_sum_of_the_others(plain: MemoryStore) -> None:
    store = edited(plain, {"buses": {"drums": {"is_muted": True}}})
    assert not stem(store, "drums").any()
    assert store.json("mixing/mix", "plan")["stems_null_db"] <= -90.0
    assert store.outcomes["mixing/mix"].facts["moved_by_hand"] == "drums"


def test_a_pan_puts_the_track_aside(plain: MemoryStore) -> None:
    left, right = stem(edited(plain, {"tracks": {"guitar": {"pan": -1.0}}}), "guitar")
    assert np.square(left).sum() > 5.0 * np.square(right).sum()


def test_a_track_is_out_of_one_section_and_rings_on_before_the_next(plain: MemoryStore, score: Score) -> None:
    verse, chorus = stretches_of(score)
    was, now = (stem(store, "drums") for store in (plain, edited(plain, {"tracks": {"drums": {"sections": {
        "verse": {"is_muted": True}}}}})))  # fmt: skip
    first = round((chorus.start_s - 0.03) * RATE)
    assert peak(now[:, : first - 3_000]) == 0.0 < peak(was[:, :first])
    # What sounds in the chorus is the chorus's own, but for the room that the verse would have rung into.
    assert verse.end_s == chorus.start_s
    assert np.square(now[:, first:]).sum() > 0.5 * np.square(was[:, first:]).sum()


def test_an_automation_goes_in_straight_lines_of_decibels() -> None:
    edit = TrackEdit.model_validate({"automation": [{"time_s": 1, "gain_db": 0}, {"time_s": 3, "gain_db": -12}]})
    strip = {"track": "bass", "role": "bass", "measured_lufs": 0, "target_lufs": 0, "fader_db": 0}
    sends = {"reverb_send_db": -60, "delay_send_db": -60}
    plan = MixPlan.model_validate(
        {"reference_lufs": -20, "strips": [{**strip, **sends}], "buses": [], "reverbs": {}, "mono_below_hz": 120,
         "delay": {"time_ms": 300, "feedback": 0.3, "echoes": 3}, "masking": []}
    )  # fmt: skip
    hand = moved_by_hand(plan, {"bass": edit}, {}, (Stretch("verse 1", "verse", 0.0, 4.0),)).strips[0].hand
    assert hand is not None
    gain_db = 20.0 * np.log10(hand_gain(hand, 4 * RATE, RATE))
    assert [round(float(gain_db[round(at_s * RATE)]), 2) for at_s in (0.0, 1.0, 2.0, 3.0, 3.9)] == [0, 0, -6, -12, -12]


def test_notes_that_a_hand_muted_were_not_to_be_heard() -> None:
    curve = [{"time_s": 0, "level_db": 0}, {"time_s": 2, "level_db": -120}]
    assert is_silent_at(HandMove.model_validate({"curves": [curve]}), 1.9)
    assert not is_silent_at(HandMove.model_validate({"curves": [curve]}), 0.1)
    assert is_silent_at(HandMove(is_muted=True), 0.0)
    assert not is_silent_at(None, 0.0)


def test_an_edit_of_a_track_that_left_is_told_and_changes_nothing(plain: MemoryStore) -> None:
    store = edited(plain, {"tracks": {"cello": {"gain_db": 3.0}}})
    assert hashes(store) == hashes(plain)
    assert store.outcomes["mixing/mix"].facts["edited_and_not_playing"] == "cello"


def test_a_held_mix_is_the_same_to_the_bit_outside_the_window_it_declares(plain: MemoryStore, score: Score) -> None:
    """The bass plays something else everywhere, and only the verse may hear it; the drums have left the verse."""
    held = held_mix(plain, "verse 1")
    store = edited(
        plain, {"held_mix": held, "tracks": {"drums": {"sections": {"verse 1": {"is_muted": True}}}}}, bass=-6
    )
    part = store.json("mixing/mix", "plan")["held"]
    (start, end), *others = part["windows"]
    length = score.duration_s
    assert not others
    assert (start, end) == (0.0, pytest.approx(stretches_of(score)[0].end_s + part["tail_s"]))
    assert end < length - 0.2, "the window leaves something to compare"
    for role in ("main", "stem/bass", "stem/drums", "stem/melody"):
        before, after = (MemoryJob("mastering/analysis", one) for one in (plain, store))
        was, now = (job.audio(job.ref("mixing/mix", role))[0] for job in (before, after))
        first = round(end * RATE)
        assert null_depth_db(was[:, first:], now[:, first:]) <= -120.0
        assert np.array_equal(was, now) == (role == "stem/melody")
    gains = [one.json("mixing/mix", "plan")["frozen_values"] for one in (plain, store)]
    assert gains[0] == gains[1]


def test_a_track_that_is_played_from_the_same_is_held_inside_the_section_too(plain: MemoryStore) -> None:
    held = held_mix(plain, "verse 1")
    held["dry"] = {ref.role.removeprefix("track/"): ref.sha256 for ref in plain.artifacts["production/stems"]}
    store = edited(plain, {"held_mix": held, "tracks": {"drums": {"sections": {"verse 1": {"is_muted": True}}}}})
    assert {role for role, sha256 in hashes(store).items() if sha256 != hashes(plain)[role]} == {"stem/drums"}


def test_a_track_that_was_let_go_is_not_held(plain: MemoryStore) -> None:
    held = {**held_mix(plain, "verse 1"), "let_go": ["bass"]}
    del held["stems"]["bass"]
    store = edited(plain, {"held_mix": held}, bass=-6)
    assert {role for role, sha256 in hashes(store).items() if sha256 != hashes(plain)[role]} == {"stem/bass"}


def held_mix(store: MemoryStore, section: str) -> dict[str, Any]:
    refs = {ref.role: ref for ref in store.artifacts["mixing/mix"]}
    files = {
        role: {"sha256": ref.sha256, "size_bytes": ref.size_bytes, "media_type": ref.media_type, "meta": dict(ref.meta)}
        for role, ref in refs.items()
    }
    stems = {role.removeprefix("stem/"): file for role, file in files.items() if role.startswith("stem/")}
    return {"sections": [section], "plan": files["plan"], "stems": stems}
