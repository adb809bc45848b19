"""What the page says and what its forms send, without a server."""

from __future__ import annotations

import pytest

from api.page import presenters
from api.page.forms import Search, own_place, read_login, read_search, read_version
from api.v2.told import CheckTold, RoleTold, StageTold, VersionTold
from musicgen_assets.context.request import STAGES
from musicgen_assets.context.schema import CompositionContext


def test_facts_are_what_a_musician_asks_first() -> None:
    context = CompositionContext.model_validate(
        {"musical": {"key": "Eb", "scale": "minor", "tempo_bpm": 96, "time_signature": "3/4",
                     "genres": [{"name": "jazz_swing", "weight": 3}, {"name": "pop", "weight": 1}]},
         "technical": {"duration_s": 75.4}, "creative": {"has_vocals": True, "language": "pt"}}
    )  # fmt: skip
    facts = dict(presenters.facts_of(context.model_dump(mode="json")))
    assert facts["Style"] == "jazz swing 75% + pop 25%"
    assert (facts["Key"], facts["Tempo"], facts["Meter"]) == ("Eb minor", "96 BPM", "3/4")
    assert (facts["Length"], facts["Voice"]) == ("1:15", "sung in Portuguese")
    assert presenters.facts_of(None) == []


def test_the_seven_stages_tell_where_a_song_is() -> None:
    def row(stage: str, status: str) -> StageTold:
        return StageTold.model_validate(
            {"stage": stage, "asset": f"{stage}/x", "status": status, "seconds": 0, "carried_from": None}
        )

    rows = [row("ideation", "made"), row("composition", "carried"), row("arrangement", "made"),
            row("arrangement", "pending"), *(row(stage, "pending") for stage in STAGES[3:])]  # fmt: skip
    working = presenters.steps_of(rows, "arrangement", is_working=True)
    assert [step["status"] for step in working] == ["done", "done", "working", *["pending"] * 4]
    assert (working[2]["done"], working[2]["all"]) == (1, 2)
    resting = presenters.steps_of(rows, "arrangement", is_working=False)
    assert resting[2]["status"] == "pending"
    failed = presenters.steps_of([*rows[:3], row("arrangement", "failed"), *rows[4:]], "arrangement", is_working=False)
    assert failed[2]["status"] == "failed"


def test_failed_checks_come_first() -> None:
    def check(name: str, *, passed: bool, waived: bool = False) -> CheckTold:
        return CheckTold(
            name=name, asset="mastering/analysis", passed=passed, measured=-14.08, expected="-14", waived=waived
        )

    rows = presenters.checks_of(
        [check("tempo", passed=True), check("key", passed=False, waived=True), check("loudness", passed=False)]
    )
    assert [row["status"] for row in rows] == ["failed", "waived", "passed"]
    assert rows[0]["label"] == "Loudness"


def test_the_tree_says_what_each_version_is() -> None:
    def version(number: int, parent: int | None, depth: int, state: str, lufs: float | None) -> VersionTold:
        return VersionTold.model_validate(
            {"version": number, "partition": f"a@v{number}", "parent": parent and f"a@v{parent}", "depth": depth,
             "state": state, "words": "slower" if parent else "", "change": None, "loudness_lufs": lufs, "seed": 1,
             "is_newest": False, "created_at": "2026-11-30T20:00:00Z"}
        )  # fmt: skip

    tree = presenters.tree_of(
        [version(1, None, 0, "released", -14.04), version(2, 1, 12, "failed", None)], "a", 2, {"share": "t"}
    )
    assert (tree[0]["loudness"], tree[0]["is_shown"], tree[1]["is_shown"]) == ("−14.0 LUFS", False, True)
    assert tree[1]["depth"] == 8
    assert tree[1]["href"] == "/songs/a?version=2&share=t"
    assert tree[1]["state_words"] == "failed"


@pytest.mark.parametrize(
    ("told", "words"),
    [("loudness_target_lufs -14 → -11, bass gain_db 3, mix reverb_db -4",
      "loudness target −14 → −11 LUFS, bass gain 3 dB, mix reverb −4 dB"),
     ("tempo_bpm 120 → 96, re-rolled melody", "tempo 120 → 96 BPM, re-rolled melody"),
     ("rerolls none → melody 2, pan none → 0.2", "re-rolled melody 2, pan none → 0.2"),
     ("first, seed 7", "first, seed 7"), ("", "")],
)  # fmt: skip
def test_a_change_is_told_without_names_of_fields(told: str, words: str) -> None:
    assert presenters.change_words(told) == words


def test_files_are_grouped_as_people_look_for_them() -> None:
    names = ("master.wav", "stems/bass.flac", "score.mid", "exports/song.cho", "lyrics.lrc", "licence.txt",
             "packages/game/loop.wav", "packages/daw/song.dawproject")  # fmt: skip
    groups = presenters.groups_of(
        RoleTold(role=name, media_type="x/y", size_bytes=2_500_000, sha256="0" * 64, href=f"/{name}") for name in names
    )
    found = {group.name: [file["name"] for file in group.files] for group in groups}
    assert found["Notes and sheets"] == ["score.mid", "exports/song.cho"]
    assert found["packages/game"] == ["packages/game/loop.wav"]
    assert groups[0].files[0]["size"] == "2.4 MB"
    packages = presenters.packages_of(groups)
    assert [row["name"] for row in packages if row["files"]] == ["daw", "game"]
    assert len(packages) == 6


def test_dagster_is_linked_where_it_is_known() -> None:
    assert presenters.dagster_links(None, "a@v1") == []
    links = presenters.dagster_links("http://127.0.0.1:3000", "a@v1")
    assert links[0]["href"] == "http://127.0.0.1:3000/assets/finalization/release?view=partitions&partition=a%40v1"


GOING = {
    "/songs/a?version=2": "/songs/a?version=2",
    "songs": "/",
    "//x": "/",
    "/\\x": "/",
    "http://x/": "/",
    "/a\nb": "/",
}


@pytest.mark.parametrize(("text", "place"), GOING.items())
def test_only_places_of_our_own_are_gone_to(text: str, place: str) -> None:
    assert own_place(text) == place
    assert own_place(None) == "/"
    assert read_login({"key": " k ", "next": text}).next == place


def test_a_search_is_read_and_written_again() -> None:
    search = read_search({"q": " sea\x00 song ", "state": "released", "cursor": "abc"})
    assert (search.words, search.state, search.cursor) == ("sea song", "released", "abc")
    assert search.address(cursor="next") == "/?q=sea+song&state=released&cursor=next"
    assert read_search({"state": "<script>"}) == Search()
    assert Search().address() == "/"


@pytest.mark.parametrize(
    ("text", "number"), [("3", 3), ("0", None), ("", None), (None, None), ("1" * 10, None), ("²", None)]
)
def test_a_version_is_a_number(text: str | None, number: int | None) -> None:
    assert read_version(text) == number
