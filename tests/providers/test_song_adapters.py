"""What is particular to each provider of songs: its request as sent, its words and codes, its own kinds of answers."""

from __future__ import annotations

import io
import zipfile
from decimal import Decimal
from typing import Any

import pytest

from resources.providers.elevenlabs import ElevenLabsEngine
from resources.providers.parcels import parts_of, stems_in
from resources.providers.prices import token_price
from resources.providers.protocol import ProviderFailure, Reason, SongDelivery, Sound, Submitted
from support.canned_server import CannedServer, Reply, as_audio, as_json
from support.provider_cases import CASES, SECONDS, Case, interaction, minimax_done, prediction, song
from support.provider_songs import KEY, mp3, planned, wav

BY_NAME = {case.name: case for case in CASES}
MELODY = Sound("melody.mp3", mp3(8.0), "audio/mpeg")


def failure_of(case: Case, server: CannedServer, **options: Any) -> ProviderFailure:
    with pytest.raises(ProviderFailure) as caught:
        case.adapter(server.base_url, **options).submit(song(), {}, None)
    return caught.value


def made_by(case: Case, server: CannedServer, **options: Any) -> SongDelivery:
    made = case.adapter(server.base_url, **options).submit(song(), {}, None)
    assert isinstance(made, SongDelivery)
    return made


# ElevenLabs

ELEVENLABS = BY_NAME["elevenlabs_jobs"]


def test_elevenlabs_gets_chunks_and_for_music_v1_sections(server: CannedServer) -> None:
    server.on(*ELEVENLABS.submit, as_audio(wav(40.0), song_id="s1"))
    made = ELEVENLABS.adapter(server.base_url).submit(planned(), {}, None)
    assert isinstance(made, SongDelivery)
    (seen,) = server.seen
    assert seen.headers["xi-api-key"] == KEY
    assert seen.query == {"output_format": ["auto"]}
    assert (seen.json["model_id"], seen.json["seed"]) == ("music_v2", 1 + (2**40 + 7) % (2**31 - 2))
    chunks = seen.json["composition_plan"]["chunks"]
    assert [chunk["duration_ms"] for chunk in chunks] == [8000, 12000, 12000, 8000]
    assert chunks[1]["text"] == "[Verse]\nRain on the roof\nand I wait"
    assert {"92 BPM", "A minor", "pop", "high female voice", "moderate"} <= set(chunks[1]["positive_styles"])
    assert chunks[0]["negative_styles"] == ["distortion"]
    assert made.cost_usd == Decimal("0.50")
    plan = ELEVENLABS.adapter("", elevenlabs_model="music_v1").translate(planned(), {})[0].body()
    assert plan["respect_sections_durations"] is True
    assert plan["composition_plan"]["sections"][1]["lines"] == ["Rain on the roof", "and I wait"]
    quiet = ELEVENLABS.adapter("").translate(planned(task="instrumental"), {})[0].body()
    assert quiet["composition_plan"]["chunks"][1]["text"] == "[Verse]"
    assert "vocals" in quiet["composition_plan"]["chunks"][1]["negative_styles"]


def detailed(details: bytes, audio: bytes, boundary: str = "xyz") -> Reply:
    head = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode()
    middle = f"\r\n--{boundary}\r\nContent-Type: audio/mpeg; x=y\r\nContent-Disposition: attachment\r\n\r\n".encode()
    body = head + details + middle + audio + f"\r\n--{boundary}--\r\n".encode()
    return Reply(200, body, {"Content-Type": f'multipart/mixed; boundary="{boundary}"', "song-id": "s9"})


