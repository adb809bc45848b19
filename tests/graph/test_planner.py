"""A plan keeps its word: what it says computes does, what it says is carried is, and nothing else is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from musicgen_assets.context.paths import apply_overrides
from musicgen_assets.context.request import STAGES, Stage
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph import keys
from musicgen_assets.graph.declarations import DECLARATIONS, Declaration, Upstream, until
from musicgen_assets.graph.keys import ASKED_DATA, asset_key, inputs_key
from musicgen_assets.graph.manifest import Manifest, StoredRole
from musicgen_assets.graph.planner import (
    OVERHEAD_S,
    Earlier,
    Held,
    Known,
    Plan,
    PlannedAsset,
    Wanted,
    changed_paths,
    plan_assets,
)
from support.revision_world import ROLES, World

LOUDNESS = "technical.loudness_target_lufs"
REROLLS = "ai_decisions.generation.rerolls"
RELEASE = "finalization/release"
IDEATION = ("ideation/brief", "ideation/enhanced_prompt", "ideation/context")


@pytest.fixture(autouse=True)
def code(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Which edition of the code each entry has; tests upgrade it."""
    editions: dict[str, int] = {}
    monkeypatch.setattr(keys, "_fingerprint", lambda entry: f"{entry} edition {editions.get(entry, 0)}")
    return editions


def planned_and_made(
    world: World,
    context: CompositionContext,
    parent: Earlier,
    stage: Stage = "finalization",
    *,
    request: str = "",
    is_refresh: bool = False,
) -> tuple[dict[str, PlannedAsset], set[str]]:
    """A plan and what its run computed, having checked that the plan keeps its word."""
    asked = request or f"request {len(world.versions)}"
    plan = world.plan(context, asked, parent, stage, is_refresh=is_refresh)
    version, computed = world.run(context, asked, parent, stage, is_refresh=is_refresh)
    assert list(plan) == [declaration.key for declaration in until(stage)]
    assert {name for name, one in plan.items() if one.verdict == "computes"} <= computed
    assert computed <= {name for name, one in plan.items() if one.verdict != "carried"}
    for name, one in plan.items():
        assert one.why
        assert (one.carried_from is not None) == (one.verdict == "carried") == (one.expected_s == 0.0)
        if one.carried_from is not None:
            assert version.assets[name].made_by == one.carried_from
    return plan, computed


def named(plan: Mapping[str, PlannedAsset], verdict: str) -> set[str]:
    return {name for name, one in plan.items() if one.verdict == verdict}


def first_of(world: World, context: CompositionContext | None = None, stage: Stage = "finalization") -> Earlier:
    return world.run(context or CompositionContext(), "first", None, stage, is_refresh=False)[0]


CHOICES: dict[str, tuple[Any, ...]] = {
    "musical.key": ("C", "D"),
    "musical.tempo_bpm": (110.0, 90.0),
    "musical.genres": ([{"name": "pop", "weight": 1.0}], [{"name": "house", "weight": 1.0}]),
    "musical.excluded_roles": ([], ["pad"]),
    "creative.theme": ("", "the sea"),
    "creative.voice": ("middle", "low"),
    "creative.title": ("Untitled", "Named"),
    LOUDNESS: (-14.0, -9.0),
    "technical.duration_s": (120.0, 60.0),
    "ai_decisions.generation.seed": (0, 1),
    "ai_decisions.generation.frozen": ({}, {"bass": -3.0}),
    "ai_decisions.generation.routing": ({"full_song": "builtin"}, {"full_song": "kie"}),
    f"{REROLLS}.melody": (0, 1),
    f"{REROLLS}.lyrics": (0, 1),
}
"""Two values a path, so that edits go back and forth between contexts that were there before."""

EDIT = st.fixed_dictionaries(
    {
        "set": st.dictionaries(st.sampled_from(sorted(CHOICES)), st.integers(0, 1), max_size=3),
        "parent": st.integers(0, 9),
        "is_refresh": st.booleans(),
        "upgrades": st.sets(st.sampled_from([declaration.entry for declaration in DECLARATIONS]), max_size=2),
        "loses": st.sets(st.integers(0, 30), max_size=2),
        "stage": st.sampled_from([*STAGES, "finalization", "finalization"]),
        "is_same_request": st.booleans(),
    }
)
SPREAD = st.dictionaries(st.sampled_from([f"{asset} {role}" for asset, role in ROLES]), st.integers(1, 2), max_size=25)


