"""The whole mix turned by hand: exactly that filter on everything, the stems still sum, and 0 dB is no edit at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dsp.filters import high_shelf, low_shelf, peak_eq
from dsp.levels import null_depth_db
from musicgen_assets.context.edits import Edits
from musicgen_assets.context.schema import CompositionContext, Mood, WeightedGenre
from musicgen_assets.graph.job import Payload
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.mastering.by_hand import Turned
from musicgen_assets.mastering.corridor import THIRD_OCTAVES_HZ, corridor_for
from musicgen_assets.mastering.gate_parts import Part, part_checks
from musicgen_assets.mastering.parts import PartMeasures
from musicgen_assets.mixing.plan import Band, WholeMove
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.production.parts import track_inputs
from musicgen_assets.production.render import render_track
from musicgen_assets.styles.loader import load_style
from support.band_score import band_score

RATE = 48_000


@pytest.fixture(scope="module")
def plain(instruments: Any) -> MemoryStore:
    score = band_score(("drums", "bass", "guitar", "melody"), (("verse", 1, 0.45), ("chorus", 1, 0.9)))
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


def turned(plain: MemoryStore, **mix: float) -> MemoryStore:
    upstream = {asset: refs for asset, refs in plain.artifacts.items() if asset != "mixing/mix"}
    context = CompositionContext(edits=Edits.model_validate({"mix": mix}))
    store = MemoryStore(context=context, blobs=dict(plain.blobs), artifacts=upstream)
    store.run("mixing/mix")
    return store


def audio(store: MemoryStore, role: str = "main") -> np.ndarray:
    """The mix or a stem before the mix's trim."""
    job = MemoryJob("mastering/analysis", store)
    trim_db = store.json("mixing/mix", "plan")["trim_db"]
    return job.audio(job.ref("mixing/mix", role))[0] * np.float32(10 ** (-trim_db / 20))


def test_tone_is_that_filter_on_the_mix_and_on_every_stem_and_the_stems_still_sum(plain: MemoryStore) -> None:
    store = turned(plain, brightness_db=3.0, warmth_db=-2.0, bass_db=4.0)
    assert store.json("mixing/mix", "plan")["stems_null_db"] <= -90.0
    for role in ("main", "stem/drums", "stem/bass", "stem/guitar", "stem/melody"):
        wanted = low_shelf(audio(plain, role), RATE, 110.0, 4.0)
        wanted = high_shelf(peak_eq(wanted, RATE, 220.0, -2.0, 0.6), RATE, 4_000.0, 3.0, 0.6)
        # What the mono low end's filter rings ahead of the first sample is cut before this filter hears it.
        heard = slice(round(0.2 * RATE), None)
        assert null_depth_db(wanted[:, heard], audio(store, role)[:, heard]) < -100.0, role


def test_width_scales_the_side_and_leaves_the_middle(plain: MemoryStore) -> None:
    before, after = audio(plain), audio(turned(plain, width=1.5))
    assert null_depth_db(before.sum(axis=0, keepdims=True), after.sum(axis=0, keepdims=True)) < -100.0
    side = np.float32(1.5) * (before[:1] - before[1:])
    assert null_depth_db(side, after[:1] - after[1:]) < -100.0


def test_a_width_of_nothing_is_mono(plain: MemoryStore) -> None:
    after = audio(turned(plain, width=0.0))
    assert null_depth_db(after[:1], after[1:]) < -110.0


def test_less_reverb_turns_the_rooms_down_by_that_and_nothing_else(plain: MemoryStore) -> None:
    before, off, less = audio(plain), audio(turned(plain, reverb_db=-60.0)), audio(turned(plain, reverb_db=-6.0))
    rooms = before - off
    assert np.abs(rooms).max() > 1e-3
    assert null_depth_db(off + np.float32(10 ** (-6 / 20)) * rooms, less) < -100.0


def test_faders_thresholds_and_frozen_values_do_not_move(plain: MemoryStore) -> None:
    before = plain.json("mixing/mix", "plan")["frozen_values"]
    after = turned(plain, brightness_db=6.0, width=1.4, reverb_db=-12.0).json("mixing/mix", "plan")["frozen_values"]
    assert {name for name in before if before[name] != after[name]} <= {"mix/trim_db"}


def test_an_edit_back_at_its_defaults_is_the_mix_it_was_to_the_byte(plain: MemoryStore) -> None:
    store = turned(plain, brightness_db=0.0, width=1.0)
    assert store.artifacts["mixing/mix"] == plain.artifacts["mixing/mix"]


def test_the_master_and_the_gate_aim_where_the_hand_did() -> None:
    bright = Turned(WholeMove(bands=(Band(kind="high_shelf", hz=4_000.0, gain_db=4.0, q=0.6),), reverb_db=-10.0))
    genres = [WeightedGenre(name="pop", weight=1.0)]
    before = corridor_for(genres, {"drums", "bass", "lead"})
    after = bright.corridor(before)
    moved = np.array(after.centre_db) - np.array(before.centre_db)
    centres = np.array(THIRD_OCTAVES_HZ)
    assert abs(moved[centres < 300.0]).max() < 0.3
    assert moved[centres > 10_000.0].min() > 3.0
    assert Turned().corridor(before) == before


def test_a_mix_that_a_hand_dried_passes_the_check_of_rooms_that_a_dry_mix_fails() -> None:
    measures = PartMeasures(
        levels_db=(-20.0,) * 10, bands_db=(), silent_notes=0.0, lags=(), offset_semitones=0.0, offset_clarity=0.0,
        direct_to_reverb_db=26.0,
    )  # fmt: skip
    parts = [Part("melody", "lead", measures)]
    dried = Turned(WholeMove(reverb_db=-10.0))
    found = {is_dried: _ambience(parts, turned) for is_dried, turned in ((False, Turned()), (True, dried))}
    assert found == {False: False, True: True}


def _ambience(parts: list[Part], turned: Turned) -> bool:
    return next(check.passed for check in part_checks(parts, None, turned) if check.name == "ambience")