def test_elevenlabs_tells_the_times_of_words(server: CannedServer) -> None:
    details = (
        b'{"song_metadata": {"title": "Rain", "genres": ["pop"]}, '
        b'"words_timestamps": [{"word": "Rain", "start_ms": 500, "end_ms": 900}, '
        b'{"word": " ", "start_ms": 1, "end_ms": 2}]}'
    )
    server.on("POST", "/v1/music/detailed", detailed(details, wav(SECONDS)))
    made = made_by(ELEVENLABS, server, elevenlabs_timed_words=True)
    assert [(word.text, word.start_s, word.end_s) for word in made.words] == [("Rain", 0.5, 0.9)]
    assert (made.song.data, made.facts["song_id"], made.facts["title"]) == (wav(SECONDS), "s9", "Rain")
    assert server.seen[0].json["with_timestamps"] is True
    server.on("POST", "/v1/music/detailed", detailed(b"{broken", wav(SECONDS)))
    assert made_by(ELEVENLABS, server, elevenlabs_timed_words=True).words == ()
    whole = detailed(details, wav(SECONDS))
    for reply in (
        Reply(200, whole.body[:-200], whole.headers),
        Reply(200, whole.body, {"Content-Type": "multipart/mixed"}),
        Reply(200, b"--xyz\r\nContent-Type: application/json\r\n\r\n{}\r\n--xyz--", whole.headers),
    ):
        server.on("POST", "/v1/music/detailed", reply)
        failure = failure_of(ELEVENLABS, server, elevenlabs_timed_words=True)
        assert (failure.reason, failure.acceptance) == ("bad answer", "unknown")


@pytest.mark.parametrize(
    ("status", "word", "reason"),
    [
        (400, "bad_prompt", "moderated"), (400, "bad_composition_plan", "moderated"),
        (401, "invalid_api_key", "not allowed"), (401, "quota_exceeded", "no credit"), (403, "other", "not allowed"),
        (422, "other", "bad request"), (429, "too_many_concurrent_requests", "rate limited"),
        (429, "system_busy", "overloaded"),
    ],
)  # fmt: skip
def test_elevenlabs_words(server: CannedServer, status: int, word: str, reason: Reason) -> None:
    server.on("POST", "/v1/music", as_json({"detail": {"status": word, "message": "m", "data": {}}}, status))
    failure = failure_of(ELEVENLABS, server)
    assert (failure.reason, failure.acceptance) == (reason, "not accepted")
    assert word in failure.message