@given(spread=SPREAD, edits=st.lists(EDIT, min_size=1, max_size=6))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_plan_of_any_sequence_of_edits_keeps_its_word(
    code: dict[str, int], spread: dict[str, int], edits: list[dict[str, Any]]
) -> None:
    """Code upgrades, refreshes, lost objects, versions that stopped half way and equal outcomes included."""
    code.clear()
    world = World(spread)
    first_of(world)
    for number, edit in enumerate(edits):
        for entry in edit["upgrades"]:
            code[entry] = code.get(entry, 0) + 1
        objects = sorted({sha for made, _ in world.results.values() for sha in made.objects()})
        world.lost |= {objects[place % len(objects)] for place in edit["loses"]}
        parent = world.versions[edit["parent"] % len(world.versions)]
        values = {path: CHOICES[path][choice] for path, choice in edit["set"].items()}
        context = apply_overrides(parent.context, values)
        request = "one request" if edit["is_same_request"] else f"request {number}"
        planned_and_made(
            world, context, parent, edit["stage"], request=request, is_refresh=edit["is_refresh"]
        )  # fmt: skip


def test_a_louder_master_computes_mastering_and_the_release_and_nothing_else() -> None:
    world = World()
    parent = first_of(world)
    plan, computed = planned_and_made(world, apply_overrides(parent.context, {LOUDNESS: -9.0}), parent)
    later = {name for name in computed if name not in IDEATION}
    assert later == {"mastering/master", "mastering/analysis", RELEASE}
    assert named(plan, "computes") - set(IDEATION) == later
    assert not named(plan, "may compute")
    assert plan["mastering/master"].why == f"{LOUDNESS} changed"
    assert plan["mixing/mix"].carried_from == "a-song@v1"


def test_nothing_changed_leaves_only_the_release() -> None:
    world = World()
    parent = first_of(world)
    plan, computed = planned_and_made(world, parent.context, parent, request="first")
    assert computed == {RELEASE}
    assert not named(plan, "may compute")


def test_other_words_may_touch_what_hears_their_prosody() -> None:
    """The arrangement never sees words: with the same prosody, nothing of the sound is made again."""
    lyrics = "composition/lyrics"
    for spread, is_prosody_same in (({f"{lyrics} prosody": 1}, True), ({}, False)):
        world = World(spread)
        parent = first_of(world)
        context = apply_overrides(parent.context, {"creative.theme": "the sea"})
        plan, computed = planned_and_made(world, context, parent)
        assert {"composition/chord_progression", "composition/bass_line"} <= named(plan, "carried")
        assert {"composition/melody", "arrangement/arrangement", "production/take"} <= named(plan, "may compute")
        assert plan["composition/melody"].why == f"if {lyrics} comes out different"
        assert ("composition/melody" in computed) is not is_prosody_same
        assert "arrangement/vocal_line" in computed  # it sees the words themselves


def test_what_reads_a_change_itself_computes_although_its_upstreams_are_open() -> None:
    world = World()
    parent = first_of(world)
    plan, _ = planned_and_made(world, apply_overrides(parent.context, {"musical.tempo_bpm": 90.0}), parent)
    assert {"composition/rhythm_pattern", "composition/melody", "arrangement/arrangement"} <= named(plan, "computes")
    assert plan["composition/melody"].why == "musical.tempo_bpm changed"
    assert "production/take" in named(plan, "may compute")
    assert "composition/chord_progression" in named(plan, "carried")


def test_going_back_to_what_an_ancestor_had_is_carried_from_it() -> None:
    world = World()
    parent = first_of(world)
    other = apply_overrides(parent.context, {"musical.key": "D"})
    planned_and_made(world, other, parent)
    plan, _ = planned_and_made(world, parent.context, world.versions[1])
    assert {one.carried_from for name, one in plan.items() if name not in (*IDEATION, RELEASE)} == {"a-song@v1"}
    assert plan["composition/melody"].why == "already made for a-song@v1"


