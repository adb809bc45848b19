"""Packages: made when asked for, in a folder of their own, listed, proven, and refused before work when too large."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode
from dsp.levels import null_depth_db
from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.finalization import packages as registry
from musicgen_assets.finalization.packages import PACKAGES, make_packages, package_sizes
from musicgen_assets.finalization.size import SizeFacts, check_release_size, estimate_release_bytes
from musicgen_assets.graph.job import Payload
from musicgen_assets.graph.memory_job import MemoryJob
from musicgen_assets.score.midi import read_midi

FORMATS = ("wav", "flac", "mp3")


def in_packages(release: Any) -> list[str]:
    return [path for path in release.paths if path.startswith("packages/")]


def test_nothing_is_made_that_was_not_asked_for(released: Any) -> None:
    assert in_packages(released) == []


def test_every_file_of_a_package_is_listed_and_proven(packaged: Any) -> None:
    outcome = packaged.store.outcomes["finalization/release"]
    assert [(check.name, check.passed) for check in outcome.checks] == [("release_is_intact", True)]
    manifest = {row["path"]: row for row in packaged.json("manifest.json")["files"]}
    assert set(in_packages(packaged)) <= manifest.keys()
    for path in in_packages(packaged):
        assert hashlib.sha256(packaged.data(path)).hexdigest() == manifest[path]["sha256"]
    assert {path.split("/")[1] for path in in_packages(packaged)} == set(PACKAGES)


def test_packages_leave_the_rest_of_the_release_alone(packaged: Any, instrumental: Any) -> None:
    assert set(packaged.paths) - set(in_packages(packaged)) >= set(instrumental.paths)


def test_the_estimate_of_packages_is_not_under_what_they_take(packaged: Any) -> None:
    for name in PACKAGES:
        paths = [path for path in in_packages(packaged) if path.startswith(f"packages/{name}/")]
        real = sum(len(packaged.data(path)) for path in paths)
        alone = estimate_release_bytes(22.0, 48_000, 24, 5, FORMATS, packages=package_sizes([name]))
        alone -= estimate_release_bytes(22.0, 48_000, 24, 5, FORMATS)
        assert real <= alone <= 4 * real + 1_000_000, name


def test_packages_too_large_are_refused_with_what_fits() -> None:
    sizes = {"daw": lambda facts: 400e6, "songwriter": lambda facts: 1e6}
    with pytest.raises(BadInput) as caught:
        check_release_size(180.0, 48_000, 24, FORMATS, packages=sizes)
    assert caught.value.field == "technical.packages"
    assert "no --package daw" in caught.value.way_out
    assert "no --package songwriter" not in caught.value.way_out
    check_release_size(180.0, 48_000, 24, FORMATS, packages={"songwriter": sizes["songwriter"]})


def test_audio_that_does_not_say_its_length_is_refused(released: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Payload("loop.wav", "audio/wav", b"RIFF", ".wav")
    package = replace(PACKAGES["songwriter"])
    monkeypatch.setattr(type(package), "function", lambda self, name: lambda delivery: [bad])
    monkeypatch.setattr(registry, "PACKAGES", {"songwriter": package})
    with pytest.raises(PermanentFailure, match=r"loop\.wav"):
        make_packages(["songwriter"], None)  # type: ignore[arg-type]  # not looked at


def heard(release: Any, path: str) -> np.ndarray:
    return decode(release.data(f"packages/{path}"))[0]


def stems_of(release: Any) -> dict[str, np.ndarray]:
    job = MemoryJob("finalization/release", release.store)
    stems = [ref for ref in job.refs("mixing/mix") if ref.role.startswith("stem/")]
    return {ref.role.removeprefix("stem/"): job.audio(ref)[0] for ref in stems}


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two recordings, both channels together, over what both last."""
    size = min(a.shape[1], b.shape[1])
    return float(np.corrcoef(a[:, :size].ravel(), b[:, :size].ravel())[0, 1])


