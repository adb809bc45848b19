"""A definition file comes to the songs it says; whatever is wrong with one is said with file, field, rule, way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure
from resources.batches.definition import (
    LARGEST_BYTES,
    SONGS_MAX,
    BatchDefinition,
    find_file,
    parse_definition,
    read_definition,
)
from resources.batches.songs import Song, check_songs, songs_of
from resources.settings import Settings
from support.evening_batch import EVENING

NOW = datetime(2026, 12, 24, 23, 30, tzinfo=UTC)


def songs(text: str, occasion: str = "") -> list[Song]:
    return songs_of(parse_definition(text, "x.yaml", "x"), "x.yaml", NOW, occasion)


def prompts(text: str) -> list[str]:
    return [str(song.fields["prompt"]) for song in songs(text)]


def test_prompts_come_first_then_every_combination_of_a_template_each_with_what_is_common() -> None:
    found = songs(EVENING)
    assert [song.position for song in found] == [1, 2, 3, 4, 5, 6]
    assert [(song.fields["prompt"], song.fields.get("musical.tempo_bpm")) for song in found[2:]] == [
        ("happy folk with guitar", 90), ("happy folk with guitar", 100), ("calm folk with guitar", 90),
        ("calm folk with guitar", 100),
    ]  # fmt: skip
    assert {song.fields["duration_s"] for song in found} == {30}
    assert {song.fields["seed"] for song in found} == {3}
    request = found[1].request("x.yaml")
    assert request.overrides["musical.key"] == "Eb"
    assert [genre["name"] for genre in request.overrides["musical.genres"]] == ["synthwave", "lofi"]


def test_seeds_go_round_and_count_cuts_or_prolongs() -> None:
    two = "prompts: [a b, c d]\n"
    assert [(song.fields["prompt"], song.fields["seed"]) for song in songs(two + "seeds: [7, 9]")] == [
        ("a b", 7), ("c d", 7), ("a b", 9), ("c d", 9),
    ]  # fmt: skip
    assert [song.fields["seed"] for song in songs(two + "seeds: 7\ncount: 5")] == [7, 7, 8, 8, 9]
    assert len(songs(two + "count: 1")) == 1
    drawn = songs(two + "count: 4")
    assert [song.fields.get("seed") for song in drawn] == [None] * 4
    assert len({song.key for song in drawn}) == 4, "asking twice for the same is asking for two songs"


def test_the_day_of_the_start_is_a_variable_in_the_schedules_time_zone() -> None:
    text = 'templates: [{prompt: "song of {date}, {mood} {{literally}}", variables: {mood: [calm]}}]\n'
    assert prompts(text) == ["song of 2026-12-24, calm {literally}"]
    vienna = text + 'schedule: {cron: "0 3 * * *", timezone: Europe/Vienna}'
    assert prompts(vienna) == ["song of 2026-12-25, calm {literally}"]


def test_changing_a_song_changes_no_other_ones_key() -> None:
    before, after = songs(EVENING), songs(EVENING.replace("slow night drive", "slow night walk"))
    changed = [a.position for a, b in zip(before, after, strict=True) if a.key != b.key]
    assert changed == [2]
    assert [song.key for song in songs(EVENING)] == [song.key for song in before]
    urgent = songs(EVENING + "priority: 50\n")
    assert [song.key for song in urgent] == [song.key for song in before], "how urgent it is makes it no other song"


def test_each_start_may_ask_for_other_songs() -> None:
    new = EVENING + "each_start: new\n"
    assert {song.key for song in songs(new, "monday")}.isdisjoint(song.key for song in songs(new, "tuesday"))
    assert [song.key for song in songs(EVENING, "monday")] == [song.key for song in songs(EVENING, "tuesday")]


def test_a_deadline_is_a_moment_or_a_time_from_the_start() -> None:
    def deadline(text: str) -> datetime | None:
        return parse_definition(f"prompts: [a b]\ndeadline: {text}", "x.yaml", "x").deadline_after(NOW)

    assert deadline("6h") == NOW + timedelta(hours=6)
    assert deadline("45 min") == NOW + timedelta(minutes=45)
    assert deadline("2026-12-25T01:00:00+01:00") == datetime(2026, 12, 25, tzinfo=UTC)
    assert parse_definition("prompts: [a b]", "x.yaml", "x").deadline_after(NOW) is None


BAD = {
    "no YAML": ("name: [1", "x.yaml", "line 1 is no YAML"),
    "no mapping": ("- a", "x.yaml", "no mapping"),
    "empty": ("", "x.yaml", "no mapping"),
    "nothing asked for": ("name: x", "x.yaml", "neither prompts nor templates"),
    "a name twice": ("prompts: [a b]\nprompts: [c d]", "x.yaml", "stands in it twice"),
    "an alias": ("prompts: &p [a b]\ncommon: {x: *p}", "x.yaml", "aliases are not taken"),
    "a misspelt field": ("prompt: a b", "x.yaml, prompt", "no such field"),
    "a bad name": ("name: X!\nprompts: [a b]", "x.yaml, name", "pattern"),
    "a prompt that is a number": ("prompts: [a b, 5]", "x.yaml, prompts", "number 2 is neither a text nor fields"),
    "an empty seed list": ("prompts: [a b]\nseeds: []", "x.yaml", "empty list"),
    "a negative seed": ("prompts: [a b]\nseeds: [1, -2]", "x.yaml, seeds", "-2 is no whole number"),
    "too few seeds": ("prompts: [a b]\nseeds: [1]\ncount: 2", "x.yaml, count", "make 1 songs"),
    "seeds twice": ("prompts: [{prompt: a b, seed: 1}]\nseeds: 2", "x.yaml, prompts[1], seed", "has seeds for all"),
    "too many": ("prompts: [a b]\ncount: 10001", "x.yaml, count", str(SONGS_MAX)),
    "an unknown variable": ('templates: [{prompt: "{a}", variables: {b: [1]}}]', "x.yaml, templates[1]", "no variable"),
    "a brace alone": ('templates: [{prompt: "a {", variables: {b: [1]}}]', "x.yaml, templates[1]", "braces"),
    "no variables": ('templates: [{prompt: "a b"}]', "x.yaml, templates[1].variables", "required"),
    "a variable without values": ('templates: [{prompt: "{b}", variables: {b: []}}]', "x.yaml, templates[1].variables",
                                  "no values"),
    "a bad deadline": ("prompts: [a b]\ndeadline: soon", "x.yaml, deadline", "neither a moment"),
    "a deadline without zone": ("prompts: [a b]\ndeadline: 2026-12-24T18:00:00", "x.yaml, deadline", "time zone"),
    "bad cron": ('prompts: [a b]\nschedule: {cron: "0 3"}', "x.yaml, schedule.cron", "no cron line"),
    "a bad zone": ('prompts: [a b]\nschedule: {cron: "0 3 * * *", timezone: Mars}', "x.yaml, schedule.timezone",
                   "no such time zone"),
    "a bad stage": ("prompts: [a b]\nuntil: encore", "x.yaml, until", "ideation"),
    "a bad priority": ("prompts: [a b]\npriority: 1000", "x.yaml, priority", "less than or equal"),
    "a path out of range": ("prompts: [a b, {prompt: a b, musical.tempo_bpm: 9000}]",
                            "x.yaml, prompts[2], musical.tempo_bpm", "less than or equal to 240"),
    "a misspelt field of a song": ("prompts: [{promt: a b}]", "x.yaml, prompts[1], promt", "no such field"),
    "an empty prompt": ('prompts: [""]', "x.yaml, prompts[1], prompt", "must not be empty"),
    "a revision": ("prompts: [{version: a-song@v1}]", "x.yaml, prompts[1]", "makes new songs"),
    "a value no request holds": ("prompts: [{prompt: a b, title: .nan}]", "x.yaml, prompts[1]", "texts, numbers"),
}  # fmt: skip


def test_a_template_of_millions_is_refused_at_once_or_cut_by_count() -> None:
    values = ", ".join(str(number) for number in range(100))
    variables = ", ".join(f"v{number}: [{values}]" for number in range(8))
    text = f'templates: [{{prompt: "song {{v0}} {{v7}}", variables: {{{variables}}}}}]\n'
    with pytest.raises(BadInput, match=f"more than {SONGS_MAX} songs"):
        songs(text)
    assert prompts(text + "count: 3") == ["song 0 0", "song 0 1", "song 0 2"]


@pytest.mark.parametrize(("text", "field", "rule"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_with_file_field_rule_and_way_out(
    settings: Settings, text: str, field: str, rule: str
) -> None:
    with pytest.raises(BadInput) as refused:
        check_songs(songs(text), "x.yaml", settings)
    assert refused.value.field == field
    assert rule in refused.value.rule
    assert refused.value.way_out


def test_the_first_wrong_song_is_told_whole_and_the_others_by_their_places(settings: Settings) -> None:
    text = "prompts: [a b, '', {prompt: c d, musical.tempo_bpm: 9}, {prompt: e f, nonsense: 1}]"
    with pytest.raises(BadInput) as refused:
        check_songs(songs(text), "x.yaml", settings)
    assert refused.value.field == "x.yaml, prompts[2], prompt"
    for place in ("prompts[3], musical.tempo_bpm", "prompts[4], nonsense"):
        assert place in refused.value.way_out


def test_files_are_found_by_path_or_name_and_read_as_they_are(settings: Settings, write: Callable[..., Path]) -> None:
    path = write(EVENING.replace("name: evening", ""), "Late Evening.yml")
    assert find_file(settings, "Late Evening") == find_file(settings, str(path)) == path
    definition = read_definition(path)
    assert isinstance(definition, BatchDefinition)
    assert definition.name == "late-evening"
    with pytest.raises(BadInput, match="Did you mean Late Evening"):
        find_file(settings, "Late Evenin")
    with pytest.raises(PermanentFailure, match="readable"):
        read_definition(path.with_name("gone.yaml"))
    path.write_bytes(b"prompts: [\xff]")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_definition(path)
    with path.open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    with pytest.raises(BadInput, match="larger than"):
        read_definition(path)
