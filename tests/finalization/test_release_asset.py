"""finalization/release: the package is complete, true to what it says, and equal for equal songs."""

from __future__ import annotations

import hashlib
import io
import json
import re
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode
from dsp.levels import null_depth_db
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.finalization import release as release_module
from musicgen_assets.finalization.exports import NAMES
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.score.midi import read_midi
from support.released_song import WAIVER, Release, mastered
from support.sounding_song import BAND, DURATION_S, RATE

STEMS = {f"stems/{name}.flac" for name in BAND}
ALWAYS = {"master.wav", "score.mid", "metadata.json", "manifest.json", "report.html", "licence.txt", "cover.jpg"}
EXPORTS = {f"exports/{name}" for name in NAMES}
WITH_IDS = {"metadata.json", "manifest.json"}


def test_a_release_holds_what_was_asked_for(released: Any, instrumental: Any) -> None:
    words = {"lyrics.lrc", "lyrics_words.lrc", "lyrics.srt", "lyrics.txt"}
    assert set(released.paths) == ALWAYS | EXPORTS | STEMS | words | {"master.flac", "master.mp3", "master.ogg"}
    assert set(instrumental.paths) == ALWAYS | EXPORTS | STEMS | {"master.flac"}
    assert len(set(released.paths)) == len(released.paths)


def test_every_file_decodes_and_matches_the_manifest(released: Any) -> None:
    outcome = released.store.outcomes["finalization/release"]
    assert [(check.name, check.passed) for check in outcome.checks] == [("release_is_intact", True)]
    manifest = {row["path"]: row for row in released.json("manifest.json")["files"]}
    assert manifest.keys() == set(released.paths) - {"manifest.json"}
    for path, row in manifest.items():
        data = released.data(path)
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        assert len(data) == row["bytes"]
        if row["media_type"].startswith("audio/") and not path.endswith(".mid"):
            samples, rate = decode(data)
            assert (samples.shape, rate) == ((2, round(DURATION_S * RATE)), RATE), path


def test_lossless_masters_are_the_master_to_the_sample(released: Any) -> None:
    job = MemoryJob("finalization/release", released.store)
    master, _ = job.audio(job.ref("mastering/master", "streaming"))
    for path in ("master.wav", "master.flac"):
        assert null_depth_db(decode(released.data(path))[0], master) <= -120.0


def test_16_bit_masters_are_16_bits_dithered_and_alike(instrumental: Any) -> None:
    import soundfile

    for path in ("master.wav", "master.flac"):
        assert soundfile.info(io.BytesIO(instrumental.data(path))).subtype == "PCM_16"
    wav, flac = decode(instrumental.data("master.wav"))[0], decode(instrumental.data("master.flac"))[0]
    assert np.array_equal(wav, flac)
    job = MemoryJob("finalization/release", instrumental.store)
    master, _ = job.audio(job.ref("mastering/master", "streaming"))
    assert -96.0 < null_depth_db(wav, master) < -80.0


def test_stems_sum_to_the_mix_by_the_gain_that_is_declared(released: Any) -> None:
    gain_db = released.json("metadata.json")["stems"]["gain_db"]
    stems = [decode(released.data(path))[0] for path in sorted(STEMS)]
    job = MemoryJob("finalization/release", released.store)
    mix, _ = job.audio(job.ref("mixing/mix", "main"))
    total = np.sum(stems, axis=0, dtype=np.float64) * 10 ** (-gain_db / 20)
    assert null_depth_db(total.astype(np.float32), mix) <= -90.0
    assert gain_db == pytest.approx(2.0)


def test_metadata_says_what_the_song_is(released: Any) -> None:
    found = released.json("metadata.json")
    wanted = {
        "title", "prompt", "language", "key", "scale", "tempo_bpm", "time_signature", "genres", "mood", "duration_s",
        "sample_rate_hz", "sections", "tracks", "lyrics", "loudness", "scores", "composition", "version", "parent",
        "seed", "engines", "licence",
    }  # fmt: skip
    assert wanted <= found.keys()
    assert (found["composition"], found["version"], found["parent"]) == ("summer-song", 1, None)
    assert found["seed"] == 7
    assert found["loudness"].keys() == {"integrated_lufs", "true_peak_dbtp", "loudness_range_lu"}
    assert found["waivers"] == [WAIVER]
    assert {row["name"]: row["channel"] for row in found["tracks"]}["drums"] == 10
    assert {row["stem"] for row in found["tracks"]} == STEMS
    assert found["sections"][0]["start_s"] == 0.0
    assert all(row["end_s"] > row["start_s"] for row in found["sections"])
    first = found["lyrics"][0]
    assert (first["section"], first["line"]) == ("verse 1", "Walk with me under the summer sky.")
    assert first["start_s"] == 0.0 < first["end_s"]
    assert found["isrc"] is None


