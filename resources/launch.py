"""Putting an accepted request to a running deployment: at once after the commit, or by the sensor that sweeps.

Belongs here: the claim a launch needs, the tags and the selection of its run, the same for both ways. Does not
belong here: accepting requests (door), how the webserver is spoken with (webserver), when the sensor sweeps.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.failures import TransientFailure
from musicgen_assets.context.request import STAGES
from musicgen_assets.graph.declarations import part_of_graph
from resources.deployment import deployment_address
from resources.door import claim, release_claim
from resources.executing import CLAIM_TAG, REQUEST_TAG
from resources.logging_setup import LOGGER
from resources.registry import Registry, Version, open_registry
from resources.registry.queries import get_request
from resources.settings import Settings
from resources.takes import assets_of_take, is_for_take
from resources.webserver import Place, delete_partitions, find_job, launch_partition

JOB = "compose"
PARTITIONS = "versions"


@dataclass(frozen=True)
class Launch:
    """A claimed request as a run: what it makes, how it is tagged, and which assets it covers (None: all)."""

    request_id: str
    partition: str
    run_key: str
    tags: Mapping[str, str]
    assets: tuple[str, ...] | None


def launch(settings: Settings, request_id: str, partition: str) -> str | None:
    """Put ``request_id`` to the running deployment; the id of the run that makes ``partition``.

    None where no deployment answers, it refuses, or somebody else has the request: it stays open then, or with
    whoever claimed it, and a deployment's sensor takes it up. Raises BadInput for an unknown request.
    """
    address = deployment_address(settings)
    if address is None:
        return None
    registry = open_registry(settings)
    try:
        place = find_job(address, JOB)
        claimed = claim_launch(registry, request_id)
    except TransientFailure as failure:
        logging.getLogger(f"{LOGGER}.launch").info("%s is left to the sensor: %s", partition, failure)
        return None
    return None if claimed is None else _put(registry, place, claimed)


def unlist(settings: Settings, partitions: Sequence[str]) -> None:
    """Take deleted ``partitions`` off the list of the running deployment; where none answers, housekeeping does it."""
    address = deployment_address(settings)
    if address is None:
        return
    try:
        delete_partitions(find_job(address, JOB), PARTITIONS, partitions)
    except TransientFailure as failure:
        logging.getLogger(f"{LOGGER}.launch").info("%s are left to housekeeping: %s", ", ".join(partitions), failure)


def claim_launch(registry: Registry, request_id: str) -> Launch | None:
    """Claim ``request_id`` for a run that is about to be launched; None if somebody else has it.

    The run proves by the token in its tags that the claim is its own: a run that was launched, given up and
    comes late finds another token and does nothing. Raises BadInput for an unknown request.
    """
    token = f"launch:{secrets.token_hex(8)}"
    if not claim(registry, request_id, token):
        return None
    with registry.reading() as session:
        request = get_request(session, request_id)
        version = session.get_one(Version, request.version_id)
        return Launch(
            request_id,
            version.partition,
            request_id if request.launches == 0 else f"{request_id}/{request.launches}",
            launch_tags(version.partition, request_id, token, request.user, request.priority),
            assets_of_take() if is_for_take(session, request) else selection(request.payload),
        )


def launch_tags(partition: str, request_id: str, token: str, user: str, priority: int = 0) -> dict[str, str]:
    """Tags of a run that a deployment makes of a request. Dagster's queue takes higher priorities first."""
    return {
        "composition": partition.partition("@")[0],
        "version": partition,
        REQUEST_TAG: request_id,
        CLAIM_TAG: token,
        "user": user,
        "dagster/priority": str(priority),
        # A retried run covers all steps: what was finished is carried in milliseconds, and the new run has it all.
        "dagster/retry_strategy": "ALL_STEPS",
    }


def selection(payload: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The assets a request covers: those up to its last stage, or None for all."""
    return part_of_graph(payload.get("until") or STAGES[-1])


def _put(registry: Registry, place: Place, claimed: Launch) -> str | None:
    try:
        return launch_partition(place, JOB, PARTITIONS, claimed.partition, claimed.tags, claimed.assets)
    except TransientFailure as failure:
        logging.getLogger(f"{LOGGER}.launch").warning("%s is left to the sensor: %s", claimed.partition, failure)
        release_claim(registry, claimed.request_id)
        return None