def archive(**entries: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in entries.items():
            packed.writestr(f"../stems/{name}.mp3", data)
    return buffer.getvalue()


def test_elevenlabs_takes_any_song_apart(server: CannedServer) -> None:
    engine = ELEVENLABS.adapter(server.base_url, elevenlabs_stems="six_stems_v1")
    assert isinstance(engine, ElevenLabsEngine)
    path = "/v1/music/stem-separation"
    server.on("POST", path, as_audio(archive(vocals=wav(), drums=wav(4.0, 0.0), piano=wav(), x=b""), "application/zip"))
    stems = engine.submit_stems(Sound("song.mp3", mp3(), "audio/mpeg"), {}, None)
    assert not isinstance(stems, Submitted)
    assert [stem.name for stem in stems] == ["vocals.wav", "drums.wav", "keys.wav"]
    assert b"six_stems_v1" in server.seen[0].body
    for broken in (b"", b"PK\x03\x04", archive(vocals=wav())[:-40], archive(x=b"y")):
        server.on("POST", path, as_audio(broken, "application/zip"))
        with pytest.raises(ProviderFailure) as caught:
            engine.submit_stems(Sound("song.mp3", mp3(), "audio/mpeg"), {}, None)
        assert (caught.value.reason, caught.value.acceptance) == ("bad answer", "unknown")
    with pytest.raises(ProviderFailure, match="off"):
        ELEVENLABS.adapter(server.base_url).submit_stems(Sound("a", b"", ""), {}, None)  # type: ignore[attr-defined]


def test_parcels_are_bounded() -> None:
    bomb = archive(vocals=b"\0" * 5_000_000)
    assert len(bomb) < 20_000
    assert stems_in(bomb, {"vocals": "vocals"}, 1_000_000) == []
    assert parts_of("multipart/mixed; boundary=a", b"--a\r\n\r\nx\r\n--a\r\n\r\ny\r\n--a--")[1].data == b"y"
    assert parts_of("text/plain", b"") == []


# Lyria

LYRIA, LYRIA_JOBS = BY_NAME["lyria"], BY_NAME["lyria_jobs"]


def test_lyria_gets_prose_and_tells_its_words(server: CannedServer) -> None:
    made = LYRIA.prepare(server).submit(planned(duration_s=SECONDS), {}, None)
    assert isinstance(made, SongDelivery)
    (seen,) = server.seen
    assert seen.headers["x-goog-api-key"] == KEY
    assert seen.json["model"] == "lyria-3.5"
    assert seen.json["response_format"] == {"type": "audio", "mime_type": "audio/wav"}
    assert "[0:20 - 0:32] Chorus" in seen.json["input"]
    assert (made.lyrics, made.cost_usd) == ("[Verse] la", Decimal("0.08"))
    clip, notes = LYRIA.adapter("", lyria_model="lyria-3-clip-preview").translate(planned(), {})
    assert clip.response_format is None
    assert "duration: always 30 s of this model" in notes
    other = {key: value for key, value in interaction("completed").items() if key != "steps"}
    audio = interaction("completed")["steps"][0]["content"][1]
    server.on(*LYRIA.submit, as_json(other | {"output_audio": audio, "output_text": "words"}))
    assert made_by(LYRIA, server).lyrics == "words"


@pytest.mark.parametrize(
    ("status", "word", "reason"),
    [
        ("queued", "queued", None), ("in_progress", "running", None), ("completed", "succeeded", None),
        ("failed", "failed", "server error"), ("cancelled", "failed", "not found"),
        ("incomplete", "failed", "cut off"), ("budget_exceeded", "failed", "no credit"),
        ("requires_action", "failed", "bad answer"), ("requires_continuation", "failed", "bad answer"),
    ],
)  # fmt: skip
def test_lyria_states(server: CannedServer, status: str, word: str, reason: Reason | None) -> None:
    assert LYRIA_JOBS.poll is not None
    server.on(*LYRIA_JOBS.poll, as_json({"status": status, "errors": [{"code": 13, "message": "why"}]}))
    state = LYRIA_JOBS.adapter(server.base_url).state("job-1")
    assert (state.word, state.failure and state.failure.reason) == (word, reason)
    server.on("POST", "/v1beta/interactions/job-1/cancel", as_json({}))
    assert LYRIA_JOBS.adapter(server.base_url).cancel("job-1")


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (400, {"status": "INVALID_ARGUMENT", "message": "no"}, "bad request"),
        (400, {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}, "not allowed"),
        (401, {"status": "UNAUTHENTICATED"}, "not allowed"), (403, {"status": "PERMISSION_DENIED"}, "not allowed"),
        (404, {"status": "NOT_FOUND"}, "not found"), (429, {"status": "RESOURCE_EXHAUSTED"}, "rate limited"),
        (503, {"status": "UNAVAILABLE"}, "overloaded"),
    ],
)  # fmt: skip
def test_lyria_words(server: CannedServer, status: int, error: dict[str, Any], reason: Reason) -> None:
    server.on(*LYRIA.submit, as_json({"error": {"code": status} | error}, status))
    assert (failure_of(LYRIA, server).reason, failure_of(LYRIA, server).acceptance) == (reason, "not accepted")


def test_lyria_refuses_by_its_filters(server: CannedServer) -> None:
    told = "The prompt was blocked by safety filters."
    server.on(*LYRIA.submit, as_json({"error": {"status": "INVALID_ARGUMENT", "message": told}}, 400))
    assert failure_of(LYRIA, server).reason == "moderated"
    assert LYRIA_JOBS.poll is not None
    for errors, reason in (
        ([{"code": 3, "message": told}], "moderated"),
        ([{"code": 3, "message": "no"}], "bad request"),
    ):
        server.on(*LYRIA_JOBS.poll, as_json({"status": "failed", "errors": errors}))
        failure = LYRIA_JOBS.adapter(server.base_url).state("job-1").failure
        assert failure is not None
        assert failure.reason == reason


