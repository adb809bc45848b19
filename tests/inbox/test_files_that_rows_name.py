"""Rows bring files that lie beside them: tunes and stems go through the checks of uploads, what is wrong is that row's
alone, and no name leads out of the inbox.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
import soundfile
from sqlalchemy import select

from resources.inbox import folder as folders
from resources.inbox import given
from resources.inbox.folder import Inbox
from resources.inbox.taking import Look, take
from resources.registry import Registry, Request
from resources.settings import Settings
from resources.store import ArtifactStore

SONG = {"prompt": "upbeat pop song with drums, bass and piano", "seed": 5}
DRUMS = "edits.stems.drums"


def tune(pitches: tuple[int, ...] = (69, 72, 76, 74, 72, 71, 69)) -> bytes:
    file, track = mido.MidiFile(ticks_per_beat=480), mido.MidiTrack()
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(96)))
    for pitch in pitches:
        track += [mido.Message("note_on", note=pitch, velocity=80), mido.Message("note_off", note=pitch, time=480)]
    file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def sound(hz: float = 220.0) -> bytes:
    out = io.BytesIO()
    wave = 0.2 * np.sin(2 * np.pi * hz * np.arange(48_000) / 48_000)
    soundfile.write(out, wave, 48_000, format="WAV", subtype="PCM_16")
    return out.getvalue()


def put(folder: Any, name: str, data: bytes, age_s: float = 60.0) -> None:
    """A file in the inbox that was finished ``age_s`` ago."""
    (folder / name).write_bytes(data)
    if isinstance(folder, Path):
        os.utime(folder / name, (time.time() - age_s,) * 2)


def asked(folder: Any, inbox: Inbox, registry: Registry, settings: Settings, *rows: Any, name: str = "a.json") -> Any:
    """The answers to rows, two looks later."""
    text = "\n".join(rows) if isinstance(rows[0], str) else json.dumps(list(rows), indent=0)
    (folder / name).write_text(text)
    look = Look()
    for _ in range(2):
        look = take(inbox, registry, settings, look.seen, look.last)
    return json.loads((folder / f"{name}.result.json").read_text())["rows"]


def overrides(registry: Registry) -> list[dict[str, Any]]:
    with registry.reading() as session:
        return [one.payload["overrides"] for one in session.scalars(select(Request).order_by(Request.created_at))]


def test_a_row_begins_with_a_tune_and_brings_a_stem(
    folder: Any, inbox: Inbox, registry: Registry, settings: Settings
) -> None:
    put(folder, "idea.mid", tune())
    put(folder, "drums.wav", sound())
    row = {**SONG, "melody_file": "idea.mid", "replace": {"stem:drums": "drums.wav"}, "musical.key": "G"}
    (told,) = asked(folder, inbox, registry, settings, row)
    assert told["status"] == "accepted"
    (found,) = overrides(registry)
    assert found["edits.melody"]["name"] == "idea.mid"
    assert found["edits.melody"]["sha256"] == hashlib.sha256(tune()).hexdigest()
    assert found[DRUMS]["sha256"] == hashlib.sha256(sound()).hexdigest()
    assert found["musical.tempo_bpm"] == pytest.approx(96.0)
    assert found["musical.key"] == "G", "what the row says itself beats what follows from the tune"
    store = ArtifactStore(settings.artifacts_url)
    assert store.get(found[DRUMS]["sha256"]) == sound()


def test_csv_names_files_too_and_a_revision_replaces_the_tune(
    folder: Any, inbox: Inbox, registry: Registry, settings: Settings
) -> None:
    put(folder, "drums.wav", sound())
    put(folder, "other.mid", tune((60, 62, 64, 65)))
    rows = ("prompt,seed,replace", f'"{SONG["prompt"]}",5,stem:drums=drums.wav; stem:bass=drums.wav')
    (told,) = asked(folder, inbox, registry, settings, *rows, name="a.csv")
    assert told["status"] == "accepted"
    assert {DRUMS, "edits.stems.bass"} <= set(overrides(registry)[0])
    revision = {"version": told["version"], "melody_file": "other.mid"}
    (told,) = asked(folder, inbox, registry, settings, revision, name="b.json")
    assert (told["status"], told["field"]) == ("refused", "version"), "the song is not made yet"


@pytest.mark.parametrize(
    ("row", "field", "rule"),
    [
        ({"melody_file": "there-is-none.mid"}, "melody_file", "no such file"),
        ({"melody_file": "drums.wav.mid"}, "melody_file", "no MIDI|0 notes|no audio|cannot"),
        ({"replace": {"stem:drums": "idea.mid"}}, "replace", "audio"),
        ({"replace": {"kazoo": "drums.wav"}}, "replace", "cannot be replaced"),
        ({"replace": {"stem:kazoo": "drums.wav"}}, "edits.stems.kazoo", "no such track"),
        ({"replace": ["drums.wav"]}, "replace", "which file stands for what"),
        ({"replace": "drums.wav"}, "replace", "which file stands for what"),
        ({"melody_file": 7}, "melody_file", "no name"),
    ],
)
def test_a_bad_file_is_refused_with_line_field_and_reason_and_good_rows_go_on(
    folder: Any, inbox: Inbox, registry: Registry, settings: Settings, row: dict[str, Any], field: str, rule: str
) -> None:
    put(folder, "idea.mid", tune())
    put(folder, "drums.wav", sound())
    put(folder, "drums.wav.mid", b"hello, I am a text and no tune at all " * 100)
    bad, good = asked(folder, inbox, registry, settings, {**SONG, **row}, SONG)
    assert (bad["status"], bad["field"], good["status"]) == ("refused", field, "accepted")
    assert any(part in bad["rule"] for part in rule.split("|")), bad["rule"]
    assert bad["line"] < good["line"]
    assert len(overrides(registry)) == 1


@pytest.mark.parametrize(
    "name",
    ["../secret.mid", "/etc/passwd", "a/../../b.mid", "./idea.mid", ".hidden.mid", "a//b.mid", "..\\b.mid",
     "C:\\b.mid", "s3://other/b.mid", "file:///etc/passwd", "a\x00.mid", "a\n.mid", "", "x" * 600 + ".mid"],
)  # fmt: skip
def test_no_name_leads_out_of_the_inbox(
    folder: Any, inbox: Inbox, registry: Registry, settings: Settings, name: str
) -> None:
    (told,) = asked(folder, inbox, registry, settings, {**SONG, "replace": {"stem:drums": name}})
    assert (told["status"], told["field"]) == ("refused", "replace")
    assert overrides(registry) == []


def test_a_link_out_of_the_inbox_is_refused_and_a_folder_inside_is_fine(
    folder: Any, inbox: Inbox, registry: Registry, settings: Settings, tmp_path: Path
) -> None:
    if isinstance(folder, Path):
        (folder / "stems").mkdir()
        (tmp_path / "secret.wav").write_bytes(sound())
        (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
        (told,) = asked(folder, inbox, registry, settings, {**SONG, "replace": {"stem:drums": "link.wav"}})
        assert "leads out" in told["rule"]
    put(folder, "stems/drums.wav", sound())
    (told,) = asked(
        folder, inbox, registry, settings, {**SONG, "replace": {"stem:drums": "stems/drums.wav"}}, name="b.json"
    )
    assert told["status"] == "accepted"


def test_files_that_are_too_large_alone_or_together_are_refused_unread(
    folder: Any, inbox: Inbox, registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "drums.wav", sound())
    monkeypatch.setattr(given, "ROW_MAX_BYTES", len(sound()) + 10)
    one, two = ({**SONG, "replace": {f"stem:{track}": "drums.wav" for track in tracks}}
                for tracks in (("drums",), ("drums", "bass")))  # fmt: skip
    good, bad = asked(folder, inbox, registry, settings, one, two)
    assert good["status"] == "accepted"
    assert (bad["status"], bad["field"]) == ("refused", "replace")
    assert "10 are allowed" in bad["rule"]


def test_the_same_row_with_another_file_is_another_song_and_with_the_same_it_is_the_same(
    folder: Any, inbox: Inbox, registry: Registry, settings: Settings
) -> None:
    row = {**SONG, "replace": {"stem:drums": "drums.wav"}}
    versions = []
    for hz in (220.0, 220.0, 330.0):
        put(folder, "drums.wav", sound(hz))
        (told,) = asked(folder, inbox, registry, settings, row)
        versions.append(told["version"])
        asked(folder, inbox, registry, settings, "[]", "")  # an object that is put there unchanged is not looked at
    assert versions[0] == versions[1] != versions[2]


def test_a_file_still_being_written_makes_its_row_wait(
    folder: Any, inbox: Inbox, registry: Registry, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not isinstance(folder, Path):
        pytest.skip("in a bucket an object appears whole")
    put(folder, "drums.wav", sound(), age_s=0.0)
    (folder / "a.json").write_text(json.dumps({**SONG, "replace": {"stem:drums": "drums.wav"}}))
    look = take(inbox, registry, settings, {})
    look = take(inbox, registry, settings, look.seen, look.last)
    assert "written just now" in look.troubles[0]
    assert overrides(registry) == []
    monkeypatch.setattr(folders, "STILL_S", 0.0)
    look = take(inbox, registry, settings, look.seen, look.last)
    assert (look.accepted, look.troubles) == (1, [])
