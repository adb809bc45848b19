"""The plan of a real revision: kept by the run that follows, refused where the door refuses, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from musicgen_assets.cli.plan_view import plan_lines
from musicgen_assets.context.edits import Edits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest, RevisionRequest, Stage
from musicgen_assets.graph.declarations import DECLARATIONS, declaration_of, until
from musicgen_assets.graph.estimates import expected_s
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.graph.planner import OVERHEAD_S, Plan
from resources.door import submit
from resources.planning import plan_object, plan_revision, usual_s
from resources.registry import Registry, Version, queries
from resources.revisions import child_of
from resources.runner import CONTEXT_ASSET
from resources.settings import Settings, get_settings
from resources.studio import Studio, open_studio
from resources.summary import history_s
from support.cli import musicgen
from support.teams import Team

WORDS = "walk with me tonight\nunder silver light\nwalk with me tonight\nwe will be alright"
SAME_PROSODY = WORDS.replace("walk", "talk")
OTHER_PROSODY = WORDS.replace("walk with me", "remember how we were together")
LOUDNESS = "technical.loudness_target_lufs"
IDEATION = {"ideation/brief", "ideation/context"}
RELEASE = "finalization/release"


@dataclass
class Workshop:
    """A home in which versions are made up to the arrangement: no sound, no Dagster, the real runner."""

    studio: Studio
    first: str

    def revise(self, version: str, **asked: Any) -> RevisionRequest:
        return RevisionRequest(version=version, **{"until": "arrangement", **asked})

    def make(self, partition: str, stage: Stage = "arrangement") -> dict[str, str | None]:
        """Every asset of ``partition`` up to ``stage``, to where it was carried from: as a run does it."""
        manifests: dict[str, Manifest] = {}
        carried: dict[str, str | None] = {}
        for declaration in until(stage):
            made = self.studio.runner.make(declaration, partition, manifests)
            manifests[declaration.key], carried[declaration.key] = made.manifest, made.carried_from
            with self.studio.registry.session() as session:
                queries.record_materialization(
                    session, partition, declaration.key, key=made.key, content_hash=made.manifest.content_hash,
                    carried_from=made.carried_from, seconds=made.seconds, inputs_key=made.inputs_key,
                    kept=made.manifest if made.is_kept else None,
                )  # fmt: skip
            if declaration.key == CONTEXT_ASSET:
                self.studio.conclude(declaration, partition, made)
        return carried

    def plan_and_make(self, version: str, **asked: Any) -> tuple[Plan, str, set[str]]:
        """A plan, the version then made, and what it computed; that the plan kept its word was checked."""
        request = self.revise(version, **asked)
        plan = plan_revision(self.studio, request)
        partition = submit(self.studio.registry, request, self.studio.settings).partition
        carried = self.make(partition)
        computed = {asset for asset, origin in carried.items() if origin is None}
        assert verdicts(plan, "computes") <= computed <= verdicts(plan, "computes") | verdicts(plan, "may compute")
        for planned in plan.of("carried"):
            assert carried[planned.asset] == planned.carried_from
        return plan, partition, computed


def verdicts(plan: Plan, *wanted: str) -> set[str]:
    return {planned.asset for planned in plan.assets if planned.verdict in wanted}


@pytest.fixture(scope="module", params=["disk", pytest.param("team", marks=pytest.mark.xdist_group("team"))])
def workshop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """One on a person's home, one on a team's: once a module each, as making its songs takes a while."""
    with ExitStack() as held:
        patch = held.enter_context(pytest.MonkeyPatch.context())
        if request.param == "team":
            team: Team = request.getfixturevalue("team")
            for name, value in held.enter_context(team.place()).items():
                patch.setenv(name, value)
        settings = get_settings(tmp_path_factory.mktemp("planning") / "home")
        studio = held.enter_context(open_studio(settings))
        patch.setattr(studio.pool, "start", lambda: None)  # there will be no sound to make
        request = CompositionRequest(
            prompt="upbeat pop song with piano", seed=5, until="arrangement",
            overrides={"technical.duration_s": 30.0, "creative.lyrics": WORDS, "creative.has_vocals": True},
        )  # fmt: skip
        first = submit(studio.registry, request, settings).partition
        made = Workshop(studio, first)
        made.make(first)
        yield made


def counts(home: Path, registry: Registry) -> tuple[dict[str, int], int]:
    """Rows by table, and files under the home besides the database's own."""
    with registry.reading() as session:
        tables = inspect(session.connection()).get_table_names()
        rows = {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables}
    return rows, sum(path.is_file() and "registry" not in path.name for path in home.rglob("*"))