def test_lyria_without_a_song(server: CannedServer) -> None:
    for body in ({"status": "completed", "id": "x"}, {"status": "completed", "output_audio": {"data": "%%%"}}):
        server.on(*LYRIA.submit, as_json(body))
        assert failure_of(LYRIA, server).acceptance == "accepted"
    server.on("GET", "/v1beta/models", as_json({"models": []}))
    assert LYRIA.adapter(server.base_url).health().is_reachable


# Stable Audio

STABLE, STABLE_JOBS = BY_NAME["stable_audio"], BY_NAME["stable_audio_jobs"]


def test_stable_audio_gets_a_form_and_starts_from_a_sound(server: CannedServer) -> None:
    adapter = STABLE.prepare(server)
    made = adapter.submit(song(task="instrumental"), {}, None)
    assert isinstance(made, SongDelivery)
    assert (made.facts["seed_used"], made.cost_usd, made.model) == ("5", Decimal("0.20"), "stable-audio-2.5")
    (seen,) = server.seen
    assert seen.headers["Content-Type"].startswith("multipart/form-data")
    for told in (b'name="duration"\r\n\r\n6', b'name="output_format"\r\n\r\nwav', b"92 BPM", b"A minor"):
        assert told in seen.body
    server.on("POST", "/v2beta/audio/stable-audio-2/audio-to-audio", as_audio(wav(SECONDS)))
    adapter.submit(song(task="instrumental", melody="melody"), {"melody": MELODY}, None)
    assert MELODY.data in server.seen[1].body
    assert b'name="strength"\r\n\r\n0.7' in server.seen[1].body
    short = Sound("m.wav", wav(4.0), "audio/wav")
    assert "melody: only sounds of 6 to 190 s are taken" in adapter.not_honoured(song(melody="m"), {"m": short})
    assert adapter.translate(planned(duration_s=300.0), {})[0].model == "stable-audio-3"
    limited, notes = STABLE.adapter("", stability_model="stable-audio-2.5").translate(planned(duration_s=300.0), {})
    assert (limited.duration, "duration: 190 s instead of 300 s" in notes) == (190, True)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(400, "bad request"), (401, "not allowed"), (402, "no credit"), (403, "moderated"), (404, "not found"),
     (413, "bad request"), (422, "bad request"), (429, "rate limited")],
)  # fmt: skip
def test_stable_audio_statuses(server: CannedServer, status: int, reason: Reason) -> None:
    server.on(*STABLE.submit, as_json({"id": "x", "name": "some_name", "errors": ["one", "two"]}, status))
    failure = failure_of(STABLE, server)
    assert (failure.reason, failure.acceptance) == (reason, "not accepted")
    assert "one; two" in failure.message


def test_stable_audio_filters_and_forgets(server: CannedServer) -> None:
    server.on(*STABLE.submit, as_audio(wav(SECONDS), finish_reason="CONTENT_FILTERED"))
    assert (failure_of(STABLE, server).reason, failure_of(STABLE, server).acceptance) == ("moderated", "accepted")
    adapter = STABLE_JOBS.adapter(server.base_url)
    assert STABLE_JOBS.poll is not None
    server.on(*STABLE_JOBS.poll, as_json({}, 202))
    assert adapter.state("job-1").word == "running"
    with pytest.raises(ProviderFailure, match="not done"):
        adapter.collect("job-1")
    server.on(*STABLE_JOBS.poll, as_json({"name": "not_found", "errors": []}, 404))
    with pytest.raises(ProviderFailure) as caught:
        adapter.state("job-1")
    assert caught.value.reason == "not found"
    server.on(*STABLE_JOBS.poll, as_json({"name": "content_moderation", "errors": []}, 403))
    refused = adapter.state("job-1").failure
    assert refused is not None
    assert refused.reason == "moderated"
    server.on(*STABLE_JOBS.poll, as_audio(wav(SECONDS), finish_reason="CONTENT_FILTERED"))
    assert adapter.state("job-1").word == "failed"
    server.on("GET", "/v1/user/balance", as_json({"credits": 250.5}))
    assert adapter.health().balance_usd == Decimal("2.505")