def test_groups_sum_to_the_mix(packaged: Any) -> None:
    job = MemoryJob("finalization/release", packaged.store)
    mix, _ = job.audio(job.ref("mixing/mix", "main"))
    paths = [path for path in packaged.paths if path.startswith("packages/everyone/stems/")]
    assert {path.rsplit("/", 1)[-1] for path in paths} == {"drums.flac", "bass.flac", "music.flac"}
    gains_db = {packaged.ref(path).meta["stem_gain_db"] for path in paths}
    assert len(gains_db) == 1
    total = np.sum([decode(packaged.data(path))[0] for path in paths], axis=0, dtype=np.float64)
    total *= 10 ** (-gains_db.pop() / 20)
    assert null_depth_db(total.astype(np.float32), mix) <= -90.0


@pytest.mark.parametrize(
    ("path", "gone", "kept"),
    [
        ("everyone/mixes/no_drums.flac", ["drums"], ["bass", "piano", "melody"]),
        ("everyone/mixes/no_melody.flac", ["melody"], ["drums", "bass", "piano"]),
        ("songwriter/play_along/without_bass.mp3", ["bass"], ["drums", "piano", "melody"]),
    ],
)
def test_a_part_that_was_left_out_is_not_heard(packaged: Any, path: str, gone: list[str], kept: list[str]) -> None:
    sound, stems = heard(packaged, path), stems_of(packaged)
    assert all(abs(likeness(sound, stems[name])) < 0.05 for name in gone)
    assert all(likeness(sound, stems[name]) > 0.1 for name in kept)


def test_a_mix_is_as_loud_as_its_parts_are_in_the_master(packaged: Any) -> None:
    from dsp.loudness import true_peak_dbtp

    master = decode(packaged.data("master.wav"))[0]
    sound, stems = heard(packaged, "everyone/mixes/no_drums.flac"), stems_of(packaged)
    assert sound.shape == master.shape
    assert true_peak_dbtp(sound, 48_000) <= packaged.plan["streaming"]["ceiling_dbtp"] + 0.1
    # The bass line alone, found in both by its likeness: as much of it is in the mix without drums as in the master.
    bass = stems["bass"][:, : master.shape[1]].ravel()
    shares = [float(np.dot(audio.ravel(), bass) / np.dot(bass, bass)) for audio in (master, sound)]
    assert 20 * np.log10(shares[1] / shares[0]) == pytest.approx(0.0, abs=1.0)


def test_the_click_strikes_every_beat_of_the_master(packaged: Any) -> None:
    click = heard(packaged, "songwriter/click.flac")[0]
    assert click.shape[0] == decode(packaged.data("master.wav"))[0].shape[1]
    loud = np.abs(click) > 0.02
    onsets = np.flatnonzero(loud & ~np.concatenate([[False], loud[:-1]]))
    onsets = onsets[np.diff(onsets, prepend=-48_000) > 4_800] / 48_000
    assert onsets == pytest.approx(np.arange(onsets.size) * 0.5, abs=0.002)  # 120 BPM
    assert onsets.size == 40  # ten bars


def test_the_guide_melody_is_the_melody_and_nothing_else(packaged: Any) -> None:
    guide = heard(packaged, "songwriter/guide_melody.flac")
    assert likeness(guide, stems_of(packaged)["melody"]) > 0.999
    notes = read_midi(packaged.data("packages/songwriter/guide_melody.mid"))
    assert set(notes) == {"melody"}
    assert np.array_equal(notes["melody"], read_midi(packaged.data("score.mid"))["melody"])


def test_every_package_that_can_be_asked_for_is_made_somewhere() -> None:
    from typing import get_args

    from musicgen_assets.context.schema import PackageName

    assert set(PACKAGES) == set(get_args(PackageName))
    assert all(size(SizeFacts(60.0, 48_000, 24, 2, 10)) > 0 for size in package_sizes(PACKAGES).values())
