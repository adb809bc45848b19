"""The forms of takes: several versions of one song that differ in one draw, and keeping one of them.

Belongs here: their fields, and what their runs tell. Does not belong here: what a take is (resources.takes), what
follows on its own once the first is resolved or the kept one is released (sensors.takes).
"""

# No postponed annotations here: Dagster inspects the annotations of an op itself.

from typing import Any

import dagster as dg
from pydantic import Field

from musicgen_assets.context.failures import BadInput, Failure
from musicgen_assets.context.request import CompositionRequest, filled_in, shortcut_overrides
from musicgen_assets.forms import metadata_of, told_failure, wait_for_run
from resources.launch import launch
from resources.registry import open_registry
from resources.settings import Settings, get_settings
from resources.takes_wanted import Asked, ask_for_takes, keep_take


class MakeTakes(dg.Config):
    """Takes of a new song (`musicgen compose --takes`), or of a version that is there (`musicgen takes make`)."""

    prompt: str | None = Field(None, description="A new song in words. Or name a version instead.")
    version: str | None = Field(None, description="COMPOSITION@vN, which counts as the first take.")
    takes: int = Field(4, description="How many, the first among them: 2 to 12.")
    vary: str = Field("melody", description="What they differ in: an asset left to chance, or a section: verse 2.")
    duration_s: float | None = Field(None, description="Length of a new song in seconds, 30 to 600.")
    seed: int | None = Field(None, description="Seed of a new song. Drawn and shown when not given.")
    styles: list[str] = Field([], description="Styles of a new song, each NAME or NAME=WEIGHT.")
    title: str | None = Field(None, description="Title of a new song; else taken from the prompt.")
    overrides: dict[str, Any] = Field({}, description="Any path of a new song's context: {musical.tempo_bpm: 90}.")
    user: str = Field("local", description="Who asks.")
    priority: int = Field(0, description="Who goes first where songs wait in line: -100 to 100, higher first.")
    idempotency_key: str | None = Field(None, description="The same key with the same new song is the same song.")

    def song(self) -> CompositionRequest | str:
        """The new song, or the version. Raises BadInput for both or neither, and for a value that breaks a rule."""
        of_new = ("duration_s", "seed", "styles", "title", "overrides", "idempotency_key")
        if (self.prompt is None) == (self.version is None):
            rule = "the form names neither a song nor a version" if self.prompt is None else "it names both"
            raise BadInput("prompt", self.prompt, rule, way_out="Fill in one of the two: prompt, or version.")
        if self.version is not None:
            for name in of_new:
                if getattr(self, name):
                    raise BadInput(name, getattr(self, name), "a version that is there stays as it is",
                                   way_out="Leave it out, or change the song first: revise_song.")  # fmt: skip
            return self.version
        overrides = shortcut_overrides(duration_s=self.duration_s, styles=self.styles)
        fields = self.model_dump(include={"prompt", "seed", "title", "user", "priority", "idempotency_key"})
        return filled_in(CompositionRequest, **{**fields, "overrides": overrides | self.overrides})


class KeepTake(dg.Config):
    """`musicgen takes keep`: the release of one take, after which the others are put away."""

    version: str = Field(description="The take: COMPOSITION@vN.")
    user: str = Field("local", description="Who asks.")
    priority: int = Field(0, description="Who goes first where songs wait in line: -100 to 100, higher first.")


@dg.op(out={"takes": dg.Out(dg.Nothing)}, description="Asks for takes and puts them to this deployment.")
def submit_takes(context: dg.OpExecutionContext, config: MakeTakes) -> None:
    """Takes, on their way."""
    settings = get_settings()
    try:
        song = config.song()
        asked = ask_for_takes(
            open_registry(settings), settings, song, config.takes, config.vary,
            user=config.user, priority=config.priority,
        )  # fmt: skip
        runs = _launched(settings, asked)
    except Failure as failure:
        raise told_failure(failure) from failure
    context.log.info(f"{asked.first}: {asked.count} takes that differ in {asked.stream}")
    context.add_output_metadata(takes_metadata(asked, runs), output_name="takes")


@dg.op(out={"song": dg.Out(dg.Nothing)}, description="Asks for a take's release; the others are put away after it.")
def submit_keeping(context: dg.OpExecutionContext, config: KeepTake) -> None:
    """A take, on its way to a release."""
    settings = get_settings()
    try:
        found = keep_take(
            open_registry(settings), settings, config.version, user=config.user, priority=config.priority
        )  # fmt: skip
        run_id = None if found is None else launch(settings, found.request_id, found.partition)
    except Failure as failure:
        raise told_failure(failure) from failure
    if found is None:
        context.add_output_metadata({"partition": config.version, "run": "Released already."}, output_name="song")
        return
    run_id = run_id or wait_for_run(context.instance, found.request_id)
    context.add_output_metadata(metadata_of(found, run_id), output_name="song")


@dg.job(
    description="Several takes of a song that differ in one draw, each with a preview: fill in the form under "
    "Launchpad. Keep one with keep_take.",
    executor_def=dg.in_process_executor,
)
def make_takes() -> None:
    """The form of `musicgen compose --takes` and `musicgen takes make`."""
    submit_takes()


@dg.job(
    name="keep_take",
    description="Make the release of one take, and put the others away: name it under Launchpad.",
    executor_def=dg.in_process_executor,
)
def keep_take_form() -> None:
    """The form of `musicgen takes keep`."""
    submit_keeping()


TAKE_FORMS = [make_takes, keep_take_form]


def takes_metadata(asked: Asked, runs: list[str]) -> dict[str, Any]:
    """What the form's run ends with: the first take, what was asked for now, and where to hear them."""
    preview = f"/assets/production/preview?view=partitions&partition={asked.first}"
    return {
        "first": asked.first, "differ in": asked.stream, "takes": asked.count,
        "asked for now": ", ".join(one.partition for one in asked.submissions) or "none: all are there",
        "runs": ", ".join(runs) or "none yet: the sensor requests takes them up within seconds",
        "preview": dg.MetadataValue.url(preview),
        "compare": f"musicgen takes show {asked.first}",
        "keep one": "the job keep_take",
    }  # fmt: skip


def _launched(settings: Settings, asked: Asked) -> list[str]:
    runs = [launch(settings, one.request_id, one.partition) for one in asked.submissions]
    return [run for run in runs if run is not None]