# MiniMax

MINIMAX = BY_NAME["minimax"]


def test_minimax_gets_its_own_tags(server: CannedServer) -> None:
    made = MINIMAX.prepare(server).submit(planned(), {}, None)
    assert isinstance(made, SongDelivery)
    (seen,) = server.seen
    assert seen.json["lyrics"] == (
        "[Intro]\n[Verse]\nRain on the roof\nand I wait\n[Chorus]\nCome home, come home\n[Outro]"
    )
    assert seen.json["audio_setting"] == {"sample_rate": 44100, "bitrate": 256000, "format": "mp3"}
    assert "92 BPM" in seen.json["prompt"]
    assert "Avoid distortion." in seen.json["prompt"]
    assert (made.facts["length_s"], made.cost_usd) == (SECONDS, Decimal("0.15"))
    quiet = MINIMAX.adapter("").translate(planned(task="instrumental"), {})[0].body()
    assert (quiet["is_instrumental"], "lyrics" in quiet) == (True, False)
    bare = planned(sections=tuple(part.model_copy(update={"lines": ()}) for part in planned().sections))
    assert MINIMAX.adapter("").translate(bare, {})[0].lyrics_optimizer is True


@pytest.mark.parametrize(
    ("code", "reason", "acceptance"),
    [
        (1000, "server error", "unknown"), (1001, "timed out", "unknown"), (1002, "rate limited", "not accepted"),
        (1004, "not allowed", "not accepted"), (1008, "no credit", "not accepted"),
        (1024, "server error", "unknown"), (1026, "moderated", "not accepted"), (1027, "moderated", "accepted"),
        (1033, "overloaded", "not accepted"), (1039, "rate limited", "not accepted"),
        (2013, "bad request", "not accepted"), (2049, "not allowed", "not accepted"),
        (4711, "server error", "not accepted"),
    ],
)  # fmt: skip
def test_minimax_codes_in_answers_of_status_200(
    server: CannedServer, code: int, reason: Reason, acceptance: str
) -> None:
    server.on(*MINIMAX.submit, as_json({"data": None, "base_resp": {"status_code": code, "status_msg": "m"}}))
    assert (failure_of(MINIMAX, server).reason, failure_of(MINIMAX, server).acceptance) == (reason, acceptance)


def test_minimax_answers_with_a_link_or_not_yet(server: CannedServer) -> None:
    server.on("GET", "/song.wav", as_audio(wav(SECONDS)))
    server.on(
        *MINIMAX.submit, as_json(minimax_done() | {"data": {"audio": f"{server.base_url}/song.wav", "status": 2}})
    )
    assert made_by(MINIMAX, server).song.data == wav(SECONDS)
    for data in ({"audio": "00", "status": 1}, {"status": 2}, {"audio": "", "status": 2}):
        server.on(*MINIMAX.submit, as_json(minimax_done() | {"data": data}))
        assert failure_of(MINIMAX, server).reason == "bad answer"
    assert MINIMAX.adapter(server.base_url).health().is_reachable is None


# Replicate

REPLICATE = BY_NAME["replicate"]


