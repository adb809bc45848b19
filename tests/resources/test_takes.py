"""Takes: siblings of one version that differ in one draw, told apart, asked for once each."""

from __future__ import annotations

import pytest

from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.request import CompositionRequest
from musicgen_assets.ideation.brief import accept, brief_of
from resources.door import Submission, finish_request, submit
from resources.lifecycle import delete
from resources.previews import preview_place
from resources.registry import Registry, queries
from resources.settings import Settings
from resources.state_machine import transition
from resources.studio import open_studio
from resources.takes import (
    PREVIEW,
    assets_of_take,
    check_takes,
    finishing_request,
    record_take,
    sibling_request,
    takes_of,
)


@pytest.fixture
def first(registry: Registry, settings: Settings) -> str:
    """A version whose context is resolved, one of whose streams was drawn again before."""
    overrides = {"ai_decisions.generation.rerolls": {"bass_line": 2}}
    submission = submit(registry, CompositionRequest(prompt="pop song", seed=3, overrides=overrides), settings)
    resolve(registry, submission)
    return submission.partition


def resolve(registry: Registry, submission: Submission) -> None:
    with registry.session() as session:
        request = queries.get_request(session, submission.request_id)
        context = accept(brief_of(request.payload))
        queries.record_context(session, submission.partition, context.model_dump(mode="json"))
    finish_request(registry, submission.request_id, "done")


def made(registry: Registry, settings: Settings, first: str, stream: str, number: int) -> str:
    """Take ``number`` as the command line asks for it."""
    submission = submit(registry, sibling_request(registry, first, stream, number), settings)
    record_take(registry, submission.partition, first, stream, number)
    return submission.partition


def rerolls_of(registry: Registry, partition: str) -> dict[str, int]:
    with registry.reading() as session:
        payload = queries.request_of(session, queries.get_version(session, partition)).payload
    return dict(accept(brief_of(payload)).ai_decisions.generation.rerolls)


def test_a_take_is_the_written_song_and_what_its_preview_needs() -> None:
    assets = assets_of_take()
    assert assets[-1] == PREVIEW
    assert "production/instrumentation" in assets
    assert {"arrangement/arrangement", "arrangement/vocal_line", "composition/lyrics"} <= set(assets)
    beyond = ("production/take", "production/stems", "mixing/mix", "mastering/master", "finalization/release")
    assert not set(beyond) & set(assets), "nothing is produced before a take is kept"


def test_takes_differ_in_one_stream_and_nothing_else(registry: Registry, settings: Settings, first: str) -> None:
    partitions = [made(registry, settings, first, "melody", number) for number in (2, 3, 4)]
    assert [rerolls_of(registry, partition) for partition in partitions] == [
        {"bass_line": 2, "melody": 1}, {"bass_line": 2, "melody": 2}, {"bass_line": 2, "melody": 3},
    ]  # fmt: skip
    with registry.reading() as session:
        versions = [queries.get_version(session, partition) for partition in partitions]
        assert {version.parent_partition for version in versions} == {first}
        assert {queries.request_of(session, version).payload["until"] for version in versions} == {"arrangement"}
    again = made(registry, settings, first, "bass_line", 2)
    assert rerolls_of(registry, again) == {"bass_line": 3}


def test_asking_again_makes_no_take_twice(registry: Registry, settings: Settings, first: str) -> None:
    once = [made(registry, settings, first, "melody", number) for number in (2, 3)]
    again = [made(registry, settings, first, "melody", number) for number in (2, 3, 4)]
    assert again[:2] == once
    record_take(registry, first, first, "melody", 1)
    found = takes_of(registry, first)
    assert [(take.number, take.partition) for take in found.takes] == [
        (1, first), *((number, partition) for number, partition in enumerate(again, 2)),
    ]  # fmt: skip


def test_a_section_can_be_what_they_differ_in_if_the_song_has_it(
    registry: Registry, settings: Settings, first: str
) -> None:
    stream = check_takes(3, "verse 2")
    assert stream == "arrangement/verse 2"
    partition = made(registry, settings, first, stream, 3)
    assert rerolls_of(registry, partition)["arrangement/verse 2"] == 2


@pytest.mark.parametrize(
    ("count", "vary", "field"),
    [(1, "melody", "--takes"), (13, "melody", "--takes"), (4, "mix", "--vary"), (4, "chorus girl", "--vary")],
)
def test_what_cannot_be_is_refused_with_a_way_out(count: int, vary: str, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        check_takes(count, vary)
    assert refused.value.field == field
    assert refused.value.way_out


def test_what_was_never_resolved_has_nothing_to_vary(registry: Registry, settings: Settings) -> None:
    submission = submit(registry, CompositionRequest(prompt="pop song"), settings)
    with pytest.raises(BadInput, match="never resolved"):
        sibling_request(registry, submission.partition, "melody", 2)
    with pytest.raises(BadInput, match="no takes"):
        takes_of(registry, submission.composition)


def test_the_newest_takes_are_found_and_older_ones_by_version(
    registry: Registry, settings: Settings, first: str
) -> None:
    composition = first.partition("@")[0]
    melody = made(registry, settings, first, "melody", 2)
    bass = made(registry, settings, first, "bass_line", 2)
    assert takes_of(registry, composition).stream == "bass_line"
    found = takes_of(registry, melody)
    assert (found.stream, [take.partition for take in found.takes]) == ("melody", [melody])
    with pytest.raises(BadInput, match="no take of another"):
        takes_of(registry, first)
    assert bass != melody


@pytest.mark.parametrize(
    ("states", "kind"),
    [
        (("waiting_for_approval",), "advance"),
        (("failed",), "retry"),
        (("cancelled",), "retry"),
        (("composition", "arrangement", "production", "mixing", "mastering", "finalization", "released"), None),
    ],
)
def test_keeping_one_goes_on_from_where_it_is(
    registry: Registry, first: str, states: tuple[str, ...], kind: str | None
) -> None:
    with registry.session() as session:
        for state in states:
            transition(session, queries.get_version(session, first), state)
    request = finishing_request(registry, first)
    assert (request and request.kind) == kind
    assert request is None or request.until == "finalization"


def test_what_was_put_away_is_not_finished(registry: Registry, first: str) -> None:
    with registry.session() as session:
        transition(session, queries.get_version(session, first), "cancelled")
        transition(session, queries.get_version(session, first), "archived")
    with pytest.raises(BadInput, match="musicgen revise"):
        finishing_request(registry, first)


def test_previews_go_with_the_version_they_are_of(registry: Registry, settings: Settings, first: str) -> None:
    import dagster as dg

    second = made(registry, settings, first, "melody", 2)
    places = [preview_place(settings, partition, "0" * 64, ".flac") for partition in (first, second)]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"a preview")
    with open_studio(settings) as studio, dg.DagsterInstance.ephemeral() as instance:
        delete(studio, second, instance)
        assert [place.exists() for place in places] == [True, False]
        delete(studio, first.partition("@")[0], instance)
    assert not places[0].parent.exists()
