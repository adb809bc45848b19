"""The adapters against the providers on this machine: songs and words come, and no failure calls paid work unpaid.

The server knows nothing of the adapters; both were written from the providers' documents.
"""

from __future__ import annotations

import urllib.error
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from api.dev_providers.faults import AFTER, BEFORE, JOB, SOUND, WORDS
from musicgen_assets.engines.answers import FORMS
from musicgen_assets.engines.asking import TextRequest
from resources.engine_settings import Engines
from resources.providers.acestep import AceStepEngine
from resources.providers.adapter import Access, SongAdapter
from resources.providers.anthropic import AnthropicEngine
from resources.providers.elevenlabs import ElevenLabsEngine
from resources.providers.kie import KieEngine
from resources.providers.kie_stems import KieStems
from resources.providers.language import TextAdapter
from resources.providers.lyria import LyriaEngine
from resources.providers.minimax import MiniMaxEngine
from resources.providers.openai import OpenAIEngine
from resources.providers.owned import SunoEngine, UdioEngine
from resources.providers.protocol import ProviderFailure, SongDelivery, Submitted
from resources.providers.replicate import ReplicateEngine
from resources.providers.stable_audio import StableAudioEngine
from support.dev_providers import Dev, running, until
from support.provider_songs import planned

SONGS: dict[str, tuple[type[SongAdapter], str, dict[str, Any]]] = {
    "kie": (KieEngine, "kie", {"kie_timed_lyrics": True}),
    "elevenlabs": (ElevenLabsEngine, "elevenlabs", {"elevenlabs_usd_per_minute": "0.69"}),
    "elevenlabs_v1": (
        ElevenLabsEngine, "elevenlabs", {"elevenlabs_model": "music_v1", "elevenlabs_usd_per_minute": "0.69"}
    ),
    "lyria": (LyriaEngine, "google", {}),
    "lyria_later": (LyriaEngine, "google", {"lyria_background": True}),
    "stable_audio": (StableAudioEngine, "stability", {}),
    "stable_audio_3": (StableAudioEngine, "stability", {"stability_model": "stable-audio-3"}),
    "minimax": (MiniMaxEngine, "minimax", {}),
    "replicate": (ReplicateEngine, "replicate", {}),
    "acestep": (AceStepEngine, "acestep", {}),
    "suno": (SunoEngine, "suno", {}),
    "udio": (UdioEngine, "udio", {}),
}  # fmt: skip
every_engine = pytest.mark.parametrize("name", SONGS)
STRUCK = [*BEFORE, *AFTER, *SOUND, "job_fails", "expired_link"]


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    folder: Path = tmp_path_factory.mktemp("providers")
    with running(folder, song_limit_s=12.0, is_one_song=True) as found:
        yield found


@pytest.fixture(autouse=True)
def no_faults(dev: Dev) -> Iterator[None]:
    yield
    dev.faults()


def engine_of(dev: Dev, name: str, **more: Any) -> SongAdapter:
    kind, provider, options = SONGS[name]
    return kind(Access(dev.base(provider), SecretStr(dev.key(provider)), 30.0, Engines(**(options | more))))


def bought(engine: SongAdapter) -> SongDelivery:
    """One song, asked for once. Raises what the job failed with."""
    task = "instrumental" if "singing" not in engine.inputs.exactly else "full_song"
    made = engine.submit(planned(task=task), {}, None)
    if not isinstance(made, Submitted):
        return made

    def ended() -> bool:
        state = engine.state(made.job_id)
        if state.failure is not None:
            raise state.failure
        return state.word == "succeeded"

    until(ended)
    return engine.collect(made.job_id)


def is_struck(dev: Dev, kind: str, provider: str, sort: str) -> bool:
    """Have the server misbehave so; False where that provider cannot."""
    try:
        dev.fault(kind, provider, sort, seconds=0.1)
    except urllib.error.HTTPError as error:
        assert error.code == 400  # noqa: PT017  # any other status is a defect of the server
        return False
    return True


def failure_of(act: Callable[[], Any]) -> ProviderFailure | None:
    try:
        act()
    except ProviderFailure as failure:
        return failure
    return None


def billed(dev: Dev, name: str) -> Decimal:
    return Decimal(dev.bill(SONGS[name][1])["total_usd"])


@every_engine
def test_a_song_comes_and_costs_what_is_billed(name: str, dev: Dev) -> None:
    engine = engine_of(dev, name)
    health = engine.health()
    assert (health.is_configured, health.is_reachable in (True, None), health.why) == (True, True, "")
    before = billed(dev, name)
    made = bought(engine)
    assert made.song.media_type.startswith("audio/")
    assert "not_honoured" in made.facts
    cost = billed(dev, name) - before
    assert made.cost_usd is None or round(made.cost_usd, 4) == round(cost, 4)
    assert all(0 <= word.start_s <= word.end_s for word in made.words)


@every_engine
def test_what_is_called_not_accepted_was_not_billed(name: str, dev: Dev) -> None:
    """Under every fault: at most one submit, and a failure that may be sent again cost nothing."""
    provider = SONGS[name][1]
    engine = engine_of(dev, name, kie_timed_lyrics=False)
    for kind in STRUCK:
        before = dev.submits(provider)
        sort = {"cut_audio": "*", "silent_audio": "*"}.get(kind, "submit")
        if not is_struck(dev, kind, provider, sort):
            continue
        failure = failure_of(lambda: bought(engine))
        taken = dev.submits(provider) - before
        if failure is None:
            assert kind in ("slow", "quiet_error", *AFTER, *JOB, *SOUND), kind
            assert taken == 1, kind
        elif taken:
            assert failure.acceptance != "not accepted", (kind, str(failure))
        assert dev.key(provider) not in str(failure)


