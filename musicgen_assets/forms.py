"""Forms: what a person fills in on a launchpad, as jobs whose typed config is a request to the one door.

Belongs here: the fields of the forms, and what a form's run tells. Does not belong here: the rules of a request
(context.request and the door), making the version (its own run, in job "compose").
"""

# No postponed annotations here: Dagster inspects the annotations of an op itself.

import time
from typing import Any

import dagster as dg
from pydantic import Field

from musicgen_assets.context.failures import BadInput, Failure
from musicgen_assets.context.request import CompositionRequest, RevisionRequest, Stage, filled_in, shortcut_overrides
from resources.door import Submission, submit
from resources.executing import REQUEST_TAG
from resources.launch import launch
from resources.page_address import song_page
from resources.registry import open_registry
from resources.settings import get_settings

PATIENCE_S = 12.0
"""How long a form waits for a run that only the sensor can start: two of its ticks."""

_LOOK_EVERY_S = 0.25

_FIELDS = {"--style": "styles", "--set": "overrides", "--takes": "takes", "--vary": "vary"}
"""What the command line calls a field, to what a form calls it."""


class NewSong(dg.Config):
    """One request for a new composition: the fields of `musicgen compose`."""

    prompt: str = Field(description="The song in words: 'melancholic jazz waltz with piano'.")
    duration_s: float | None = Field(None, description="Length in seconds, 30 to 600. Default: as the prompt says.")
    seed: int | None = Field(None, description="Same prompt and seed, same song. Drawn and shown when not given.")
    styles: list[str] = Field([], description="Styles, each NAME or NAME=WEIGHT: [house=0.7, jazz_swing=0.3].")
    lyrics: str | None = Field(None, description="Words to sing.")
    title: str | None = Field(None, description="Title; else taken from the prompt.")
    until: Stage = Field("finalization", description="Stop after this stage.")
    overrides: dict[str, Any] = Field({}, description="Any path of the context: {musical.tempo_bpm: 90}.")
    user: str = Field("local", description="Who asks.")
    priority: int = Field(0, description="Who goes first where songs wait in line: -100 to 100, higher first.")
    idempotency_key: str | None = Field(None, description="The same key with the same request is the same song.")

    def request(self) -> CompositionRequest:
        """The request. Raises BadInput for a value that breaks a rule."""
        overrides = shortcut_overrides(duration_s=self.duration_s, styles=self.styles, lyrics=self.lyrics)
        fields = self.model_dump(exclude={"duration_s", "styles", "lyrics", "overrides"})
        return filled_in(CompositionRequest, **{**fields, "overrides": overrides | self.overrides})


class ReviseSong(dg.Config):
    """One request for a new version of a composition: the fields of `musicgen revise`."""

    version: str = Field(description="COMPOSITION@vN, or COMPOSITION for its newest version.")
    overrides: dict[str, Any] = Field({}, description="What is to change: {technical.loudness_target_lufs: -9}.")
    rerolls: list[str] = Field([], description="Assets whose dice are thrown again: [melody].")
    words: str | None = Field(None, description="The change in words: slower, no drums, -9 LUFS.")
    prompt: str | None = Field(None, description="A new description; what was set by hand stays.")
    seed: int | None = Field(None, description="Another seed for everything.")
    title: str | None = Field(None, description="Another title.")
    is_refresh: bool = Field(False, description="Make everything with today's code; else only what the change touches.")
    until: Stage = Field("finalization", description="Stop after this stage.")
    user: str = Field("local", description="Who asks.")
    priority: int = Field(0, description="Who goes first where songs wait in line: -100 to 100, higher first.")
    idempotency_key: str | None = Field(None, description="The same key with the same request is the same version.")

    def request(self) -> RevisionRequest:
        """The request. Raises BadInput for a value that breaks a rule."""
        fields = self.model_dump()
        return filled_in(RevisionRequest, **{**fields, "rerolls": tuple(self.rerolls)})


@dg.op(out={"song": dg.Out(dg.Nothing)}, description="Submits the request and puts it to this deployment.")
def submit_song(context: dg.OpExecutionContext, config: NewSong) -> None:
    """A new composition, on its way."""
    _submit(context, config)


@dg.op(out={"song": dg.Out(dg.Nothing)}, description="Submits the change and puts the new version to this deployment.")
def submit_revision(context: dg.OpExecutionContext, config: ReviseSong) -> None:
    """A new version, on its way."""
    _submit(context, config)


@dg.job(
    description="Make a song: fill in the form under Launchpad. The run ends at once, with a link to the song's own.",
    executor_def=dg.in_process_executor,
)
def new_song() -> None:
    """The form of `musicgen compose`."""
    submit_song()


@dg.job(
    description="Change a song: fill in the form under Launchpad. What the change cannot touch is carried.",
    executor_def=dg.in_process_executor,
)
def revise_song() -> None:
    """The form of `musicgen revise`."""
    submit_revision()


FORMS = [new_song, revise_song]


def _submit(context: dg.OpExecutionContext, config: NewSong | ReviseSong) -> None:
    settings = get_settings()
    try:
        submission = submit(open_registry(settings), config.request(), settings)
        run_id = launch(settings, submission.request_id, submission.partition)
    except Failure as failure:
        raise told_failure(failure) from failure
    run_id = run_id or wait_for_run(context.instance, submission.request_id)
    context.log.info(f"{submission.partition}, seed {submission.seed}: {_where(run_id)}")
    told = metadata_of(submission, run_id)
    if (page := song_page(settings, submission.partition)) is not None:
        told["page"] = dg.MetadataValue.url(page)
    context.add_output_metadata(told, output_name="song")


def metadata_of(submission: Submission, run_id: str | None) -> dict[str, Any]:
    """What a form's run ends with: the version, and links to the run that makes it and to its release."""
    partition = submission.partition
    told: dict[str, Any] = {
        "partition": partition,
        "seed": submission.seed,
        "request": submission.request_id,
        "release": dg.MetadataValue.url(f"/assets/finalization/release?view=partitions&partition={partition}"),
    }
    if run_id is None:
        return {**told, "run": "Not launched yet: the sensor requests does it within seconds. See the release's link."}
    link = dg.MetadataValue.url(f"/runs/{run_id}")
    return {**told, "run": link, "run that makes it": dg.MetadataValue.dagster_run(run_id)}


def wait_for_run(instance: dg.DagsterInstance, request_id: str) -> str | None:
    """The run of ``request_id`` that somebody else launched: the sensor, or whoever repeated the request."""
    wanted = dg.RunsFilter(tags={REQUEST_TAG: request_id})
    deadline = time.monotonic() + PATIENCE_S
    while True:
        for record in instance.get_run_records(wanted, limit=1):
            return str(record.dagster_run.run_id)
        if time.monotonic() > deadline:
            return None
        time.sleep(_LOOK_EVERY_S)


def _where(run_id: str | None) -> str:
    return f"made by run {run_id}" if run_id else "left to the sensor requests"


def told_failure(failure: Failure) -> dg.Failure:
    """A failure in Dagster's words; what a person asked for wrongly will not come right by asking again."""
    metadata: dict[str, Any] = {"way_out": failure.way_out or "none known"}
    if isinstance(failure, BadInput):
        metadata |= {"field": _FIELDS.get(failure.field, failure.field), "value": repr(failure.value)[:200],
                     "rule": failure.rule}  # fmt: skip
    return dg.Failure(description=str(failure), metadata=metadata, allow_retries=failure.is_retryable)