def test_the_score_is_the_vocal_lines_midi(released: Any) -> None:
    assert set(read_midi(released.data("score.mid"))) == set(BAND)


def test_exports_hold_the_song_on_paper(released: Any) -> None:
    assert set(read_midi(released.data("exports/score_quantized.mid"))) == set(BAND)
    assert b"<lyric" in released.data("exports/score.musicxml")
    assert released.data("exports/lead_sheet.pdf").startswith(b"%PDF-")
    words = re.sub(r"\[[^]]*\] ?", "", released.data("exports/song.cho").decode())
    assert "walk with me under the summer sky\n" in words
    assert "[Verse" in released.data("exports/chords.txt").decode().title()
    assert set(read_midi(released.data("exports/click.mid"))) == {"click"}


def test_words_come_with_their_times(released: Any) -> None:
    lrc = released.data("lyrics.lrc").decode()
    assert "[00:00.00]Walk with me under the summer sky.\n" in lrc
    assert lrc.startswith("[ti:Été & <summer>]\n")
    text = released.data("lyrics.txt").decode()
    assert text.startswith("Été & <summer>\n\n[Verse 1]\nWalk with me under the summer sky.\nHold the light")


def test_licence_is_plain(released: Any) -> None:
    text = released.data("licence.txt").decode()
    assert "It is yours" in text
    assert "TimGM6mb.sf2" in text
    assert "GNU General Public License, version 2" in text


def test_equal_songs_are_equal_files_but_for_their_ids(released: Any) -> None:
    store = mastered(technical={"formats": ("wav", "flac", "mp3", "ogg")}, composition="another-one")
    store.run("finalization/release")
    twin = Release(store)
    assert twin.paths == released.paths
    differ = {path for path in twin.paths if twin.data(path) != released.data(path)}
    assert differ == WITH_IDS
    for path in set(released.paths) - WITH_IDS:
        assert b"summer-song" not in released.data(path), path


def test_a_master_that_was_not_judged_is_not_released(released: Any) -> None:
    store = released.store
    verdict = store.json("mastering/analysis", "verdict")
    stale = with_verdict(store, {**verdict, "master_sha256": "0" * 64})
    with pytest.raises(PermanentFailure, match="another master"):
        stale.run("finalization/release")


def test_a_failed_check_is_not_released_without_a_waiver(released: Any) -> None:
    store = with_verdict(released.store, released.store.json("mastering/analysis", "verdict"))
    store.data["waivers"] = []
    with pytest.raises(PermanentFailure, match=r"structural_score.*musicgen waive summer-song@v1 structural_score"):
        store.run("finalization/release")


def with_verdict(store: MemoryStore, verdict: dict[str, Any]) -> MemoryStore:
    from dataclasses import replace

    from musicgen_assets.graph.payloads import json_payload

    other = replace(store, artifacts=dict(store.artifacts), data=dict(store.data))
    kept = [ref for ref in store.artifacts["mastering/analysis"] if ref.role != "verdict"]
    other.put("mastering/analysis", *kept, json_payload(verdict, "verdict"))
    return other


def test_a_release_over_the_limit_is_refused(released: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_module, "RELEASE_MAX_BYTES", 3_000_000)
    store = with_verdict(released.store, released.store.json("mastering/analysis", "verdict"))
    with pytest.raises(PermanentFailure, match="16 bits"):
        store.run("finalization/release")


def test_a_tight_limit_costs_bits_of_the_stems_first(released: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sum(len(released.data(path)) for path in released.paths)
    stems = sum(len(released.data(path)) for path in STEMS)
    room = release_module.DOCUMENTS_ROOM_BYTES
    monkeypatch.setattr(release_module, "RELEASE_MAX_BYTES", int(whole - 0.3 * stems + room))
    store = with_verdict(released.store, released.store.json("mastering/analysis", "verdict"))
    outcome = store.run("finalization/release")
    assert outcome.checks[0].passed
    assert outcome.facts["stem_bits"] < 24
    assert store.json("finalization/release", "metadata.json")["stems"]["is_grouped"] is False


def test_json_files_can_be_read_by_people(released: Any) -> None:
    assert released.data("metadata.json").startswith(b'{\n  "title": "\xc3\x89t\xc3\xa9 & <summer>",\n')
    assert json.loads(released.data("manifest.json"))["files"][0]["path"] == "cover.jpg"