def test_replicate_gets_a_melody_inside_and_a_callback(server: CannedServer) -> None:
    adapter = REPLICATE.prepare(server)
    adapter.submit(song(melody="melody"), {"melody": MELODY}, "https://me.example/cb")
    sent = server.seen[0].json
    assert (sent["webhook"], sent["webhook_events_filter"]) == ("https://me.example/cb", ["completed"])
    assert sent["input"]["input_audio"].startswith("data:audio/mpeg;base64,")
    assert (sent["input"]["model_version"], sent["input"]["duration"]) == ("stereo-melody-large", 6)
    assert "vocals" in sent["input"]["prompt"]
    large = {"melody": Sound("m.wav", wav(8.0), "audio/wav")}
    asked, notes = adapter.translate(song(melody="melody"), large)  # type: ignore[misc]
    assert (asked.input_audio, asked.model_version) == (None, "stereo-large")
    assert any(note.startswith("melody: larger") for note in notes)
    assert adapter.collect("job-1").cost_usd == Decimal("0.0175")
    answered = prediction(server.base_url, "succeeded") | {"input": {"model_version": "large"}}
    server.on("GET", "/v1/predictions/job-1", as_json(answered))
    assert adapter.collect("job-1").model == "large"
    server.on("POST", "/v1/predictions/job-1/cancel", as_json(prediction("", "canceled")))
    assert adapter.cancel("job-1")


@pytest.mark.parametrize(
    ("status", "word", "reason"),
    [("starting", "queued", None), ("processing", "running", None), ("succeeded", "succeeded", None),
     ("failed", "failed", "server error"), ("canceled", "failed", "not found"), ("aborted", "failed", "server error")],
)  # fmt: skip
def test_replicate_states(server: CannedServer, status: str, word: str, reason: Reason | None) -> None:
    server.on("GET", "/v1/predictions/job-1", as_json(prediction("", status) | {"error": "CUDA"}))
    state = REPLICATE.adapter(server.base_url).state("job-1")
    assert (state.word, state.failure and state.failure.reason) == (word, reason)
    if state.failure is not None:
        assert state.failure.charged_usd == Decimal("0.0175")


def test_replicate_flags_what_it_will_not_make(server: CannedServer) -> None:
    told = {"error": "The input was flagged as sensitive (E005)."}
    server.on("GET", "/v1/predictions/job-1", as_json(prediction("", "failed") | told))
    failure = REPLICATE.adapter(server.base_url).state("job-1").failure
    assert failure is not None
    assert (failure.reason, failure.is_retryable) == ("moderated", False)


def test_replicate_removes_results(server: CannedServer) -> None:
    server.on("GET", "/v1/predictions/job-1", as_json(prediction("", "succeeded") | {"output": None}))
    with pytest.raises(ProviderFailure) as caught:
        REPLICATE.adapter(server.base_url).collect("job-1")
    assert caught.value.reason == "expired"
    server.on(*REPLICATE.submit, as_json({"title": "Bad", "detail": "no credit left", "status": 402}, 402))
    assert failure_of(REPLICATE, server).reason == "no credit"
    server.on("GET", "/v1/account", as_json({}, 401))
    assert REPLICATE.adapter(server.base_url).health().is_reachable is False


# ACE-Step

ACESTEP = BY_NAME["acestep"]


