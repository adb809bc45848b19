"""What somebody before a song needs of the API: understanding, sound, takes, curating, files of one's own."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from api.v2.understood import UnderstoodTold
from dsp.audiofile import encode_wav
from musicgen_assets.graph.gate import GATE_CHECKS
from resources.registry import queries
from resources.takes import WANTED
from support.api_world import World, world

PROMPT = "melancholic jazz waltz with piano, 90 seconds"
JSON = {"Content-Type": "application/octet-stream"}


def understood(api: World, **asked: object) -> UnderstoodTold:
    answer = api.ask("POST", "/compositions/understand/", json={"prompt": PROMPT, "seed": 5, **asked})
    assert answer.status_code == 200, answer.text
    return UnderstoodTold.model_validate(answer.json())


def midi(pitches: tuple[int, ...] = (60, 62, 64, 65, 67)) -> bytes:
    import mido

    track = mido.MidiTrack()
    for pitch in pitches:
        track.append(mido.Message("note_on", note=pitch, velocity=80, time=0))
        track.append(mido.Message("note_off", note=pitch, velocity=0, time=480))
    buffer = io.BytesIO()
    mido.MidiFile(ticks_per_beat=480, tracks=[track]).save(file=buffer)
    return buffer.getvalue()


def wav(seconds: float = 1.0, level: float = 0.5) -> bytes:
    times = np.arange(round(seconds * 48000), dtype=np.float32) / 48000
    tone = (level * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
    return encode_wav(np.stack([tone, tone]), 48000)


def test_a_prompt_is_told_as_chips_and_nothing_is_made(api: World) -> None:
    before = api.ask("GET", "/compositions/?limit=200").json()
    told = understood(api)
    chips = {chip.name: chip for chip in told.chips}
    assert (chips["meter"].text, chips["meter"].source) == ("3/4", "heard")
    assert (chips["length"].text, chips["length"].source) == ("1:30", "heard")
    assert chips["key"].source == "chosen"
    assert chips["voice"].text == "instrumental"
    assert "language" not in chips
    assert (told.seed, told.cost_usd, told.engines) == (5, "0", {"full_song": "Built-in engine"})
    assert told.estimate_s > 0
    assert told.steps
    assert api.ask("GET", "/compositions/?limit=200").json() == before


def test_every_chip_can_be_corrected_by_what_it_is_told_with(api: World) -> None:
    """Each field given back as it came changes nothing; another value shows in the chip, and in the song that is asked
    for with the same seed.
    """
    told = understood(api, set={"creative.has_vocals": True})
    same = {field.path: field.value for chip in told.chips for field in chip.fields}
    again = understood(api, set=same)
    assert [chip.text for chip in again.chips] == [chip.text for chip in told.chips]
    band = [seat for seat in same["musical.instruments"] if seat["role"] != "drums"]
    fewer = {chip.name: chip.text for chip in understood(api, set={"musical.instruments": [*band, "cello"]}).chips}
    assert "kit" not in fewer["band"]
    assert "cello" in fewer["band"]
    other = {"musical.tempo_bpm": 84, "musical.key": "Eb", "musical.scale": "major", "musical.time_signature": "4/4",
             "technical.duration_s": 45, "creative.language": "fr", "creative.voice": "high", "creative.title": "Plage",
             "musical.genres": [{"name": "bossa_nova", "weight": 0.5}, {"name": "pop", "weight": 0.5}],
             "musical.mood.valence": 0.9, "musical.mood.arousal": 0.9, "musical.excluded_roles": ["drums"],
             "creative.theme": "the beach", "creative.has_vocals": True}  # fmt: skip
    chips = {chip.name: chip for chip in understood(api, set=other).chips}
    texts = {name: chip.text for name, chip in chips.items()}
    assert texts["tempo"] == "84 BPM"
    assert (texts["key"], texts["meter"], texts["length"]) == ("Eb major", "4/4", "0:45")
    assert (texts["language"], texts["voice"], texts["title"]) == ("French", "sung, high voice", "Plage")
    assert (texts["style"], texts["mood"]) == ("bossa nova 50% + pop 50%", "bright, energetic")
    assert "no drums" in texts["band"]
    assert {chip.source for name, chip in chips.items() if name not in ("loudness",)} == {"set"}


def test_the_song_that_is_asked_for_is_the_one_that_was_understood(api: World) -> None:
    told = understood(api)
    free = api.ask("POST", "/compositions/understand/", json={"prompt": PROMPT}).json()
    plan = api.ask("POST", "/compositions/plan/", json={"prompt": PROMPT, "seed": told.seed}).json()
    texts = {chip.name: chip.text for chip in told.chips}
    assert texts["tempo"] == f"{plan['context']['musical']['tempo_bpm']:g} BPM"
    again = api.ask("POST", "/compositions/understand/", json={"prompt": PROMPT, "seed": free["seed"]}).json()
    assert again == free
    assert plan["cost_usd"] == "0"


def test_an_outline_is_measured_once_and_then_only_told(api: World) -> None:
    song = api.song()
    path = f"/compositions/{song}/waveform/?columns=50"
    assert api.ask("GET", path).json()["code"] == "not_made"
    api.made(song, "mastering/master", {"streaming": wav(2.0)})
    api.made(song, "mixing/mix", {"main": wav(), "stem/bass": wav(level=0.25)})
    first = api.ask("GET", path)
    told = first.json()
    assert (told["duration_s"], len(told["low"]), len(told["high"])) == (2.0, 50, 50)
    assert max(told["high"]) == pytest.approx(0.5, abs=0.01)
    assert min(told["low"]) == pytest.approx(-0.5, abs=0.01)
    assert api.ask("GET", path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    kept = list((api.settings.cache / "heard").glob("*.outline-50.*"))
    assert len(kept) == 1
    stem = api.ask("GET", f"/compositions/{song}/waveform/?track=bass&columns=10", "viewer").json()
    assert max(stem["high"]) == pytest.approx(0.25, abs=0.01)
    assert api.ask("GET", f"/compositions/{song}/waveform/?track=../main").json()["code"] == "not_made"
    sound = api.ask("GET", f"/compositions/{song}/sound/", "viewer").json()
    assert [stem["track"] for stem in sound["stems"]] == ["bass"]
    assert api.ask("GET", sound["stems"][0]["href"].removeprefix("/api/v2"), "viewer").status_code == 200
    assert max(sound["spectrum"], key=lambda row: row[1])[0] == pytest.approx(220, rel=0.15)


def test_takes_are_asked_for_once_shown_and_kept(api: World) -> None:
    body = {"prompt": PROMPT, "seed": 3, "count": 3, "vary": "melody"}
    asked = [api.ask("POST", "/compositions/takes/", json=body, headers={"Idempotency-Key": "t"}) for _ in range(2)]
    assert [answer.status_code for answer in asked] == [202, 202]
    told = asked[0].json()
    assert asked[1].json()["first"] == told["first"]
    assert (told["stream"], told["count"], told["will_start"]) == ("melody", 3, "when a deployment runs")
    song = told["composition"]
    with api.registry.reading() as session:
        wishes = [event for event in queries.events_of(session, song) if event.kind == WANTED]
    assert wishes[0].payload["user"] == "owner"
    shown = api.ask("GET", f"/compositions/{song}/takes/").json()
    assert [(take["number"], take["preview"]) for take in shown["takes"]] == [(1, None)]
    assert "/h/" not in api.ask("GET", f"/compositions/{song}/takes/").text
    kept = api.ask("POST", f"/compositions/{song}/takes/keep/", json={"version": 1})
    assert kept.status_code in (202, 409), kept.text
    other = api.song()
    assert api.ask("GET", f"/compositions/{other}/takes/").json()["code"] == "not_found"
    assert api.ask("POST", f"/compositions/{other}/takes/keep/", json={"version": 1}).json()["code"] == "not_found"
    assert api.ask("POST", f"/compositions/{other}/takes/", json={"vary": "the weather"}).json()["code"] == "bad_input"


def test_songs_are_renamed_put_away_and_brought_back(api: World) -> None:
    song = api.song()
    base = f"/compositions/{song}"
    assert (
        api.ask("PUT", f"{base}/title/", "collaborator", json={"title": "  Other  name "}).json()["title"]
        == "Other name"
    )
    assert api.ask("PUT", f"{base}/title/", json={"title": "\n"}).json()["code"] == "bad_input"
    assert api.ask("POST", f"{base}/archive/", "collaborator").json()["code"] == "not_allowed"
    assert api.ask("POST", f"{base}/archive/").json()["partitions"] == [f"{song}@v1"]
    assert api.ask("GET", f"{base}/status/").json()["state"] == "archived"
    assert api.ask("POST", f"{base}/restore/", json={"version": 1}).status_code == 200
    assert api.ask("GET", f"{base}/status/").json()["state"] == "cancelled"
    assert api.ask("POST", f"{base}/restore/").json()["code"] == "conflict"


def test_a_check_is_excused_by_name_and_for_a_reason(api: World) -> None:
    song = api.song()
    path = f"/compositions/{song}/waive/"
    check = sorted(GATE_CHECKS)[0]
    told = api.ask("POST", path, "collaborator", json={"check": check, "why": "it is meant"}).json()
    assert (told["check"], told["who"], told["why"]) == (check, "collaborator", "it is meant")
    assert api.ask("POST", path, json={"check": "beauty", "why": "x"}).json()["field"] == "check"
    assert api.ask("POST", path, json={"check": check, "why": "  "}).json()["code"] == "bad_input"
    assert api.ask("POST", path, "viewer", json={"check": check, "why": "x"}).json()["code"] == "not_allowed"


def test_files_of_ones_own_are_checked_before_anything_is_kept(api: World) -> None:
    song = api.resolved()
    path = f"/compositions/{song}/uploads/"
    told = api.ask("POST", f"{path}?what=melody&name=tune.mid", content=midi(), headers=JSON).json()
    assert told["set"]["edits.melody"]["name"] == "tune.mid"
    plan = api.ask("POST", f"/compositions/{song}/plan/", json={"set": told["set"]})
    assert plan.status_code == 200, plan.text
    stem = api.ask("POST", f"{path}?what=stem&track=bass&name=b.wav", content=wav(), headers=JSON).json()
    assert list(stem["set"]) == ["edits.stems.bass"]
    begun = api.ask("POST", "/uploads/?what=tune&name=tune.mid", content=midi(), headers=JSON).json()
    assert {"edits.melody", "musical.key", "musical.chord_progression"} <= set(begun["set"])
    understood(api, set=begun["set"])
    held = api.store.has(told["set"]["edits.melody"]["sha256"])
    assert held


@pytest.mark.parametrize(
    ("query", "data", "field"),
    [
        ("what=melody&name=x.mid", b"no MIDI at all", "what"),
        ("what=melody&name=x.mid", midi((60, 61)), "what"),
        ("what=vocals&name=x.wav", b"RIFF0000WAVEjunk", "what"),
        ("what=stem&name=x.wav", b"x", "track"),
        ("what=stem&track=a=b&name=x.wav", b"x", "track"),
        ("what=film&name=x.wav", b"x", "what"),
        ("what=melody", b"", "body"),
        ("what=tune&name=x", b"x", "what"),
    ],
)
def test_what_is_no_such_file_is_refused_in_words(api: World, query: str, data: bytes, field: str) -> None:
    song = api.resolved()
    answer = api.ask("POST", f"/compositions/{song}/uploads/?{query}", content=data, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_input"), answer.text
    assert answer.json()["field"] == field
    assert answer.json()["way_out"]


def test_a_file_that_is_too_large_or_claims_hours_is_not_decoded(tmp_path: Path) -> None:
    with world(tmp_path / "home", max_body_bytes=1024, max_upload_bytes=400_000) as small:
        path = f"/compositions/{small.resolved()}/uploads/?what=vocals&name=x.wav"
        assert small.ask("POST", path, content=wav(), headers=JSON).status_code == 200
        assert small.ask("POST", path, content=bytes(400_500), headers=JSON).json()["code"] == "too_large"
        silence = bytearray(wav())
        silence[40:44] = (2**32 - 100).to_bytes(4, "little")  # the header claims hours
        assert small.ask("POST", path, content=bytes(silence), headers=JSON).status_code in (200, 422)
        other = small.ask("POST", "/compositions/plan/", json={"prompt": "x" * 2000})
        assert other.json()["code"] == "too_large"
