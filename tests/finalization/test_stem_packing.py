"""Stems share one gain, sum to the mix, and lose bits together only as far as the sum allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.audiofile import decode
from dsp.levels import null_depth_db
from musicgen_assets.finalization.stems import StemSet, common_gain_db, make_stems, rounded_to
from musicgen_assets.graph.job import FloatArray, Ref, Task
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import audio_payload

RATE = 48_000
ROLES = {"kit": "drums", "shaker": "percussion", "bass": "bass", "keys": "chords", "pad": "pad", "lead": "lead"}


@dataclass
class Bench:
    """A store with stems, and a job that counts its tasks."""

    gains_db: Sequence[float] = (0.0,) * 6
    loudness: float = 0.1
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(5)
        store = MemoryStore()
        self.audio: dict[str, FloatArray] = {}
        self.refs: dict[str, Ref] = {}
        for (name, _), gain_db in zip(ROLES.items(), self.gains_db, strict=True):
            # Coloured noise: as compressible as music.
            stored = np.cumsum(rng.standard_normal((2, RATE)), axis=1) * 1e-3
            stored = (self.loudness * stored / np.abs(stored).max()).astype(np.float32)
            payload = audio_payload(stored, RATE, f"stem/{name}", {"gain_db": gain_db})
            self.refs[name] = store.keep(payload)
            self.audio[name] = decode(payload.data)[0] * np.float32(10 ** (gain_db / 20))
        self.job = MemoryJob("finalization/release", store)
        self.store = store
        run = self.job.tasks

        def counted(tasks: Sequence[Task]) -> list[tuple[Ref, ...]]:
            self.names += [task.name for task in tasks]
            return run(tasks)

        self.job.tasks = counted  # type: ignore[method-assign]

    def pack(self, room_bytes: int = 10**9) -> StemSet:
        return make_stems(self.job, self.refs, ROLES, room_bytes)

    def sum_of(self, found: StemSet) -> FloatArray:
        total = np.sum([decode(self.store.blobs[ref.sha256].data)[0] for ref in found.refs], axis=0, dtype=np.float64)
        return (total * 10 ** (-found.gain_db / 20)).astype(np.float32)

    @property
    def mix(self) -> FloatArray:
        return np.sum(list(self.audio.values()), axis=0, dtype=np.float64).astype(np.float32)


def test_equal_gains_leave_by_reference() -> None:
    bench = Bench(gains_db=(-3.5,) * 6)
    found = bench.pack()
    assert bench.names == []
    assert found.gain_db == 3.5
    assert [ref.sha256 for ref in found.refs] == [ref.sha256 for ref in bench.refs.values()]
    assert [ref.role for ref in found.refs] == [f"stems/{name}.flac" for name in ROLES]
    assert null_depth_db(bench.sum_of(found), bench.mix) <= -120.0


def test_one_stem_over_full_scale_scales_all_by_the_same() -> None:
    bench = Bench(gains_db=(6.0, 0.0, 0.0, 0.0, -2.0, 0.0), loudness=0.9)
    found = bench.pack()
    assert found.gain_db == -6.0
    assert "stem/kit" not in bench.names
    assert len(bench.names) == 5
    for ref in found.refs:
        assert ref.meta["gain_db"] == 6.0
        assert np.abs(decode(bench.store.blobs[ref.sha256].data)[0]).max() <= 1.0
    assert null_depth_db(bench.sum_of(found), bench.mix) <= -105.0


@pytest.mark.parametrize(("share", "bits", "files"), [(0.8, 20, 6), (0.6, 16, 6), (0.46, 16, 4), (0.0, 16, 2)])
def test_less_room_costs_bits_then_files_and_the_sum_stays(share: float, bits: int, files: int) -> None:
    bench = Bench()
    whole = sum(ref.size_bytes for ref in bench.refs.values())
    found = bench.pack(int(whole * share))
    assert (found.packing.bits, len(found.refs)) == (bits, files)
    assert null_depth_db(bench.sum_of(found), bench.mix) <= -90.0
    assert set(found.file_of) == set(ROLES)
    assert set(found.file_of.values()) == {ref.role for ref in found.refs}
    if share:
        assert found.size_bytes <= whole * share


def test_joined_stems_go_by_role() -> None:
    bench = Bench()
    groups = bench.pack(int(0.46 * sum(ref.size_bytes for ref in bench.refs.values())))
    assert groups.file_of == {
        "kit": "stems/drums.flac", "shaker": "stems/drums.flac", "bass": "stems/bass.flac",
        "keys": "stems/harmony.flac", "pad": "stems/harmony.flac", "lead": "stems/melody.flac",
    }  # fmt: skip
    halves = bench.pack(0)
    assert [name for name, path in halves.file_of.items() if path == "stems/rhythm.flac"] == ["kit", "shaker", "bass"]
    assert [name for name, path in halves.file_of.items() if path == "stems/music.flac"] == ["keys", "pad", "lead"]


def test_packed_stems_are_at_the_mixs_level() -> None:
    bench = Bench(gains_db=(-7.0,) * 6)
    found = bench.pack(int(0.6 * sum(ref.size_bytes for ref in bench.refs.values())))
    assert found.gain_db == 0.0
    assert null_depth_db(bench.sum_of(found), bench.mix) <= -90.0


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=8))
def test_the_common_gain_keeps_every_stem_under_full_scale(stored_db: list[float]) -> None:
    gain_db = common_gain_db(stored_db)
    assert all(stored + gain_db <= 1e-9 for stored in stored_db)
    assert len(set(stored_db)) > 1 or gain_db == -stored_db[0]


@given(st.sampled_from((16, 20, 24)), st.lists(st.floats(-1.5, 1.5, width=32), min_size=1, max_size=50))
def test_rounding_is_to_the_nearest_step_within_full_scale(bits: int, values: list[float]) -> None:
    samples = np.array([values], np.float32)
    found = rounded_to(samples, bits)
    step = 2.0 ** (1 - bits)
    steps: Any = found / np.float32(step)
    assert np.array_equal(steps, np.rint(steps))
    assert np.abs(found - np.clip(samples, -1.0, 1.0 - step)).max() <= step / 2 + 1e-9
