"""The music the local server answers with is made as the request asks."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from api.dev_providers.options import Options
from api.dev_providers.sounds import Form, Sounds
from api.dev_providers.wishes import SongWish, key_text, wish_of
from dsp.audiofile import decode
from support.dev_providers import Dev, until
from support.dev_requests import SUBMITS


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory, songs: Path) -> Any:
    found = Sounds(Options(home=tmp_path_factory.mktemp("sounds"), songs=songs, song_limit_s=12.0))
    yield found
    found.close()


def test_tempo_key_and_words_are_those_that_were_asked_for(sounds: Sounds) -> None:
    lyrics = "[Verse]\nWalk with me tonight\nUnder silver light\n[Chorus]\nHold on to me\nNever let it be"
    wish = SongWish("slow rock", 12.0, lyrics=lyrics, tempo_bpm=140.0, key="A minor", title="Night Walk")
    facts = sounds.facts(wish)
    assert (facts["tempo_bpm"], facts["key"], facts["scale"], facts["title"]) == (140.0, "A", "minor", "Night Walk")
    words = [word["word"].lower() for word in facts["words"]]
    assert words
    assert set(words) <= set(lyrics.lower().replace("[verse]", "").replace("[chorus]", "").split())
    assert all(0 <= word["start_s"] < word["end_s"] <= 12.0 for word in facts["words"])
    assert "vocals" in facts["stems"]


def test_the_prompts_own_words_are_understood_and_instrumental_is(sounds: Sounds) -> None:
    facts = sounds.facts(SongWish("house at 126 bpm in F minor", 10.0, is_instrumental=True))
    assert (facts["tempo_bpm"], facts["key"], facts["scale"]) == (126.0, "F", "minor")
    assert facts["words"] == []
    assert "vocals" not in facts["stems"]


@pytest.mark.parametrize(
    "prompt", ["", "?!", "漢字 только слова", "x" * 4_000], ids=["none", "signs", "scripts", "long"]
)
def test_whatever_is_asked_something_is_played(sounds: Sounds, prompt: str) -> None:
    samples, rate_hz = decode(sounds.data(SongWish(prompt, 8.0, is_instrumental=True)))
    assert abs(samples.shape[1] / rate_hz - 8.0) < 0.1
    assert np.abs(samples).max() > 0.3


def test_stems_add_up_to_the_mix(sounds: Sounds) -> None:
    wish, wav = SongWish("house at 126 bpm in F minor", 10.0, is_instrumental=True), Form("wav")
    mix = decode(sounds.data(wish, wav))[0]
    total = sum(decode(sounds.data(wish, wav, (name,)))[0] for name in sounds.facts(wish)["stems"])
    assert float(np.abs(mix - total).max()) < 1e-3


def test_long_songs_repeat_and_short_ones_are_cut(sounds: Sounds) -> None:
    long = SongWish("house at 126 bpm in F minor", 40.0, is_instrumental=True)
    samples = decode(sounds.data(long, Form("wav")))[0]
    assert samples.shape[1] == 40 * 44_100
    assert np.abs(samples[:, 30 * 44_100 :]).max() > 0.3
    assert sounds.facts(long)["written_s"] == 12.0


def test_the_same_wish_is_the_same_song_and_another_seed_another(tmp_path: Path, sounds: Sounds) -> None:
    wish = SongWish("house at 126 bpm in F minor", 10.0, is_instrumental=True)
    again = Sounds(Options(home=tmp_path, song_limit_s=12.0))
    try:
        assert again.data(wish) == sounds.data(wish)
    finally:
        again.close()
    assert sounds.data(SongWish(**{**wish.__dict__, "seed": 2})) != sounds.data(wish)


def test_takes_of_kie_differ_and_timed_words_are_the_songs(composing: Dev) -> None:
    lyrics = "[Chorus]\nHold on to me\nNever let it be"
    inputs = {"custom_mode": True, "instrumental": False, "model": "V6", "style": "pop", "title": "Hold",
              "lyrics": lyrics, "duration": 10}  # fmt: skip
    kie = SUBMITS["kie"]
    task = kie.send(composing, input=inputs).json()["data"]["taskId"]
    until(lambda: composing.ask("jobs")[0]["phase"] == "done")
    job = composing.server.desk.jobs.find("kie", task)
    assert job is not None
    first, second = (composing.server.desk.sounds.data(song) for song in job.songs)
    assert first != second
    asked = {"task_id": task, "audio_id": f"{task}_0"}
    kie.send(composing, model="ai-music-api/timeStamped-lyrics", input=asked)
    until(lambda: composing.ask("jobs")[1]["phase"] == "done")
    facts = composing.server.desk.sounds.facts(job.songs[0])
    assert {word["word"].lower() for word in facts["words"]} <= set(lyrics.lower().split())


def test_a_wish_survives_json() -> None:
    wish = SongWish("pop", 10.0, sections=("verse", "chorus"))
    assert wish_of(json.loads(json.dumps({**wish.__dict__}))) == wish


@pytest.mark.parametrize(
    ("text", "key"),
    [("Am", "A minor"), ("C# Minor", "C# minor"), ("eb major", "Eb major"), ("B♭", "Bb major"), ("Any", ""), ("", "")],
)
def test_keys_are_read_as_providers_write_them(text: str, key: str) -> None:
    assert key_text(text) == key


def test_pcm_holds_what_wav_holds(sounds: Sounds) -> None:
    wish = SongWish("house at 126 bpm in F minor", 10.0, is_instrumental=True)
    pcm = np.frombuffer(sounds.data(wish, Form("pcm")), "<i2").reshape(-1, 2).T / 32_767.0
    assert np.abs(pcm - decode(io.BytesIO(sounds.data(wish, Form("wav"))).getvalue())[0]).max() < 1e-3
