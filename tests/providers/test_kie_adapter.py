"""Kie: what a planned song becomes, its words and codes, songs, words with times and stems."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from musicgen_assets.engines.asking import PlannedSection
from resources.engine_settings import Engines
from resources.providers.adapter import Access
from resources.providers.kie import KieEngine
from resources.providers.kie_stems import KieStems
from resources.providers.protocol import ProviderFailure, Reason, Sound
from support.canned_server import CannedServer, Reply, as_audio, as_json
from support.provider_songs import KEY, mp3, planned, wav

CREATE, RECORD = "/api/v1/jobs/createTask", "/api/v1/jobs/recordInfo"


def kie(base_url: str, **options: Any) -> KieEngine:
    return KieEngine(Access(base_url, SecretStr(KEY), 5.0, Engines(**options)))


def envelope(data: Any, code: int = 200) -> Reply:
    return as_json({"code": code, "msg": "a message", "data": data})


def record(state: str, **more: Any) -> Reply:
    return envelope({"taskId": "t1", "state": state, "model": "ai-music-api/generate", "costTime": 3, **more})


def test_a_song_becomes_custom_mode_with_everything_in_its_field(server: CannedServer) -> None:
    server.on("POST", CREATE, envelope({"taskId": "t1"}))
    assert kie(server.base_url).submit(planned(), {}, "https://me.example/cb") == kie("").remember("t1", [])
    (seen,) = server.seen
    assert seen.headers["Authorization"] == f"Bearer {KEY}"
    assert seen.json == {
        "model": "ai-music-api/generate",
        "callBackUrl": "https://me.example/cb",
        "input": {
            "custom_mode": True, "instrumental": False, "model": "V6", "title": "Rain", "duration": 40,
            "style": "pop, piano, 92 BPM, A minor, 4/4 time, high female voice. "
            "Structure: Intro 8 s, Verse 12 s, Chorus 12 s, Outro 8 s.",
            "lyrics": "[Verse]\nRain on the roof\nand I wait\n\n[Chorus]\nCome home, come home",
            "negative_tags": "distortion", "vocal_gender": "f",
        },
    }  # fmt: skip
    notes = kie("").not_honoured(planned(), {})
    assert "seed: not taken" in notes
    assert "tempo: in words only" in notes
    assert not [note for note in notes if note.startswith(("lyrics", "duration", "voice"))]


def test_instrumentals_and_songs_without_words(server: CannedServer) -> None:
    asked, _ = kie("").translate(planned(task="instrumental"), {})
    assert (asked.instrumental, asked.custom_mode, asked.lyrics, asked.vocal_gender) == (True, True, None, None)
    assert asked.negative_tags == "distortion, vocals, singing"
    bare = (PlannedSection(name="Verse", start_s=0, duration_s=40),)
    asked, notes = kie("").translate(planned(sections=bare, description="word " * 300), {})
    assert (asked.custom_mode, asked.duration) == (False, None)
    assert asked.prompt is not None
    assert len(asked.prompt) <= 500
    assert "duration: in words only" in notes
    assert any(note.startswith("description: cut to") for note in notes)


def test_limits_cut_between_words_and_are_noted() -> None:
    lines = tuple("la " * 60 for _ in range(40))
    long = planned(
        sections=(PlannedSection(name="Verse", start_s=0, duration_s=500, lines=lines),), title="word " * 20,
        duration_s=500.0, styles=tuple(f"style number {n}" for n in range(100)),
    )  # fmt: skip
    asked, notes = kie("").translate(long, {})
    assert asked.lyrics is not None
    assert asked.lyrics.endswith("la")
    assert asked.duration == 360
    assert {"title: cut to 80 characters", "lyrics: cut to 5000 characters", "styles: cut to 1000 characters",
            "duration: 360 s instead of 500 s"} <= set(notes)  # fmt: skip
    assert "duration: not taken by this model" in kie("", kie_model="V5").not_honoured(planned(), {})


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (400, "bad request"), (401, "not allowed"), (402, "no credit"), (404, "not found"), (405, "rate limited"),
        (408, "timed out"), (409, "bad request"), (413, "bad request"), (422, "bad request"), (429, "rate limited"),
        (430, "rate limited"), (451, "bad request"), (455, "overloaded"), (500, "server error"), (501, "server error"),
        (505, "server error"), (777, "server error"),
    ],
)  # fmt: skip
def test_a_code_in_an_answer_of_status_200_is_the_outcome(server: CannedServer, code: int, reason: Reason) -> None:
    server.on("POST", CREATE, envelope(None, code))
    with pytest.raises(ProviderFailure) as caught:
        kie(server.base_url).submit(planned(), {}, None)
    assert (caught.value.reason, caught.value.acceptance) == (reason, "not accepted")


def test_an_accepted_job_without_its_id_is_unknown(server: CannedServer) -> None:
    for data in (None, {}, {"taskId": ""}, {"taskId": "../evil"}, []):
        server.on("POST", CREATE, envelope(data))
        with pytest.raises(ProviderFailure) as caught:
            kie(server.base_url).submit(planned(), {}, None)
        assert (caught.value.reason, caught.value.acceptance) == ("bad answer", "unknown")


@pytest.mark.parametrize(
    ("state", "word"),
    [("waiting", "queued"), ("queuing", "queued"), ("generating", "running"), ("success", "succeeded")],
)
def test_states(server: CannedServer, state: str, word: str) -> None:
    server.on("GET", RECORD, record(state))
    assert kie(server.base_url).state("t1").word == word
    assert server.seen[0].query == {"taskId": ["t1"]}


@pytest.mark.parametrize(
    ("code", "reason", "charged"),
    [
        ("400", "moderated", None), ("413", "moderated", None), ("SENSITIVE_WORD_ERROR", "moderated", None),
        (408, "timed out", None), (500, "server error", None), ("531", "server error", Decimal(0)),
        ("nobody knows", "server error", None), (None, "server error", None),
    ],
)  # fmt: skip
def test_failed_jobs(server: CannedServer, code: Any, reason: Reason, charged: Decimal | None) -> None:
    server.on("GET", RECORD, record("fail", failCode=code, failMsg="why"))
    failure = kie(server.base_url).state("t1").failure
    assert failure is not None
    assert (failure.reason, failure.acceptance, failure.charged_usd) == (reason, "accepted", charged)
    with pytest.raises(ProviderFailure):
        kie(server.base_url).collect("t1")


def test_an_undocumented_state_is_a_bad_answer(server: CannedServer) -> None:
    server.on("GET", RECORD, record("pondering"))
    with pytest.raises(ProviderFailure, match="pondering") as caught:
        kie(server.base_url).state("t1")
    assert (caught.value.reason, caught.value.acceptance) == ("bad answer", "accepted")


@pytest.mark.parametrize("spelling", ["audio_url", "audioUrl"])
def test_a_song_with_timed_words(server: CannedServer, spelling: str) -> None:
    takes = [
        {"id": f"a{n}", spelling: f"{server.base_url}/{n}.mp3", "duration": 4.0, "prompt": "words"} for n in (1, 2)
    ]
    param = json.dumps({"model": "x", "input": {"model": "V6_WILD"}})
    server.on("GET", RECORD, record("success", resultJson=json.dumps({"data": takes}), param=param))
    server.on("GET", "/1.mp3", as_audio(mp3(), "audio/mpeg"))
    words = [
        {"word": "[Verse]\nRain ", "success": True, "startS": 1.0, "endS": 1.5, "palign": 0},
        {"word": "falls", "startS": 1.5, "endS": 1.4},
    ]
    server.on("POST", "/api/v1/generate/get-timestamped-lyrics", envelope({"alignedWords": words}))
    made = kie(server.base_url, kie_timed_lyrics=True).collect("t1")
    assert (made.song.name, made.model, made.cost_usd) == ("song.mp3", "V6_WILD", Decimal("0.065"))
    assert [(word.text, word.start_s, word.end_s) for word in made.words] == [("Rain", 1.0, 1.5), ("falls", 1.5, 1.5)]
    assert made.facts["takes"] == [{"audio_id": "a1", "duration_s": 4.0}, {"audio_id": "a2", "duration_s": 4.0}]
    assert server.of("/api/v1/generate/get-timestamped-lyrics")[0].json == {"taskId": "t1", "audioId": "a1"}


def test_a_song_is_not_lost_for_want_of_timed_words(server: CannedServer) -> None:
    takes = [{"id": "a1", "audio_url": f"{server.base_url}/1.mp3"}]
    server.on("GET", RECORD, record("success", resultJson=json.dumps({"data": takes})))
    server.on("GET", "/1.mp3", as_audio(wav()))
    made = kie(server.base_url, kie_timed_lyrics=True).collect("t1")
    assert made.words == ()
    assert "timed words" in made.facts["missing"][0]


def test_the_plain_shape_of_a_result_and_none(server: CannedServer) -> None:
    result = json.dumps({"resultUrls": [f"{server.base_url}/1.wav"]})
    server.on("GET", RECORD, record("success", resultJson=result))
    server.on("GET", "/1.wav", as_audio(wav()))
    assert kie(server.base_url).collect("t1").song.name == "song.wav"
    for broken in (None, "", "{", '{"data": []}', '{"resultUrls": [""]}', '{"resultUrls": [1]}'):
        server.on("GET", RECORD, record("success", resultJson=broken))
        with pytest.raises(ProviderFailure, match="no audio"):
            kie(server.base_url).collect("t1")


def test_health_tells_the_balance_or_what_is_missing(server: CannedServer) -> None:
    server.on("GET", "/api/v1/chat/credit", envelope(120))
    found = kie(server.base_url).health()
    assert (found.is_configured, found.is_reachable, found.balance_usd) == (True, True, Decimal("0.600"))
    server.on("GET", "/api/v1/chat/credit", envelope(None, 401))
    assert kie(server.base_url).health().is_reachable is False
    bare = KieEngine(Access(server.base_url))
    assert (bare.health().is_configured, bare.health().why) == (False, "KIE_API_KEY is not set")
    with pytest.raises(ProviderFailure) as caught:
        bare.submit(planned(), {}, None)
    assert caught.value.reason == "unavailable"
    assert not kie(server.base_url).cancel("t1")


STEMS = "/api/v1/vocal-removal"
FACTS = {"task_id": "t1", "takes": [{"audio_id": "a1", "duration_s": 4.0}]}


def test_stems_are_a_paid_job_of_their_own(server: CannedServer) -> None:
    song = Sound("song.wav", wav(), "audio/wav")
    stems = KieStems(kie(server.base_url, kie_stems="separate_vocal"))
    server.on("POST", f"{STEMS}/generate", envelope({"taskId": "s1"}))
    assert stems.submit_stems(song, FACTS, None).job_id == "s1"
    sent = server.seen[0].json
    assert (sent["taskId"], sent["audioId"], sent["type"]) == ("t1", "a1", "separate_vocal")
    assert sent["callBackUrl"].endswith(".invalid/")
    for flag, word in (("PENDING", "running"), ("SUCCESS", "succeeded"), ("CALLBACK_EXCEPTION", "succeeded")):
        server.on("GET", f"{STEMS}/record-info", envelope({"successFlag": flag}))
        assert stems.stems_state("s1").word == word
    server.on("GET", f"{STEMS}/record-info", envelope({"successFlag": "GENERATE_AUDIO_FAILED", "errorCode": 413}))
    assert stems.stems_state("s1").word == "failed"
    links = {"originUrl": "x", "vocalUrl": f"{server.base_url}/v", "instrumentalUrl": f"{server.base_url}/i"}
    server.on("GET", f"{STEMS}/record-info", envelope({"successFlag": "SUCCESS", "response": links}))
    server.on("GET", "/v", as_audio(wav(4.0, 0.0)))
    server.on("GET", "/i", as_audio(wav()))
    assert [stem.name for stem in stems.collect_stems("s1")] == ["vocals.wav", "instrumental.wav"]


def test_no_stems_where_they_are_off_or_cannot_be_had(server: CannedServer) -> None:
    song = Sound("song.wav", wav(), "audio/wav")
    for stems, facts in (
        (KieStems(kie(server.base_url)), FACTS),
        (KieStems(kie(server.base_url, kie_stems="split_stem")), {"task_id": "t1", "takes": [{"audio_id": None}]}),
    ):
        with pytest.raises(ProviderFailure, match="no stems"):
            stems.submit_stems(song, facts, None)
    assert server.seen == []