def test_acestep_gets_measures_in_their_fields_and_a_reference_as_a_file(server: CannedServer) -> None:
    adapter = ACESTEP.prepare(server)
    adapter.submit(planned(), {}, None)
    sent = server.seen[0].json
    assert (sent["bpm"], sent["key_scale"], sent["time_signature"], sent["audio_duration"]) == (
        92,
        "A minor",
        "4",
        40.0,
    )
    assert (sent["use_random_seed"], sent["batch_size"], sent["audio_format"]) == (False, 1, "wav")
    assert sent["lyrics"].startswith("[Intro]\n\n[Verse]\nRain on the roof")
    assert adapter.translate(planned(task="instrumental"), {})[0].lyrics == "[Instrumental]"
    adapter.submit(planned(reference="r"), {"r": MELODY}, None)
    assert MELODY.data in server.seen[1].body
    assert b'name="use_random_seed"\r\n\r\nfalse' in server.seen[1].body
    made = adapter.collect("job-1")
    assert (made.model, made.facts["seed_used"], made.cost_usd) == ("mine", "7", Decimal(0))
    assert server.of("/song.wav")[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(("status", "word"), [(0, "running"), (1, "succeeded"), (2, "failed")])
def test_acestep_states(server: CannedServer, status: int, word: str) -> None:
    server.on("POST", "/query_result", as_json({"data": [{"task_id": "job-1", "status": status}], "code": 200}))
    assert ACESTEP.adapter(server.base_url).state("job-1").word == word


def test_acestep_errors(server: CannedServer) -> None:
    adapter = ACESTEP.adapter(server.base_url)
    server.on("POST", "/query_result", as_json({"data": [], "code": 200}))
    with pytest.raises(ProviderFailure) as caught:
        adapter.state("job-1")
    assert caught.value.reason == "not found"
    for reply, reason in (
        (as_json({"detail": "queue full"}, 429), "overloaded"), (as_json({"detail": "no"}, 401), "not allowed"),
        (as_json({"data": None, "code": 400, "error": "bad"}), "bad request"),
        (as_json({"data": None, "code": 900, "error": "bad"}), "server error"),
    ):  # fmt: skip
        server.on(*ACESTEP.submit, reply)
        assert (failure_of(ACESTEP, server).reason, failure_of(ACESTEP, server).acceptance) == (reason, "not accepted")
    server.on("GET", "/health", as_json({"data": {"status": "ok"}, "code": 200}))
    assert adapter.health().is_reachable


# Suno and Udio


@pytest.mark.parametrize("name", ["suno", "udio"])
def test_there_is_no_public_api_of_suno_and_udio(name: str, server: CannedServer) -> None:
    case = BY_NAME[name]
    health = case.adapter("").health()
    assert (health.is_configured, health.why.startswith("no public API")) == (False, True)
    server.on(*case.submit, as_json({"id": "job-1"}))
    case.adapter(server.base_url).submit(planned(), {}, "https://me.example/cb")
    sent = server.seen[0].json
    assert (sent["tempo_bpm"], sent["key"], len(sent["sections"]), sent["seed"]) == (92.0, "A minor", 4, 2**40 + 7)
    assert (sent["callback_url"], sent["prompt"]) == ("https://me.example/cb", "A sad pop song about rain")
    assert case.poll is not None
    server.on(*case.poll, as_json({"status": "running", "progress": 0.5}))
    assert case.adapter(server.base_url).state("job-1").progress == 0.5
    for body, reason in (
        ({"status": "failed", "error": {"code": "moderated", "message": "no"}, "cost_usd": "0.02"}, "moderated"),
        ({"status": "cancelled"}, "not found"), ({"status": "failed"}, "server error"),
    ):  # fmt: skip
        server.on(*case.poll, as_json(body))
        failure = case.adapter(server.base_url).state("job-1").failure
        assert failure is not None
        assert failure.reason == reason
    server.on("GET", "/v1/generations/none", as_json({"error": {"code": "not_found"}}, 404), as_json({}, 401))
    assert case.adapter(server.base_url).health().is_reachable
    assert case.adapter(server.base_url).health().is_reachable is False


def test_stems_of_an_owners_service_get_plain_names(server: CannedServer) -> None:
    adapter = BY_NAME["suno"].prepare(server)
    assert [stem.name for stem in adapter.collect("job-1").stems] == ["vocals_lead.wav"]


# Prices


def test_a_model_of_unknown_price_counts_as_the_dearest() -> None:
    assert token_price("openai", "gpt-99") == token_price("openai", "gpt-6-astra")
    assert token_price("openai", "gpt-6-sol-2026-10-01") == token_price("openai", "gpt-6-sol")
    haiku = token_price("anthropic", "claude-haiku-5-5")
    assert haiku.cost_usd(100_000, 1_000_000) == Decimal("0.51")
    assert haiku.cost_usd(200_000, 1_000_000) == Decimal("2.60")