EDITS: dict[str, dict[str, Any]] = {
    "tempo": {"overrides": {"musical.tempo_bpm": 90}},
    "key": {"overrides": {"musical.key": "A minor"}},
    "style weights": {"overrides": {"musical.genres": ["pop=0.6", "house=0.4"]}},
    "an instrument": {"overrides": {"musical.instruments.bass": "upright bass"}},
    "no bass": {"overrides": {"musical.excluded_roles": ["bass"]}},
    "duration": {"overrides": {"technical.duration_s": 45}},
    "seed": {"seed": 6},
    "title": {"title": "Silver Light"},
    "rolled again": {"rerolls": ("melody", "composition/bass_line")},
    "refresh": {"is_refresh": True},
    "another prompt": {"prompt": "slow jazz waltz with upright bass"},
    "several at once": {"overrides": {"musical.tempo_bpm": 100, "creative.voice": "low"}, "rerolls": ("lyrics",)},
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_run_keeps_the_plans_word(workshop: Workshop, edit: dict[str, Any]) -> None:
    workshop.plan_and_make(workshop.first, **edit)


def test_the_same_revision_again_is_carried_from_the_first_of_the_two(workshop: Workshop) -> None:
    edit = {"overrides": {"musical.tempo_bpm": 77}}
    _, partition, _ = workshop.plan_and_make(workshop.first, **edit)
    again, _, computed = workshop.plan_and_make(workshop.first, **edit)
    assert computed == verdicts(again, "computes") == set()
    brief = again.assets[0]
    assert (brief.asset, brief.carried_from) == ("ideation/brief", partition)
    back, _, _ = workshop.plan_and_make(
        partition, overrides={"musical.tempo_bpm": again.changes["musical.tempo_bpm"][0]}
    )
    assert verdicts(back, "computes", "may compute") == IDEATION


def test_words_of_the_same_prosody_leave_the_tune_alone(workshop: Workshop) -> None:
    plan, _, computed = workshop.plan_and_make(workshop.first, overrides={"creative.lyrics": SAME_PROSODY})
    assert computed == {*IDEATION, "composition/lyrics", "arrangement/vocal_line"}
    assert verdicts(plan, "may compute") == {
        "composition/melody", "arrangement/arrangement", "arrangement/vocal_line",
    }  # fmt: skip
    _, _, computed = workshop.plan_and_make(workshop.first, overrides={"creative.lyrics": OTHER_PROSODY})
    assert {"composition/melody", "arrangement/arrangement"} <= computed


def test_nothing_changed_computes_nothing_after_ideation(workshop: Workshop) -> None:
    _, partition, _ = workshop.plan_and_make(workshop.first, title="A Title Of Its Own")
    plan, _, computed = workshop.plan_and_make(partition)
    assert computed == verdicts(plan, "computes") == IDEATION
    assert not plan.of("may compute")
    assert plan.changes == {}
    assert "  changes  nothing" in plan_lines(plan)


def test_a_louder_target_is_planned_to_compute_mastering_and_the_release_only(workshop: Workshop) -> None:
    """The parent stopped before sound: what it never had computes, and the target is the only reason given."""
    plan = plan_revision(
        workshop.studio, workshop.revise(workshop.first, overrides={LOUDNESS: -9}, until="arrangement")
    )
    assert verdicts(plan, "computes") == IDEATION
    assert plan.changes == {LOUDNESS: (-14.0, -9.0)}
    whole = plan_revision(
        workshop.studio, workshop.revise(workshop.first, overrides={LOUDNESS: -9}, until="finalization")
    )
    never = {planned.asset for planned in whole.assets if planned.why == f"{workshop.first} never had it"}
    assert never == {one.key for one in DECLARATIONS if one.stage not in ("ideation", "composition", "arrangement")} - {
        RELEASE
    }


def test_lost_objects_are_planned_to_be_made_again(workshop: Workshop) -> None:
    _, partition, _ = workshop.plan_and_make(workshop.first, rerolls=("bass_line",))
    studio = workshop.studio
    lost = studio.manifest(partition, "composition/bass_line").content[0].sha256
    kept = studio.store.get(lost)
    studio.store.remove([lost])
    try:
        plan, _, computed = workshop.plan_and_make(partition)
    finally:
        studio.store.put(kept)
    assert "composition/bass_line" in computed
    assert next(one.why for one in plan.assets if one.asset == "composition/bass_line") == "its files are lost"


def test_a_plan_writes_nothing(workshop: Workshop) -> None:
    studio = workshop.studio
    before = counts(studio.settings.home, studio.registry)
    for edit in EDITS.values():
        plan_revision(studio, workshop.revise(workshop.first, **edit))
    assert counts(studio.settings.home, studio.registry) == before


REFUSED: dict[str, dict[str, Any]] = {
    "an unknown path": {"overrides": {"musical.tempo": 90}},
    "a value out of range": {"overrides": {"musical.tempo_bpm": 9000}},
    "a song longer than allowed here": {"overrides": {"technical.duration_s": 599.0}},
    "dice where there are none": {"rerolls": ("mix",)},
    "a section that the song does not have": {"rerolls": ("verse 9",)},
    "an empty prompt": {"prompt": "  "},
    "a prompt longer than allowed here": {"prompt": "summer " * 200},
    "a role that nobody plays": {"overrides": {"musical.instruments.percussion": "shaker"}},
    "nobody left to play": {
        "overrides": {"musical.instruments": [{"role": "drums", "name": "drum kit", "program": 0}]}
    },
}


@pytest.mark.parametrize("edit", REFUSED.values(), ids=REFUSED)
def test_what_the_door_refuses_the_plan_refuses_in_the_same_words(
    workshop: Workshop, edit: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = workshop.studio.settings
    limits = settings.limits.model_copy(update={"max_duration_s": 300.0, "max_prompt_characters": 1000})
    monkeypatch.setattr(workshop.studio, "settings", settings.model_copy(update={"limits": limits}))
    request = workshop.revise(workshop.first, **edit)
    with pytest.raises(BadInput) as planned:
        plan_revision(workshop.studio, request)
    with pytest.raises(BadInput) as submitted:
        submit(workshop.studio.registry, request, workshop.studio.settings)
    assert str(planned.value) == str(submitted.value)


def test_a_section_that_is_not_there_is_refused_before_work_with_those_that_are(workshop: Workshop) -> None:
    """Unless something else is changed from which another form may come."""
    for harmless in ({}, {"overrides": {"creative.title": "Another"}}):
        with pytest.raises(BadInput, match="no such section") as refused:
            plan_revision(workshop.studio, workshop.revise(workshop.first, rerolls=("verse 9",), **harmless))
        assert "verse 1" in str(refused.value)
    longer = workshop.revise(workshop.first, rerolls=("verse 9",), overrides={"technical.duration_s": 200.0})
    assert plan_revision(workshop.studio, longer)
    assert plan_revision(workshop.studio, workshop.revise(workshop.first, rerolls=("verse 1",)))


def test_there_is_no_plan_for_an_unknown_version_or_one_without_a_context(workshop: Workshop) -> None:
    with pytest.raises(BadInput):
        plan_revision(workshop.studio, workshop.revise("nobody-knows-this@v1"))
    request = CompositionRequest(prompt="a song that was asked for and not begun")
    waiting = submit(workshop.studio.registry, request, workshop.studio.settings)
    with pytest.raises(BadInput, match="context was never resolved"):
        plan_revision(workshop.studio, workshop.revise(waiting.partition))


def test_usual_times_are_scaled_to_the_length_of_the_song(
    registry: Registry, version: Version, materialize: Any
) -> None:
    mix, brief = declaration_of("mixing/mix"), declaration_of("ideation/brief")
    with registry.session() as session:
        queries.record_context(session, version.partition, {"technical": {"duration_s": 60.0}})
    for seconds in (2.0, 4.0, 40.0):
        materialize(version.partition, mix.key, f"{seconds}", seconds=seconds)
    materialize(version.partition, mix.key, "not counted", seconds=0.0, carried_from=version.partition)
    materialize(version.partition, brief.key, seconds=0.3)
    with registry.reading() as session:
        same, longer = usual_s(session, 60.0), usual_s(session, 180.0)
    assert same == {mix.key: pytest.approx(4.0), brief.key: pytest.approx(0.3)}
    assert longer[mix.key] == pytest.approx(4.0 * expected_s(mix, {}, 180.0) / expected_s(mix, {}, 60.0))
    assert longer[brief.key] == pytest.approx(0.3)


def test_times_of_versions_without_a_context_count_as_they_are(
    registry: Registry, version: Version, materialize: Any
) -> None:
    materialize(version.partition, "mixing/mix", seconds=5.0)
    with registry.reading() as session:
        assert usual_s(session, 600.0) == {"mixing/mix": pytest.approx(5.0)}


def test_people_see_what_computes_why_and_how_long(workshop: Workshop) -> None:
    request = workshop.revise(workshop.first, overrides={"creative.lyrics": "sing of rain\nsing of rain"})
    plan = plan_revision(workshop.studio, request)
    told = "\n".join(plan_lines(plan))
    assert told.startswith(f"{workshop.first}, revised: a plan, nothing was made")
    assert "creative.lyrics changed" in told
    assert "if composition/lyrics comes out different" in told
    assert "if composition/lyrics or composition/melody comes out different" in told
    assert "if arrangement/arrangement or 2 others come out different" in told
    assert f"as in {workshop.first}: ideation/enhanced_prompt, composition/chord_progression" in told
    assert told.splitlines()[-1] == f"  takes {plan.least_s:.1f} to {plan.most_s:.1f} s"


def test_the_json_object_holds_every_asset_once(workshop: Workshop) -> None:
    plan = plan_revision(workshop.studio, workshop.revise(workshop.first, overrides={"musical.tempo_bpm": 90}))
    found = json.loads(json.dumps(plan_object(plan)))
    assert found["parent"] == workshop.first
    assert found["changes"][0] == {"path": "musical.tempo_bpm", "old": plan.changes["musical.tempo_bpm"][0],
                                   "new": 90.0, "words": found["changes"][0]["words"]}  # fmt: skip
    names = [*found["computes"], *found["may_compute"], *found["carried"]]
    assert (
        sorted(names)
        == sorted(row["asset"] for row in found["assets"])
        == sorted(one.key for one in until("arrangement"))
    )
    assert 0 < found["least_s"] <= found["most_s"]


@pytest.mark.song
@pytest.mark.xdist_group("song")
def test_a_louder_song_is_planned_to_be_mastered_and_released_again(home: Path, song: dict[str, Any]) -> None:
    with open_studio(get_settings(home)) as studio:
        before = counts(home, studio.registry)
        usual_s = history_s(studio)
    said = musicgen(home, "revise", song["partition"], "--set", f"{LOUDNESS}=-7.3", "--plan", "--json")
    assert said.code == 0, said.err
    assert said.out.count("\n") == 1
    plan = said.json
    with open_studio(get_settings(home)) as studio:
        assert counts(home, studio.registry) == before
    assert set(plan["computes"]) - IDEATION == {"mastering/master", "mastering/analysis", RELEASE}
    assert plan["may_compute"] == []
    assert {row["carried_from"] for row in plan["assets"] if row["verdict"] == "carried"} == {song["partition"]}
    expected = sum(max(0.02, usual_s[asset]) for asset in plan["computes"]) + OVERHEAD_S * len(DECLARATIONS)
    assert plan["least_s"] == plan["most_s"] == pytest.approx(expected, abs=0.1)


@pytest.mark.song
@pytest.mark.xdist_group("song")
def test_a_plan_that_is_refused_says_so_like_every_command(home: Path, song: dict[str, Any]) -> None:
    said = musicgen(home, "revise", song["partition"], "--set", "musical.tempo=90", "--plan", "--json")
    assert said.code == 2
    assert said.json["status"] == "rejected"
    assert said.json["error"]["way_out"] == "Did you mean musical.tempo_bpm?"


def test_an_empty_home_has_nothing_to_plan_for(settings: Settings) -> None:
    with open_studio(settings) as studio, pytest.raises(BadInput):
        plan_revision(studio, RevisionRequest(version="sunny-river-k3f9a"))


def score_of(workshop: Workshop, partition: str, asset: str) -> Any:
    with workshop.studio.registry.reading() as session:
        made = queries.latest_materialization(session, partition, asset)
    assert made is not None
    role = made.manifest.role("main")
    assert role is not None
    return json.loads(workshop.studio.store.get(role.sha256))


@pytest.mark.parametrize("asset", ["melody", "chord_progression"])
def test_another_melody_or_other_chords_in_one_section_leave_every_note_outside_it_sung_ones_too(
    workshop: Workshop, asset: str
) -> None:
    score = score_of(workshop, workshop.first, "arrangement/arrangement")
    section = next(part for part in score["sections"] if part["kind"] == "chorus")
    stream = f"{asset}/chorus {section['index'] + 1}"
    plan, partition, computed = workshop.plan_and_make(workshop.first, rerolls=(stream,))
    assert {f"composition/{asset}", "composition/melody", "arrangement/arrangement"} <= computed
    assert {"composition/rhythm_pattern", "composition/lyrics"} <= verdicts(plan, "carried")

    def rows(one: str) -> tuple[list[Any], list[Any]]:
        made, vocal = (score_of(workshop, one, f"arrangement/{name}") for name in ("arrangement", "vocal_line"))
        found = [(track["name"], row) for track in (*made["tracks"], vocal["track"]) for row in track["notes"]]
        is_inside = [section["start_ticks"] <= row[0] < section["end_ticks"] for _, row in found]
        inside = [row for row, is_in in zip(found, is_inside, strict=True) if is_in]
        return inside, [row for row, is_in in zip(found, is_inside, strict=True) if not is_in]

    (old_inside, old), (new_inside, new) = rows(workshop.first), rows(partition)
    assert new == old
    assert new_inside != old_inside


def test_other_words_in_one_section_are_sung_there_and_all_that_is_played_is_carried(workshop: Workshop) -> None:
    _, ours, _ = workshop.plan_and_make(workshop.first, overrides={"creative.lyrics": None})
    plan, partition, computed = workshop.plan_and_make(ours, rerolls=("lyrics/verse 1",))
    assert computed == IDEATION | {"composition/lyrics", "arrangement/vocal_line"}
    assert {"composition/melody", "arrangement/arrangement"} <= verdicts(plan, "carried", "may compute")
    score = score_of(workshop, ours, "arrangement/arrangement")
    section = next(part for part in score["sections"] if part["kind"] == "verse")

    def sung(one: str, *, is_inside: bool) -> list[Any]:
        words = score_of(workshop, one, "arrangement/vocal_line")["syllables"]
        inside = range(section["start_ticks"], section["end_ticks"])
        return [word for word in words if (word["start_ticks"] in inside) == is_inside]

    assert sung(partition, is_inside=False) == sung(ours, is_inside=False)
    assert sung(partition, is_inside=True) != sung(ours, is_inside=True)


def test_an_edit_of_a_section_holds_the_parents_mix_and_master_and_an_unknown_one_is_refused(
    workshop: Workshop,
) -> None:
    parent = submit(workshop.studio.registry, workshop.revise(workshop.first, title="Held"), workshop.studio.settings)
    workshop.make(parent.partition)
    drums = "edits.tracks.drums.sections"
    with workshop.studio.registry.session() as session:
        for asset, roles in (
            ("mixing/mix", ("main", "plan", "stem/bass")),
            ("mastering/master", ("streaming", "plan")),
        ):
            content = tuple(
                StoredRole(role=role, sha256=f"{number:064x}", media_type="audio/flac", size_bytes=1)
                for number, role in enumerate(roles, start=len(asset))
            )
            manifest = Manifest(asset=asset, content=content)
            queries.record_result(session, f"fake {asset}", asset, manifest, made_by=parent.partition, seconds=1.0)
            queries.record_materialization(
                session, parent.partition, asset, key=f"fake {asset}", content_hash=manifest.content_hash,
                carried_from=None, seconds=1.0,
            )  # fmt: skip
    with workshop.studio.registry.reading() as session:
        version = queries.resolve_version(session, parent.partition)

        def edits(**asked: Any) -> Edits:
            return child_of(session, version, workshop.revise(parent.partition, **asked)).context.edits

        held = edits(overrides={f"{drums}.verse.is_muted": True})
        assert held.held_mix is not None
        assert held.held_master is not None
        assert held.held_mix.sections == ("verse",)
        assert set(held.held_mix.stems) == {"bass"}
        assert set(held.held_master.targets) == {"streaming"}
        louder = edits(overrides={f"{drums}.verse.is_muted": True, LOUDNESS: -10.0})
        assert louder.held_mix is not None
        assert louder.held_master is None
        assert edits(overrides={"edits.tracks.drums.gain_db": 2.0}).held_mix is None
        for wrong in ({f"{drums}.verse 9.is_muted": True}, {f"{drums}.solo.gain_db": 1.0}):
            with pytest.raises(BadInput, match="no such section"):
                edits(overrides=wrong)
        with pytest.raises(BadInput, match="no such section"):
            edits(rerolls=("melody/verse 9",))