@every_engine
def test_reading_through_faults_keeps_the_job(name: str, dev: Dev) -> None:
    provider = SONGS[name][1]
    engine = engine_of(dev, name)
    made = engine.submit(planned(task="instrumental"), {}, None)
    if not isinstance(made, Submitted):
        return
    until(lambda: engine.state(made.job_id).word == "succeeded")
    for kind in ("drop_before", "server_error", "rate_limited", "wrong_type", "cut_transfer", "truncated_json"):
        for sort in ("read", "download"):
            dev.fault(kind, provider, sort, count=1)
            failure = failure_of(lambda: engine.collect(made.job_id))
            assert failure is None or failure.is_retryable, (kind, sort, str(failure))
            assert failure is None or failure.acceptance == "accepted"
    dev.faults()
    assert engine.collect(made.job_id).song.data


def test_a_refusal_by_moderation_is_known_as_one(dev: Dev) -> None:
    """Nobody else may be asked for the same then. ACE-Step and the owners' services have no word for it when late."""
    for name in ("kie", "elevenlabs", "lyria", "stable_audio", "stable_audio_3", "minimax", "replicate", "suno"):
        dev.fault("moderation", SONGS[name][1], "submit")
        with pytest.raises(ProviderFailure) as caught:
            bought(engine_of(dev, name))
        assert caught.value.reason == "moderated", name


def test_stems_come_and_are_billed_once(dev: Dev) -> None:
    songs = engine_of(dev, "kie", kie_stems="separate_vocal")
    assert isinstance(songs, KieEngine)
    made = bought(songs)
    stems = KieStems(songs)
    before = billed(dev, "kie")
    job = stems.submit_stems(made.song, made.facts, None)
    until(lambda: stems.stems_state(job.job_id).word == "succeeded")
    names = [stem.name.partition(".")[0] for stem in stems.collect_stems(job.job_id)]
    stems.collect_stems(job.job_id)
    assert names == ["vocals", "instrumental"]
    assert billed(dev, "kie") - before == Decimal("0.05")
    for kind, known in (
        ("two_stems_v1", {"vocals", "instrumental"}),
        ("six_stems_v1", {"vocals", "drums", "bass", "guitar", "keys", "other"}),
    ):
        taker = engine_of(dev, "elevenlabs", elevenlabs_stems=kind)
        assert isinstance(taker, ElevenLabsEngine)
        parts = taker.submit_stems(made.song, made.facts, None)
        assert isinstance(parts, tuple)
        assert {part.name.partition(".")[0] for part in parts} <= known
        assert parts


WRITERS: dict[str, tuple[type[TextAdapter], str]] = {
    "openai": (OpenAIEngine, "openai/v1"), "anthropic": (AnthropicEngine, "anthropic"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("form", sorted(FORMS))
def test_forms_are_filled_in_and_cost_what_is_billed(name: str, form: str, dev: Dev) -> None:
    kind, path = WRITERS[name]
    writer = kind(Access(f"{dev.url}/{path}", SecretStr(dev.key(name)), 30.0, Engines()))
    assert writer.health().is_reachable
    before = Decimal(dev.bill(name)["total_usd"])
    asked = TextRequest(task="lyrics", form=form, instructions="Fill in the form.", text="A song about rain.")
    made = writer.fill_in(asked)
    assert isinstance(made.answer, FORMS[form])
    assert abs(made.cost_usd - (Decimal(dev.bill(name)["total_usd"]) - before)) < Decimal("0.00001")


@pytest.mark.parametrize("name", WRITERS)
def test_words_under_faults(name: str, dev: Dev) -> None:
    kind, path = WRITERS[name]
    writer = kind(Access(f"{dev.url}/{path}", SecretStr(dev.key(name)), 30.0, Engines()))
    asked = TextRequest(task="lyrics", form="lyrics", instructions="Fill in the form.", text="A song about rain.")
    reasons = {"refusal": "refused", "truncation": "cut off", "bad_json": "bad answer", "rate_limited": "rate limited",
               "no_credit": "no credit", "moderation": "refused"}  # fmt: skip
    for fault in (*BEFORE, *AFTER, *WORDS):
        before = dev.submits(name)
        if not is_struck(dev, fault, name, "submit"):
            continue
        failure = failure_of(lambda: writer.fill_in(asked))
        if failure is None:
            assert fault not in reasons
            continue
        if dev.submits(name) > before:
            assert failure.acceptance != "not accepted", (fault, str(failure))
        assert failure.reason == reasons.get(fault, failure.reason), (fault, str(failure))


def test_a_job_whose_id_was_lost_is_found_in_the_providers_list_and_nothing_else_is(dev: Dev) -> None:
    engine = engine_of(dev, "replicate")
    song, since = planned(task="instrumental").model_copy(update={"seed": 4711}), datetime.now(UTC)  # nobody else's
    other = engine.submit(song.model_copy(update={"seed": 77}), {}, None)
    assert isinstance(other, Submitted)
    assert engine.sought(song, {}, since, frozenset()) is None
    dev.fault("drop_after", "replicate", "submit")
    failure = failure_of(lambda: engine.submit(song, {}, None))
    assert failure is not None
    assert failure.acceptance == "unknown"
    found = engine.sought(song, {}, since, frozenset())
    assert found is not None
    assert found != other.job_id
    assert engine.sought(song, {}, since, frozenset({found})) is None
    assert engine.sought(song, {}, since + timedelta(minutes=5), frozenset()) is None
