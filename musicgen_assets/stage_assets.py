"""Dagster assets from declarations: each a thin shell around ``resources.runner``.

Belongs here: keys, dependencies, metadata, the two failure classes in Dagster's words. Does not belong here:
music, keys of results, storage.
"""

# No postponed annotations here: Dagster inspects the annotation of an asset's context argument itself.

import base64
import random
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from musicgen_assets.context.failures import Failure, PermanentFailure
from musicgen_assets.context.request import Stage
from musicgen_assets.graph.declarations import Declaration, of_stage
from musicgen_assets.graph.gate import GATE
from musicgen_assets.partitions import VERSIONS
from musicgen_assets.stage_checks import check_results, check_specs
from resources.page_address import song_page
from resources.runner import CONTEXT_ASSET, Made
from resources.studio import Studio

OWNERS = ["team:music"]
MAX_STEP_RETRIES = 3
INLINE_PICTURE_MAX_BYTES = 60_000
"""Pictures live in Dagster's event log when inlined: bigger ones are links."""


def stage_assets(stage: Stage) -> list[dg.AssetsDefinition]:
    """The Dagster assets of one stage, in graph order."""
    return [build_asset(declaration) for declaration in of_stage(stage)]


def dependencies(declaration: Declaration) -> tuple[str, ...]:
    """Declared upstreams, and ideation/context for everything that comes after ideation."""
    upstreams = tuple(upstream.asset for upstream in declaration.upstreams)
    if declaration.stage == "ideation" or CONTEXT_ASSET in upstreams:
        return upstreams
    return (CONTEXT_ASSET, *upstreams)


def build_asset(declaration: Declaration) -> dg.AssetsDefinition:
    """One Dagster asset: what the runner made of the manifests it depends on.

    Upstreams are dependencies rather than inputs: an input costs two events and a version look-up each, which
    with 58 edges was half of what a run of known results took. Manifests are loaded by the same code either way.
    """

    @dg.asset(
        key=dg.AssetKey([declaration.stage, declaration.name]),
        group_name=declaration.stage,
        description=describe(declaration),
        kinds={kind.lower() for kind in declaration.kinds},
        owners=OWNERS,
        partitions_def=VERSIONS,
        deps=[dg.AssetKey(asset.split("/")) for asset in dependencies(declaration)],
        check_specs=check_specs(declaration),
        io_manager_key="manifests",
        required_resource_keys={"studio"},
    )
    def compute(context: dg.AssetExecutionContext) -> Iterator[Any]:
        studio: Studio = context.resources.studio
        try:
            manifests = {asset: studio.manifest(context.partition_key, asset) for asset in dependencies(declaration)}
            made = studio.make(declaration, context.partition_key, manifests, context.run.run_id)
        except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
            if studio.execution is not None:
                studio.execution.mark_canceling()  # the run was ended on purpose: say so before Dagster calls it broken
            raise
        except Failure as failure:
            if studio.execution is not None and studio.execution.is_cancelled:
                raise dg.DagsterExecutionInterruptedError from failure  # a worker was killed before the signal came
            if failure.is_retryable and context.retry_number >= MAX_STEP_RETRIES:
                studio.failed(declaration, context.partition_key, str(failure), context.run.run_id, "transient")
            raise _in_dagsters_words(failure, context.retry_number) from failure
        yield _output(studio, made, context.partition_key)
        waivers = studio.waivers(context.partition_key) if declaration.key == GATE else {}
        yield from check_results(declaration, made.manifest.checks, waivers)
        studio.conclude(declaration, context.partition_key, made, context.run.run_id)

    return compute


def describe(declaration: Declaration) -> str:
    """The description with the context paths it reads: what a change of which touches it."""
    reads = ", ".join(f"`{path}`" for path in declaration.paths) or "nothing of the context"
    return f"{declaration.description}\n\nReads {reads}."


def _in_dagsters_words(failure: Failure, retry_number: int) -> Exception:
    """Transient failures are retried by the step, three times with growing, uneven waits; others end the run."""
    if failure.is_retryable and retry_number < MAX_STEP_RETRIES:
        wait_s = 2.0**retry_number * random.uniform(0.5, 1.5)  # noqa: S311  # so that many do not come back at once
        return dg.RetryRequested(max_retries=MAX_STEP_RETRIES, seconds_to_wait=wait_s)
    kind = "permanent" if isinstance(failure, PermanentFailure) else "transient"
    return dg.Failure(
        description=str(failure), metadata={"failure": kind, "way_out": failure.way_out}, allow_retries=False
    )


def _output(studio: Studio, made: Made, partition: str) -> dg.Output[Made]:
    with warnings.catch_warnings():
        # The content hash as data version is what makes early cut-off visible; Dagster calls the parameter beta.
        warnings.filterwarnings("ignore", message="Parameter `data_version` of initializer `Output")
        return dg.Output(
            made, metadata=metadata_of(studio, made, partition), data_version=dg.DataVersion(made.manifest.content_hash)
        )


def metadata_of(studio: Studio, made: Made, partition: str = "") -> dict[str, Any]:
    """What a person wants to see of a materialization: pictures, numbers, links to files and to the song's page."""
    manifest = made.manifest
    metadata: dict[str, Any] = {"carried_from": made.carried_from} if made.carried_from else {}
    if partition and (page := song_page(studio.settings, partition)) is not None:
        metadata["page"] = dg.MetadataValue.url(page)
    for name, picture in manifest.pictures.items():
        if picture.size_bytes <= INLINE_PICTURE_MAX_BYTES:
            encoded = base64.b64encode(studio.store.get(picture.sha256)).decode()
            metadata[name] = dg.MetadataValue.md(f"![{name}](data:image/png;base64,{encoded})")
    metadata |= manifest.facts
    metadata["computed_seconds"] = round(made.seconds, 3)
    metadata["result_key"] = made.key
    for role in manifest.content:
        path = studio.store.path(role.sha256)
        metadata[f"file {role.role}"] = dg.MetadataValue.path(path) if isinstance(path, Path) else role.sha256
    return metadata
