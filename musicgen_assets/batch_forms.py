"""The form that starts a batch: a definition file of the home, or a definition typed into the launchpad.

Belongs here: its fields, and what its run tells. Does not belong here: what a batch is (resources.batches), when one
starts by itself (schedules).
"""

# No postponed annotations here: Dagster inspects the annotations of an op itself.

from typing import Any

import dagster as dg
from pydantic import Field

from musicgen_assets.context.failures import BadInput, Failure
from resources.batches.definition import BatchDefinition, definition_of, find_file, read_definition
from resources.batches.starting import Started, start
from resources.batches.status import find_batch, items_of
from resources.registry import Registry, open_registry, utc_now
from resources.settings import Settings, get_settings

START_OP = "submit_batch"
_SHOWN = 200
"""How many songs the table of the run shows."""
_FORM = "the form"
_COLUMNS = ("song", "state", "version", "prompt")


class StartBatch(dg.Config):
    """What to start: `musicgen batch start`."""

    file: str | None = Field(None, description="A definition file: its name in HOME/batches.")
    definition: dict[str, Any] = Field({}, description="The definition itself: {name: evening, prompts: [solo piano]}.")
    occasion: str | None = Field(None, description="What sets it off, for each_start: new. Default: this moment.")


@dg.op(name=START_OP, out={"batch": dg.Out(dg.Nothing)}, description="Checks the definition, submits its songs.")
def submit_batch(context: dg.OpExecutionContext, config: StartBatch) -> None:
    """A batch, on its way: its songs are made by the deployment, by priority, users in turn."""
    settings = get_settings()
    try:
        definition, source = _asked(config, settings)
        registry = open_registry(settings)
        occasion = config.occasion or utc_now().isoformat(timespec="seconds")
        started = start(registry, settings, definition, source, occasion=occasion)
    except Failure as failure:
        raise _told(failure) from failure
    context.log.info(f"{started.batch}: {started.songs} songs, {started.new} new, {started.known} known")
    context.add_output_metadata(metadata_of(registry, started), output_name="batch")


@dg.job(
    description="Start a batch: name a definition file, or write the definition, under Launchpad.",
    executor_def=dg.in_process_executor,
)
def start_batch() -> None:
    """The form of `musicgen batch start`."""
    submit_batch()


BATCH_FORMS = [start_batch]


def metadata_of(registry: Registry, started: Started) -> dict[str, Any]:
    """What the form's run ends with: the batch, its counts, and its songs."""
    with registry.reading() as session:
        items = items_of(session, find_batch(session, started.batch).id)
    rows = [
        dg.TableRecord(dict(zip(_COLUMNS, (str(item.position), item.state, item.partition or "", item.prompt[:200]),
                                strict=True)))
        for item in items[:_SHOWN]
    ]  # fmt: skip
    schema = dg.TableSchema([dg.TableColumn(name, "string") for name in _COLUMNS])
    return {
        "batch": started.batch, "songs": started.songs, "new": started.new, "known": started.known,
        "tried again": started.again, "list": dg.MetadataValue.table(rows, schema),
        "report": f"musicgen batch report {started.batch}",
    }  # fmt: skip


def _asked(config: StartBatch, settings: Settings) -> tuple[BatchDefinition, str]:
    """The definition that the form names or holds, and where it is from. Raises BadInput for both or neither."""
    if bool(config.file) == bool(config.definition):
        rule = "the form names a file and holds a definition" if config.file else "it names no file, nor a definition"
        raise BadInput("file", config.file, rule, way_out="Fill in one of the two: file, or definition.")
    if config.file:
        path = find_file(settings, config.file, is_path_allowed=False)
        return read_definition(path), path.name
    return definition_of(config.definition, _FORM), _FORM


def _told(failure: Failure) -> dg.Failure:
    """A failure in Dagster's words; what is wrong in a file will not come right by asking again."""
    metadata: dict[str, Any] = {"way_out": failure.way_out or "none known"}
    if isinstance(failure, BadInput):
        metadata |= {"field": failure.field, "value": repr(failure.value)[:200], "rule": failure.rule}
    return dg.Failure(description=str(failure), metadata=metadata, allow_retries=failure.is_retryable)