def test_an_upgrade_moves_nothing_until_a_refresh(code: dict[str, int]) -> None:
    world = World()
    parent = first_of(world)
    melody = next(declaration for declaration in DECLARATIONS if declaration.name == "melody")
    code[melody.entry] = 1
    plain, computed = planned_and_made(world, parent.context, parent, request="first")
    assert computed == {RELEASE}
    assert named(plain, "computes") == {RELEASE}
    fresh, _ = planned_and_made(world, parent.context, parent, request="first", is_refresh=True)
    assert named(fresh, "computes") == {"composition/melody", RELEASE}
    assert fresh["composition/melody"].why == "today's code or data make it anew"
    assert "arrangement/arrangement" in named(fresh, "may compute")
    assert "composition/bass_line" in named(fresh, "carried")


def test_a_refresh_is_sure_of_what_was_upgraded_itself(code: dict[str, int]) -> None:
    world = World()
    parent = first_of(world)
    for declaration in DECLARATIONS:
        if declaration.name in ("melody", "arrangement"):
            code[declaration.entry] = 1
    plan, _ = planned_and_made(world, parent.context, parent, request="first", is_refresh=True)
    assert named(plan, "computes") == {"composition/melody", "arrangement/arrangement", RELEASE}
    assert plan["arrangement/arrangement"].why == "today's code or data make it anew"
    assert "arrangement/vocal_line" in named(plan, "may compute")


def test_a_refresh_of_what_is_of_today_carries_all_but_the_release() -> None:
    world = World()
    parent = first_of(world)
    plan, computed = planned_and_made(world, parent.context, parent, request="first", is_refresh=True)
    assert computed == named(plan, "computes") == {RELEASE}


def test_lost_objects_are_made_again_and_named_as_the_reason() -> None:
    world = World()
    parent = first_of(world)
    world.lost = set(parent.assets["production/take"].manifest.objects())
    plan, computed = planned_and_made(world, parent.context, parent, request="first")
    assert plan["production/take"].verdict == "computes"
    assert plan["production/take"].why == "its files are lost"
    assert plan["production/stems"].verdict == "may compute"
    assert computed == {"production/take", RELEASE}  # the same bytes again, and nobody downstream notices


def test_lost_objects_behind_an_open_upstream_are_made_again_for_certain() -> None:
    world = World()
    parent = first_of(world)
    for asset in ("production/take", "production/stems"):
        world.lost |= set(parent.assets[asset].manifest.objects())
    plan, _ = planned_and_made(world, parent.context, parent, request="first")
    assert {"production/take", "production/stems"} <= named(plan, "computes")
    assert plan["production/stems"].why == "its files are lost"


def test_what_older_code_made_of_a_request_is_not_foreseen_by_todays(code: dict[str, int]) -> None:
    """The parent's brief is of older code and is carried: what was made of it comes out as it did then."""
    world = World()
    parent = first_of(world)
    code[next(declaration.entry for declaration in DECLARATIONS if declaration.name == "brief")] = 1
    world.lost = set(parent.assets["ideation/enhanced_prompt"].manifest.objects())
    plan, computed = planned_and_made(world, parent.context, parent, request="first")
    assert computed == {"ideation/enhanced_prompt", RELEASE}
    assert plan["ideation/context"].verdict == "may compute"


def test_what_the_parent_never_reached_computes() -> None:
    world = World()
    parent = first_of(world, stage="composition")
    plan, _ = planned_and_made(world, parent.context, parent)
    assert plan["arrangement/arrangement"].why == "a-song@v1 never had it"
    assert named(plan, "carried") >= {"composition/melody", "composition/bass_line"}


def test_a_plan_ends_where_the_revision_ends() -> None:
    world = World()
    parent = first_of(world)
    plan, _ = planned_and_made(world, parent.context, parent, "arrangement")
    assert {one.stage for one in plan.values()} == {"ideation", "composition", "arrangement"}


def test_what_was_made_before_inputs_were_recorded_is_known_by_its_full_key_only(code: dict[str, int]) -> None:
    world = World()
    made = first_of(world)
    old = {name: Held(one.manifest, one.key, one.made_by) for name, one in made.assets.items()}
    parent = world.versions[0] = Earlier(made.partition, made.context, old, made.data)
    plan, _ = planned_and_made(world, parent.context, parent, request="first")
    assert named(plan, "computes") == {RELEASE}
    code[next(declaration.entry for declaration in DECLARATIONS if declaration.name == "mix")] = 1
    plan, _ = planned_and_made(world, parent.context, parent, request="first")
    assert {"mixing/mix", RELEASE} <= named(plan, "computes")


