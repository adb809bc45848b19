"""Both engines answer a held key exactly, whatever was asked before; fonts that go wrong are named."""

from __future__ import annotations

import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.sampler_measures import pitch_hz
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.production.sampler import Instrument, open_sampler

RATE = 48_000


def instrument(instruments: Any, program: int, *, is_drums: bool = False) -> Instrument:
    return open_sampler(instruments).instrument(program, RATE, is_drums=is_drums)


def test_a_key_sounds_from_its_first_block_and_a_short_answer_begins_a_long_one(each_engine: Any) -> None:
    lead = instrument(each_engine, 80)
    long, short = lead.held(60, 100, 24_000), lead.held(60, 100, 9_999)
    np.testing.assert_array_equal(short, long[:, :9_999])
    assert np.isfinite(long).all()
    assert np.abs(long[:, :256]).max() > 1e-3


def test_what_was_played_before_changes_nothing(each_engine: Any) -> None:
    strings = instrument(each_engine, 48)
    first = strings.held(64, 80, 20_000)
    instrument(each_engine, 25, is_drums=True).held(36, 127, 5_000)
    instrument(each_engine, 5).held(60, 127, 5_000, ((0, 0.3), (256, -2.0)))
    np.testing.assert_array_equal(strings.held(64, 80, 20_000), first)


def test_threads_do_not_mix(each_engine: Any) -> None:
    asked = [(0, 60), (48, 64), (80, 67), (25, 52)] * 3
    alone = [instrument(each_engine, program).held(key, 90, 12_000) for program, key in asked]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda job: instrument(each_engine, job[0]).held(job[1], 90, 12_000), asked))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("semitones", [0.25, -2.0, 2.0])
def test_steps_move_the_pitch(each_engine: Any, semitones: float) -> None:
    lead = instrument(each_engine, 80)
    still = pitch_hz(lead.held(69, 100, 48_000), 440.0)
    bent = lead.held(69, 100, 72_000, ((0, 0.0), (24_064, semitones)))[:, 24_064:]
    moved = pitch_hz(bent, 440.0 * 2 ** (semitones / 12))
    # The program is two voices that beat: its strongest frequency is known to some cents.
    assert 12.0 * np.log2(moved / still) == pytest.approx(semitones, abs=0.04)


def test_a_full_kit_is_played_on_every_key(each_engine: Any) -> None:
    kit = instrument(each_engine, 0, is_drums=True)
    assert all(np.abs(kit.held(key, 100, 24_000)).max() > 1e-4 for key in range(35, 82))


def test_a_kit_or_program_that_a_font_lacks_is_replaced(each_engine: Any) -> None:
    assert np.abs(instrument(each_engine, 99, is_drums=True).held(36, 100, 9_600)).max() > 1e-3


def _copy(instruments: Any, folder: Path, data: bytes | None = None) -> dict[str, Any]:
    path = folder / "font.sf2"
    if data is None:
        shutil.copy(instruments["font_path"], path)
    else:
        path.write_bytes(data)
    return {**instruments, "font_path": str(path), "font_sha256": hashlib.sha256(path.read_bytes()).hexdigest()}


def test_a_file_the_engine_cannot_read_is_named(each_engine: Any, tmp_path: Path) -> None:
    with pytest.raises(PermanentFailure, match=r"font\.sf2 cannot be loaded.*another"):
        open_sampler(_copy(each_engine, tmp_path, b"RIFF\x04\0\0\0sfbk"))


def test_a_font_cut_short_is_named(each_engine: Any, tmp_path: Path) -> None:
    whole = Path(each_engine["font_path"]).read_bytes()
    with pytest.raises(PermanentFailure, match=r"font\.sf2 cannot be loaded"):
        open_sampler(_copy(each_engine, tmp_path, whole[: len(whole) // 3])).instrument(0, RATE).held(60, 100, 4_800)


def test_a_font_that_vanishes_before_a_track_is_named(each_engine: Any, tmp_path: Path) -> None:
    gone = _copy(each_engine, tmp_path)
    Path(gone["font_path"]).unlink()
    with pytest.raises(PermanentFailure, match=r"can no longer be opened.*musicgen retry"):
        open_sampler(gone)


def test_a_font_that_vanishes_between_two_instruments_is_named_or_not_needed(each_engine: Any, tmp_path: Path) -> None:
    copied = _copy(each_engine, tmp_path)
    sampler = open_sampler(copied)
    before = sampler.instrument(0, RATE).held(60, 100, 9_600)
    Path(copied["font_path"]).unlink()
    if sampler.name == "tinysoundfont":  # it holds the whole font
        np.testing.assert_array_equal(sampler.instrument(0, RATE).held(60, 100, 9_600), before)
        return
    with pytest.raises(PermanentFailure, match=r"can no longer be opened.*musicgen retry"):
        sampler.instrument(73, RATE)


def test_a_font_replaced_in_mid_run_is_not_played(each_engine: Any, tmp_path: Path) -> None:
    copied = _copy(each_engine, tmp_path)
    with Path(copied["font_path"]).open("ab") as file:
        file.write(b"more")
    with pytest.raises(PermanentFailure, match=r"changed while the song was made.*musicgen retry"):
        open_sampler(copied)


def test_an_engine_nobody_knows_is_refused(instruments: Any) -> None:
    with pytest.raises(PermanentFailure, match=r"no sampler called 'timidity'.*fluidsynth, tinysoundfont"):
        open_sampler({**instruments, "engine": "timidity"})
