"""A song that another engine delivered: asked for as planned, fitted to its length, taken apart, mixed as it is."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from dsp.audiofile import decode, encode_flac, encode_wav
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.schema import CompositionContext, Mood
from musicgen_assets.engines.asking import SongRequest
from musicgen_assets.graph.job import Ask, Payload
from musicgen_assets.graph.memory_job import MemoryJob, MemoryStore
from musicgen_assets.graph.payloads import json_payload
from musicgen_assets.ideation.engine_brief import engine_brief
from musicgen_assets.mixing.plan import MixPlan
from musicgen_assets.production.instrumentation import instrument
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score
from musicgen_assets.styles.loader import load_style
from support.band_score import band_score

RATE = 32_000
SONG_S = 30.0
SUNG = {
    "carrier": "guide_voice", "track": None, "melody_mutes": [], "note": "",
    "syllables": [
        {"start_ticks": start, "duration_ticks": 240, "text": text, "is_word_end": text != "fal",
         "section": "verse 1", "line": 0}
        for start, text in ((0, "Rain"), (480, "fal"), (720, "ling"))
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def score() -> Score:
    return band_score(("drums", "bass", "melody"), (("verse", 1, 0.45), ("chorus", 6, 0.9)))


def wave(seconds: float, hz: float = 330.0, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * hz * time)
    clicks = np.zeros_like(tone)
    clicks[:: rate // 2] = 0.5
    return np.stack([tone + clicks, tone + clicks]).astype(np.float32)


def delivery(**more: Any) -> Payload:
    told = {"engine": "kie", "model": "V6", "cost_usd": "0.06", "facts": {}, "licence": "by its terms",
            "terms_url": "https://example.com", "lyrics": "", "words": [], **more}  # fmt: skip
    return json_payload(told, "delivery")


def song_of(seconds: float, rate: int = RATE) -> list[Payload]:
    return [Payload("song", "audio/wav", encode_wav(wave(seconds, rate=rate), rate, 16), ".wav"), delivery()]


def store_of(score: Score, answer: list[Payload], vocal: dict[str, Any] = SUNG) -> tuple[MemoryStore, list[Ask]]:
    context = CompositionContext.model_validate(
        {
            "technical": {"sample_rate_hz": 44_100, "duration_s": SONG_S},
            "creative": {"title": "Rain", "has_vocals": bool(vocal["syllables"])},
            "musical": {"excluded_roles": ["pad"]},
            "ai_decisions": {"generation": {"routing": {"full_song": "kie"}, "seed": 9}},
        }
    )
    asked: list[Ask] = []

    def answered(ask: Ask) -> list[Payload]:
        asked.append(ask)
        return answer

    store = MemoryStore(context=context, answers={"kie": answered})
    store.put("ideation/context", json_payload(context), json_payload(engine_brief(context), "engine_brief"))
    store.put("arrangement/arrangement", json_payload(score))
    store.put("arrangement/vocal_line", json_payload(vocal))
    plan = instrument(score, load_style("pop"), Mood(valence=0.6, arousal=0.6))
    store.put("production/instrumentation", json_payload(plan))
    return store, asked


def test_the_engine_is_asked_for_the_planned_song(score: Score) -> None:
    store, asked = store_of(score, song_of(SONG_S))
    store.run("production/take")
    request = SongRequest.model_validate(asked[0].request)
    assert (request.task, request.title, request.seed, request.duration_s) == ("full_song", "Rain", 9, SONG_S)
    assert request.avoided == ("pad",)
    assert [section.name for section in request.sections] == [section.name for section in score.sections]
    clock = song_clock(score)
    assert [section.start_s for section in request.sections] == [
        pytest.approx(clock.seconds(section.start_ticks), abs=0.001) for section in score.sections
    ]
    assert sum(section.duration_s for section in request.sections) == pytest.approx(SONG_S, abs=0.01)
    assert request.lyrics == f"[{score.sections[0].name}]\nRain falling"
    assert asked[0].need["task"] == "full_song"


@pytest.mark.parametrize(("seconds", "done"), [(30.0, []), (34.0, ["cut"]), (29.5, ["silence"]), (30.02, ["cut"])])
def test_it_is_fitted_to_the_length_that_was_asked_for(score: Score, seconds: float, done: list[str]) -> None:
    store, _ = store_of(score, song_of(seconds))
    store.run("production/take")
    song = next(ref for ref in store.artifacts["production/take"] if ref.role == "song")
    assert song.meta["samples"] == 44_100 * 30
    told = [words for words in song.meta["given"] if not words.startswith("resampled")]
    assert all(any(word in text for text in told) for word in done)
    assert bool(done) == bool(told)
    samples, _ = MemoryJob("production/stems", store).audio(song)
    if seconds > 31:  # it ends in a fade, not in the middle of a wave
        assert np.abs(samples[:, -441:]).max() < 0.02
        assert any("faded out" in text for text in told)


def test_what_came_is_kept_as_it_came(score: Score) -> None:
    answer = song_of(SONG_S)
    store, _ = store_of(score, answer)
    store.run("production/take")
    original = next(ref for ref in store.artifacts["production/take"] if ref.role == "original")
    assert store.blobs[original.sha256].data == answer[0].data


def test_a_mix_is_taken_apart_into_stems_that_add_up_to_it_and_mixed_as_it_is(score: Score) -> None:
    store, _ = store_of(score, song_of(SONG_S))
    for asset in ("production/take", "production/stems", "mixing/mix"):
        outcome = store.run(asset)
        assert all(check.passed for check in outcome.checks)
    job = MemoryJob("mixing/mix", store)
    stems = [job.audio(ref)[0] for ref in store.artifacts["production/stems"]]
    take = MemoryJob("production/stems", store)
    song = take.audio(next(ref for ref in store.artifacts["production/take"] if ref.role == "song"))[0]
    assert {ref.role for ref in store.artifacts["production/stems"]} == {"track/harmonic", "track/percussive"}
    assert np.abs(sum(stems) - song).max() < 1e-4
    plan = MixPlan.model_validate(store.json("mixing/mix", "plan"))
    assert {strip.role for strip in plan.strips} == {"chords", "drums"}
    mix = next(ref for ref in store.artifacts["mixing/mix"] if ref.role == "main")
    mixed = MemoryJob("mastering/master", store).audio(mix)[0]
    gain = float(np.vdot(mixed, song) / np.vdot(song, song))
    assert np.abs(mixed - gain * song)[:, 4_410:-4_410].max() < 2e-3 * gain


def tone(hz: float, level: float = 0.3) -> np.ndarray:
    one = level * np.sin(2 * np.pi * hz * np.arange(round(SONG_S * RATE)) / RATE)
    return np.stack([one, one]).astype(np.float32)


def with_stems(song: np.ndarray, **stems: np.ndarray) -> list[Payload]:
    parts = {"song": song, **{f"stem/{name}": samples for name, samples in stems.items()}}
    payloads = [Payload(role, "audio/flac", encode_flac(samples, RATE, 24), ".flac") for role, samples in parts.items()]
    return [*payloads, delivery()]


@pytest.mark.parametrize(
    ("missing", "roles"),
    [
        (0.0, {"track/vocals", "track/drums"}),
        (0.05, {"track/vocals", "track/drums", "track/rest"}),
        (0.6, {"track/harmonic", "track/percussive"}),
    ],
)
def test_stems_that_the_engine_delivers_add_up_to_its_song_or_are_not_used(
    score: Score, missing: float, roles: set[str]
) -> None:
    vocals, drums = tone(330.0), tone(110.0)
    store, _ = store_of(score, with_stems(vocals + drums + tone(800.0, missing), vocals=vocals, drums=drums))
    store.run("production/take")
    store.run("production/stems")
    assert {ref.role for ref in store.artifacts["production/stems"]} == roles
    job = MemoryJob("production/stems", store)
    song = job.audio(next(ref for ref in store.artifacts["production/take"] if ref.role == "song"))[0]
    stems = [MemoryJob("mixing/mix", store).audio(ref)[0] for ref in store.artifacts["production/stems"]]
    assert np.abs(sum(stems) - song).max() < 1e-3
    told = store.json("production/take", "record").get("stems", "")
    assert bool(told) == bool(missing)
    assert ("not used" in told) == ("track/harmonic" in roles)


def test_the_record_says_who_made_it_and_under_which_terms(score: Score) -> None:
    store, _ = store_of(score, song_of(34.0))
    store.run("production/take")
    record = store.json("production/take", "record")
    assert (record["engine"], record["model"], record["delivered"]["licence"]) == ("kie", "V6", "by its terms")
    assert record["attempts"][0]["cost_usd"] == "0.06"
    assert any("faded out" in text for text in record["delivered"]["fitted"])


def test_the_engine_that_took_over_is_the_one_that_is_asked(score: Score) -> None:
    store, asked = store_of(score, song_of(SONG_S))
    taken = {"engine": "kie", "from": "lyria", "why": "no credit", "reason": "the best of those able"}
    store.context = CompositionContext.model_validate(
        {**json.loads(store.context.model_dump_json()),
         "ai_decisions": {"generation": {"routing": {"full_song": "lyria"}}}}
    )  # fmt: skip
    store.data["reroutes"] = {"full_song": taken}
    store.run("production/take")
    assert asked[0].engine == "kie"
    assert store.json("production/take", "record")["took_over"] == taken


@pytest.mark.parametrize("data", [b"", b"no audio at all", b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_audio_is_refused_and_says_whose_it_is(score: Score, data: bytes) -> None:
    store, _ = store_of(score, [Payload("song", "audio/wav", data, ".wav"), delivery()])
    with pytest.raises(PermanentFailure, match="What kie delivered can't be read"):
        store.run("production/take")


def test_a_mono_song_stays_one_and_is_not_asked_to_be_wide(score: Score) -> None:
    mono = [Payload("song", "audio/wav", encode_wav(wave(SONG_S)[:1], RATE, 16), ".wav"), delivery()]
    store, _ = store_of(score, mono)
    store.run("production/take")
    store.run("production/stems")
    marks = [ref.meta["delivered"] for ref in store.artifacts["production/stems"]]
    assert all(mark["is_mono"] for mark in marks)
    assert sum_checks_of_mono()["stereo_width"]


def sum_checks_of_mono() -> dict[str, bool]:
    """What the gate says of the width of two channels that are one."""
    from musicgen_assets.mastering.gate_sum import _width
    from musicgen_assets.mastering.measures import SoundMeasures

    narrow = SoundMeasures.model_construct(channels=2, width_db=(-120.0, -120.0, -120.0), low_correlation=1.0)
    assert not _width(narrow, is_wide=True).passed
    return {"stereo_width": _width(narrow, is_wide=False).passed}


def test_a_local_model_hears_the_songs_own_tune_and_a_service_does_not(
    score: Score, instruments: dict[str, Any]
) -> None:
    store, asked = store_of(score, song_of(SONG_S))
    store.data["instruments"] = dict(instruments)
    store.run("production/take")
    assert (asked[0].request["melody"], dict(asked[0].sounds)) == (None, {})
    generation = store.context.ai_decisions.generation.model_copy(update={"routing": {"full_song": "musicgen"}})
    decisions = store.context.ai_decisions.model_copy(update={"generation": generation})
    store.context = store.context.model_copy(update={"ai_decisions": decisions})
    store.answers["musicgen"] = store.answers["kie"]
    store.run("production/take")
    assert asked[1].request["melody"] == "melody"
    tune, rate = MemoryJob("production/stems", store).audio(asked[1].sounds["melody"])
    assert tune.shape[1] == round(score.duration_s * rate)
    assert np.abs(tune).max() > 0.01


def test_who_was_given_the_stems_takes_the_song_apart(score: Score) -> None:
    """What the model answers is at the level of the file it was sent; its stems come out at the song's."""
    store, _ = store_of(score, song_of(SONG_S))
    store.run("production/take")
    song = next(ref for ref in store.artifacts["production/take"] if ref.role == "song")
    stored = decode(store.blobs[song.sha256].data)[0]
    sent: list[Ask] = []

    def apart(ask: Ask) -> list[Payload]:
        sent.append(ask)
        stems = {"vocals": stored * 0.25, "drums": stored * 0.25, "rest": stored * 0.5}
        told = json_payload({"model": "htdemucs-0123"}, "separation")
        return [Payload(f"stem/{name}", "audio/wav", encode_wav(one, 44_100, 32), ".wav")
                for name, one in stems.items()] + [told]  # fmt: skip

    store.answers["demucs"] = apart
    routing = {"full_song": "kie", "stem_separation": "demucs"}
    generation = store.context.ai_decisions.generation.model_copy(update={"routing": routing})
    decisions = store.context.ai_decisions.model_copy(update={"generation": generation})
    store.context = store.context.model_copy(update={"ai_decisions": decisions})
    outcome = store.run("production/stems")
    assert all(check.passed for check in outcome.checks)
    assert sent[0].sounds["song"].sha256 == song.sha256
    stems = store.artifacts["production/stems"]
    assert [ref.role for ref in stems] == ["track/vocals", "track/drums", "track/rest"]
    assert stems[0].meta["delivered"]["separated_by"] == "demucs (htdemucs-0123)"
    job = MemoryJob("mixing/mix", store)
    whole = MemoryJob("production/stems", store).audio(song)[0]
    assert np.abs(sum(job.audio(ref)[0] for ref in stems) - whole).max() < 1e-4