def remade(version: Earlier, asset: str) -> Earlier:
    """``version`` with other content under ``asset``, and what was made from the old one still standing."""
    held = version.assets[asset]
    content = tuple(role.model_copy(update={"sha256": "f" * 64}) for role in held.manifest.content)
    newer = Held(held.manifest.model_copy(update={"content": content}), held.key, held.made_by, held.inputs_key)
    return Earlier(version.partition, version.context, {**version.assets, asset: newer}, version.data)


def test_an_asset_whose_upstream_was_made_again_beneath_it_is_not_taken_for_current() -> None:
    """The parent's harmony was re-made; its melody still stands on the old one, and says so by its inputs key."""
    world = World()
    parent = world.versions[0] = remade(first_of(world), "composition/chord_progression")
    plan, computed = planned_and_made(world, parent.context, parent, request="first")
    assert plan["composition/chord_progression"].verdict == "carried"
    assert "composition/melody" in computed


def test_an_upstream_that_comes_out_as_it_was_before_it_was_made_again_may_carry() -> None:
    world = World({"composition/lyrics prosody": 1})
    parent = world.versions[0] = remade(first_of(world), "composition/lyrics")
    plan, computed = planned_and_made(world, apply_overrides(parent.context, {"creative.theme": "the sea"}), parent)
    assert plan["composition/melody"].verdict == "may compute"
    assert "composition/melody" not in computed


def test_only_the_roles_that_are_declared_count(code: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    source = Declaration("composition", "source", "", "x:source", reads=("musical.key",))
    hears = Declaration("composition", "hears", "", "x:hears", upstreams=(Upstream("composition/source", ("main",)),))
    sees = Declaration("composition", "sees", "", "x:sees", upstreams=(Upstream("composition/source", ("twin",)),))
    monkeypatch.setattr("musicgen_assets.graph.planner.until", lambda _: (source, hears, sees))

    def made(main: str, twin: str) -> Manifest:
        roles = [StoredRole(role=role, sha256=digit * 64, media_type="t/x", size_bytes=1)
                 for role, digit in (("main", main), ("twin", twin))]  # fmt: skip
        return Manifest(asset="composition/source", content=tuple(roles))

    context = CompositionContext()
    upstreams = {"composition/source": made("1", "1")}
    assets = {
        one.key: Held(
            upstreams["composition/source"], f"key of {one.name}", "p@v1", inputs_key(one, context, upstreams, {})
        )
        for one in (source, hears, sees)
    }
    edited = apply_overrides(context, {"musical.key": "D"})
    results = {asset_key(source, edited, {}, {}): (made("1", "2"), "q@v1")}
    plan = plan_assets(
        Earlier("p@v1", context, assets), Wanted(edited, str), Known(results.get), lambda _: 1.0, "composition"
    )
    assert [one.verdict for one in plan] == ["carried", "carried", "computes"]
    assert plan[2].why == "composition/source changed"


def test_times_add_up_and_every_step_costs_its_overhead() -> None:
    plan = Plan(
        "p@v1",
        (
            PlannedAsset("mixing/mix", "mixing", "carried", "as in p@v1", 0.0, "p@v1"),
            PlannedAsset("mastering/master", "mastering", "computes", "x changed", 3.0),
            PlannedAsset("mastering/analysis", "mastering", "may compute", "if", 2.0),
        ),
        {},
    )
    assert plan.least_s == pytest.approx(3.0 + 3 * OVERHEAD_S)
    assert plan.most_s == pytest.approx(5.0 + 3 * OVERHEAD_S)
    assert [one.asset for one in plan.of("may compute")] == ["mastering/analysis"]


def test_changes_name_paths_with_both_values() -> None:
    old = CompositionContext()
    new = apply_overrides(old, {"musical.key": "D", REROLLS: {"melody": 1}})
    assert changed_paths(old, new) == {"musical.key": ("C", "D"), f"{REROLLS}.melody": (None, 1)}
    assert changed_paths(old, old) == {}


def test_the_data_that_a_plan_leaves_to_people_is_what_inputs_keys_hold() -> None:
    assert {"request", "version", "waivers", "reroutes"} == ASKED_DATA
