"""Comparing versions: what differs is named, what does not is not read, and half-made versions compare half-way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from musicgen_assets.cli.diff_view import difference_lines
from musicgen_assets.context.failures import BadInput, MissingArtifact
from musicgen_assets.context.paths import apply_overrides
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.manifest import Manifest, StoredCheck, StoredRole
from musicgen_assets.score.material import LyricLine, Lyrics, LyricSection
from musicgen_assets.score.model import Score, Section, Track
from resources.diff import compare, parent_of
from resources.registry import queries
from resources.settings import Settings
from resources.studio import Studio, open_studio

SONG = "sunny-river-k3f9a"
FIRST, SECOND = f"{SONG}@v1", f"{SONG}@v2"
NOTES = tuple((beat * 480, 460, 60, 80) for beat in range(16))


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    """A home with a first version and its child."""
    with open_studio(settings) as opened:
        with opened.registry.session() as session:
            queries.ensure_user(session, "local")
            queries.add_composition(session, SONG, "local", None)
            parent = queries.add_version(session, SONG, "r-1", 7)
            queries.add_version(session, SONG, "r-2", 7, parent, {"set": {"musical.tempo_bpm": 90}})
        yield opened


def have(
    studio: Studio, partition: str, asset: str, *, checks: tuple[StoredCheck, ...] = (), seconds: float = 1.0,
    carried_from: str | None = None, facts: dict[str, Any] | None = None, **roles: bytes,
) -> None:  # fmt: skip
    """Record ``asset`` of ``partition`` as holding ``roles``."""
    content = []
    for name, data in roles.items():
        sha256, size = studio.store.put(data)
        content.append(StoredRole(role=name, sha256=sha256, media_type="application/json", size_bytes=size))
    manifest = Manifest(asset=asset, content=tuple(content), checks=checks, facts=facts or {})
    key = hashlib.sha256(f"{asset} {manifest.model_dump_json()}".encode()).hexdigest()
    with studio.registry.session() as session:
        queries.record_result(session, key, asset, manifest, made_by=partition, seconds=seconds)
        queries.record_materialization(
            session, partition, asset, key=key, content_hash=manifest.content_hash, carried_from=carried_from,
            seconds=seconds,
        )  # fmt: skip


def context(**overrides: Any) -> bytes:
    return apply_overrides(CompositionContext(), overrides).model_dump_json().encode()


def score(*tracks: Track, **changes: Any) -> bytes:
    verse = Section(name="Verse", kind="verse", start_bar=0, bars=4, start_ticks=0, end_ticks=7680, energy=0.5)
    facts: dict[str, Any] = {"title": "Song", "key": "C", "scale": "major", "tempo_bpm": 120.0,
                             "time_signature": "4/4", "duration_s": 8.0, "end_ticks": 7680}  # fmt: skip
    return Score(**{**facts, **changes}, sections=(verse,), tracks=tracks).model_dump_json().encode()


def track(name: str, notes: Any = NOTES) -> Track:
    return Track(name=name, role="lead", instrument="flute", program=73, channel=0, notes=notes)


def lyrics(*texts: str) -> bytes:
    lines = tuple(
        LyricLine(text=text, syllables=(text,), stresses=(1,), word_ends=(True,), rhyme="A") for text in texts
    )
    words = Lyrics(language="en", title="Song", sections=(LyricSection(kind="verse", index=0, lines=lines),))
    return words.model_dump_json().encode()


def check(name: str, passed: bool, measured: float | str = 1.0) -> StoredCheck:
    return StoredCheck(name=name, passed=passed, measured=measured, expected="a bound")


def measured(studio: Studio, partition: str, lufs: float, *, is_loudness_right: bool) -> None:
    checks = (check("loudness", is_loudness_right, lufs), check("melodic_score", True, 0.9))
    have(studio, partition, "mastering/analysis", checks=checks, main=str(lufs).encode(),
         facts={"integrated_lufs": lufs, "true_peak_dbtp": -1.2, "key": "C major"})  # fmt: skip


def test_every_part_that_differs_is_named(studio: Studio) -> None:
    have(studio, FIRST, "ideation/context", main=context())
    have(studio, SECOND, "ideation/context", main=context(**{"musical.tempo_bpm": 90.0}))
    have(studio, FIRST, "composition/lyrics", main=lyrics("one", "two"))
    have(studio, SECOND, "composition/lyrics", main=lyrics("one", "three"))
    have(studio, FIRST, "arrangement/arrangement", main=score(track("melody"), track("bass")))
    louder = ((0, 460, 60, 99), *NOTES[1:-1])
    have(studio, SECOND, "arrangement/arrangement", main=score(track("melody", louder), track("bass"), tempo_bpm=90.0))
    have(studio, FIRST, "mixing/mix", seconds=2.0, main=b"a", bass=b"same", pad=b"gone")
    have(studio, SECOND, "mixing/mix", seconds=0.5, main=b"b", bass=b"same", lead=b"new")
    measured(studio, FIRST, -14.0, is_loudness_right=True)
    measured(studio, SECOND, -12.0, is_loudness_right=False)
    found = compare(studio, FIRST, SECOND)
    assert [(row["path"], row["old"], row["new"]) for row in found["context"]] == [("musical.tempo_bpm", 110.0, 90.0)]
    mix = next(row for row in found["artifacts"] if row["asset"] == "mixing/mix")
    assert {role["role"]: (bool(role["old"]), bool(role["new"])) for role in mix["roles"]} == {
        "main": (True, True), "lead": (False, True), "pad": (True, False),
    }  # fmt: skip
    assert mix["roles"][0]["old"] == hashlib.sha256(b"a").hexdigest()[:12]
    assert mix["same_roles"] == ["bass"]
    assert found["score"]["facts"] == [{"name": "tempo_bpm", "old": 120.0, "new": 90.0}]
    melody, bass = found["score"]["tracks"]
    assert (melody["removed"], melody["velocity"], melody["bars"]) == (1, 1, [[1, 1], [4, 4]])
    assert bass["change"] == "same"
    assert found["lyrics"] == [{"section": "verse 1", "line": 2, "old": "two", "new": "three"}]
    by_name = {row["name"]: row for row in found["measurements"]}
    assert (by_name["integrated_lufs"]["old"], by_name["integrated_lufs"]["new"]) == (-14.0, -12.0)
    assert {name for name, row in by_name.items() if not row["is_same"]} == {"integrated_lufs"}
    assert [(row["check"], row["old"]["outcome"], row["new"]["outcome"]) for row in found["checks"]] == [
        ("loudness", "passed", "failed")
    ]
    assert found["seconds"] == {"old": 6.0, "new": 4.5}
    assert not found["is_same"]
    assert json.loads(json.dumps(found)) == found
    told = "\n".join(difference_lines(found))
    for words in ("110 → 90", "main, + lead, − pad; the same: bass", "1 note removed", "bars 1, 4", "“two” → “three”",
                  "-14.00 → -12.00 LUFS", "passed → failed", "6.0 s → 4.5 s", "tracks bass", "true peak"):  # fmt: skip
        assert words in told


def test_what_is_the_same_is_not_read(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    for partition in (FIRST, SECOND):
        source = None if partition == FIRST else FIRST
        have(studio, partition, "ideation/context", carried_from=source, main=context())
        have(studio, partition, "composition/lyrics", carried_from=source, main=lyrics("one"))
        have(studio, partition, "arrangement/arrangement", carried_from=source, main=score(track("melody")))
        measured(studio, partition, -14.0, is_loudness_right=True)
    monkeypatch.setattr(type(studio.store), "get", lambda _, sha256: pytest.fail(f"{sha256} was read"))
    found = compare(studio, FIRST, SECOND)
    assert found["is_same"]
    assert found["score"]["is_same"]
    assert [found[part] for part in ("context", "lyrics", "checks")] == [[], [], []]
    assert {row["carried_from"]["new"] for row in found["artifacts"]} == {FIRST, None}
    told = difference_lines(found)
    assert len(told) == 3
    assert "4 of 4 artifacts (3 carried); context; score; lyrics; checks; loudness" in told[-1]


def test_versions_that_got_part_of_the_way_are_compared_as_far_as_both_got(studio: Studio) -> None:
    have(studio, FIRST, "ideation/context", main=context())
    have(studio, FIRST, "composition/lyrics", main=lyrics("one"))
    measured(studio, FIRST, -14.0, is_loudness_right=True)
    found = compare(studio, FIRST, SECOND)
    assert {row["asset"]: row["status"] for row in found["artifacts"]} == {
        "ideation/context": "only_old", "composition/lyrics": "only_old", "mastering/analysis": "only_old",
    }  # fmt: skip
    parts = ("context", "score", "lyrics", "measurements", "checks")
    assert [found[part] for part in parts] == [None] * len(parts)
    told = "\n".join(difference_lines(found))
    assert f"3 assets  only in  {FIRST}: ideation/context, composition/lyrics, mastering/analysis" in told
    assert told.endswith("same: nothing")


def test_a_sung_line_is_compared_as_a_track_although_the_arrangement_is_the_same(studio: Studio) -> None:
    for partition, notes in ((FIRST, NOTES), (SECOND, NOTES[:8])):
        have(studio, partition, "arrangement/arrangement", main=score(track("melody")))
        voice = {"carrier": "lead_instrument", "track": track("vocal", notes).model_dump(mode="json")}
        have(studio, partition, "arrangement/vocal_line", main=json.dumps(voice).encode())
    found = compare(studio, FIRST, SECOND)["score"]
    assert [(row["name"], row["change"], row["removed"]) for row in found["tracks"]] == [
        ("melody", "same", 0), ("vocal", "changed", 8),
    ]  # fmt: skip
    assert not found["is_same"]


def test_a_waived_check_is_another_outcome(studio: Studio) -> None:
    for partition in (FIRST, SECOND):
        measured(studio, partition, -12.0, is_loudness_right=False)
    with studio.registry.session() as session:
        queries.add_waiver(session, SECOND, "loudness", "ada", "meant to be so")
    rows = compare(studio, FIRST, SECOND)["checks"]
    assert [(row["old"]["outcome"], row["new"]["outcome"]) for row in rows] == [("failed", "waived")]


def test_a_first_version_has_no_parent_to_be_compared_with(studio: Studio) -> None:
    assert parent_of(studio, SECOND) == FIRST
    with pytest.raises(BadInput, match="first version"):
        parent_of(studio, FIRST)
    with pytest.raises(BadInput, match="no such version"):
        compare(studio, FIRST, f"{SONG}@v9")


def test_an_object_that_is_gone_is_named(studio: Studio) -> None:
    have(studio, FIRST, "ideation/context", main=context())
    have(studio, SECOND, "ideation/context", main=context(**{"musical.key": "D"}))
    path = studio.store.path(hashlib.sha256(context()).hexdigest())
    assert path is not None
    path.unlink()
    with pytest.raises(MissingArtifact, match=hashlib.sha256(context()).hexdigest()):
        compare(studio, FIRST, SECOND)


def test_two_songs_with_little_in_common_are_told_in_few_lines(studio: Studio) -> None:
    long = "a song about " + "rain and " * 20
    have(studio, FIRST, "ideation/context", main=context(**{"creative.inspiration": long}))
    have(studio, SECOND, "ideation/context", main=context(**{"creative.inspiration": "the sea"}))
    have(studio, FIRST, "composition/lyrics", main=lyrics())
    have(studio, SECOND, "composition/lyrics", main=lyrics("one", "two", "three"))
    roles: dict[str, Any] = {f"stem{number}": bytes([number]) for number in range(9)}
    have(studio, FIRST, "mixing/mix", main=b"a", **roles)
    others: dict[str, Any] = dict.fromkeys(roles, b"other")
    have(studio, SECOND, "mixing/mix", **others)
    chorus = Section(name="Chorus", kind="chorus", start_bar=0, bars=4, start_ticks=0, end_ticks=7680, energy=0.5)
    both = json.loads(score(track("melody"), track("bass")))
    other = json.loads(score(track("melody", NOTES[:4]).model_copy(update={"instrument": "oboe"}), track("pad")))
    other["sections"] = [chorus.model_dump(mode="json")]
    have(studio, FIRST, "arrangement/arrangement", main=json.dumps(both).encode())
    have(studio, SECOND, "arrangement/arrangement", main=json.dumps(other).encode())
    told = difference_lines(compare(studio, FIRST, SECOND))
    text = "\n".join(told)
    for words in ("… → “the sea”", "3 lines added, from “one”", "and 4 more",
                  "section Chorus  added: 4 bars from bar 1",
                  "section Verse   removed: 4 bars from bar 1", "flute → oboe, 4 notes added, 16 notes removed",
                  "formerly bars 1-4", "added: flute, 16 notes", "removed: flute, 16 notes"):  # fmt: skip
        assert words in text
    assert max(map(len, told)) <= 200


def test_a_moved_section_and_another_program_are_told(studio: Studio) -> None:
    parts = [Section(name=name, kind=kind, start_bar=start, bars=2, start_ticks=start * 1920,
                     end_ticks=(start + 2) * 1920, energy=0.5)
             for name, kind, start in (("Verse", "verse", 0), ("Chorus", "chorus", 2), ("Chorus", "chorus", 0),
                                       ("Verse", "verse", 2))]  # fmt: skip
    for partition, sections, program in ((FIRST, parts[:2], 73), (SECOND, parts[2:], 68)):
        data = json.loads(score(track("melody", ()).model_copy(update={"program": program})))
        data["sections"] = [item.model_dump(mode="json") for item in sections]
        have(studio, partition, "arrangement/arrangement", main=json.dumps(data).encode())
    text = "\n".join(difference_lines(compare(studio, FIRST, SECOND)))
    assert "section Chorus  begins at bar 3 → 1" in text
    assert "program 73 → 68" in text


def test_measurements_show_as_many_decimals_as_the_difference_needs(studio: Studio) -> None:
    measured(studio, FIRST, -14.0012, is_loudness_right=True)
    measured(studio, SECOND, -14.0034, is_loudness_right=True)
    assert "loudness  -14.0012 → -14.0034 LUFS" in "\n".join(difference_lines(compare(studio, FIRST, SECOND)))
