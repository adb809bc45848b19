"""Dagster's webserver as this project speaks with it: three questions over HTTP, no client library to import.

Belongs here: addresses, GraphQL texts, what the answers mean. Does not belong here: which request is launched
and under which claim (launch).
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from musicgen_assets.context.failures import BadInput, TransientFailure

LOOK_TIMEOUT_S = 2.0
"""A webserver that does not say what it serves within this time is taken for absent."""

LAUNCH_TIMEOUT_S = 10.0
"""Putting a run into the queue takes 0.3 s on an idle machine."""

_LOOK = """
query Look {
  repositoriesOrError {
    __typename
    ... on RepositoryConnection { nodes { name location { name } jobs { name } } }
  }
}
"""

_LAUNCH = """
mutation Launch($repository: RepositorySelector!, $partitions: String!, $partition: String!, $run: ExecutionParams!) {
  addDynamicPartition(
    repositorySelector: $repository, partitionsDefName: $partitions, partitionKey: $partition
  ) {
    __typename
    ... on PythonError { message }
    ... on UnauthorizedError { message }
  }
  launchRun(executionParams: $run) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on UnauthorizedError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""

_FORGET = """
mutation Forget($repository: RepositorySelector!, $partitions: String!, $keys: [String!]!) {
  deleteDynamicPartitions(repositorySelector: $repository, partitionsDefName: $partitions, partitionKeys: $keys) {
    __typename
    ... on PythonError { message }
    ... on UnauthorizedError { message }
  }
}
"""

_PARTITION_TAG = "dagster/partition"


@dataclass(frozen=True)
class Place:
    """Where a job is served: a webserver and the repository in it."""

    address: str
    repository: str
    location: str


def find_job(address: str, job: str) -> Place:
    """The repository behind ``address`` that has ``job``. Raises TransientFailure where nobody answers so."""
    found = _ask(address, _LOOK, {}, LOOK_TIMEOUT_S).get("repositoriesOrError") or {}
    for node in found.get("nodes") or ():
        if any(served["name"] == job for served in node["jobs"]):
            return Place(address, node["name"], node["location"]["name"])
    raise TransientFailure(
        f"{address} answers, but serves no job {job}.", way_out="Wait until its code location is loaded."
    )


def launch_partition(
    place: Place,
    job: str,
    partitions: str,
    partition: str,
    tags: Mapping[str, str],
    assets: Sequence[str] | None = None,
) -> str:
    """Add ``partition`` to the set ``partitions`` and launch ``job`` for it; the id of the run.

    ``assets`` ("stage/name") limits the run to these; None means all of the job's. Raises TransientFailure if the
    run was refused or no answer came; in the latter case it may have been launched all the same.
    """
    repository = {"repositoryName": place.repository, "repositoryLocationName": place.location}
    selector: dict[str, Any] = {**repository, "jobName": job}
    if assets is not None:
        selector["assetSelection"] = [{"path": asset.split("/")} for asset in assets]
    all_tags = {**tags, _PARTITION_TAG: partition}
    answer = _ask(
        place.address,
        _LAUNCH,
        {
            "repository": repository,
            "partitions": partitions,
            "partition": partition,
            "run": {
                "selector": selector,
                "runConfigData": "{}",
                "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in all_tags.items()]},
            },
        },
        LAUNCH_TIMEOUT_S,
    )
    launched = answer.get("launchRun") or {}
    if launched.get("__typename") != "LaunchRunSuccess":
        raise TransientFailure(f"{place.address} did not launch {job} for {partition}: {_said(launched)}.")
    return str(launched["run"]["runId"])


def delete_partitions(place: Place, partitions: str, keys: Sequence[str]) -> None:
    """Take ``keys`` off the set ``partitions``; those that are not on it are no error. Raises TransientFailure."""
    repository = {"repositoryName": place.repository, "repositoryLocationName": place.location}
    variables = {"repository": repository, "partitions": partitions, "keys": list(keys)}
    answer = _ask(place.address, _FORGET, variables, LAUNCH_TIMEOUT_S).get("deleteDynamicPartitions") or {}
    if answer.get("__typename") != "DeleteDynamicPartitionsSuccess":
        raise TransientFailure(f"{place.address} did not take {', '.join(keys)} off its list: {_said(answer)}.")


def does_answer(address: str, timeout_s: float = LOOK_TIMEOUT_S) -> bool:
    """Whether a Dagster webserver answers at ``address``."""
    try:
        return "dagster_webserver_version" in _http(address, "GET", "/server_info", None, timeout_s)
    except TransientFailure:
        return False


def check_address(address: str) -> str:
    """``address`` without a trailing slash. Raises BadInput for what is no http(s) address."""
    parts = urlsplit(address)
    try:
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise BadInput(
            "MUSICGEN_DAGSTER_URL", address, "it is no http address", way_out="Example: http://127.0.0.1:3000"
        )
    return address.rstrip("/")


def _said(answer: Mapping[str, Any]) -> str:
    errors = [error["message"] for error in answer.get("errors") or ()]
    text = str(answer.get("message") or "; ".join(errors) or answer.get("__typename") or "it gave no reason")
    return text.strip().splitlines()[0].rstrip(".")


def _ask(address: str, text: str, variables: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    body = json.dumps({"query": text, "variables": variables}).encode()
    answer = _http(address, "POST", "/graphql", body, timeout_s)
    data = answer.get("data")
    if not isinstance(data, dict):
        raise TransientFailure(f"{address} did not understand: {_said(answer)}.")
    return data


def _http(address: str, method: str, path: str, body: bytes | None, timeout_s: float) -> dict[str, Any]:
    """One request and its JSON object. Raises TransientFailure for everything else."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request(method, parts.path + path, body, headers)
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TransientFailure(
            f"No Dagster webserver answers at {address}: {error}.", way_out="Start one: musicgen up"
        ) from error
    finally:
        connection.close()
    if not isinstance(answer, dict):
        raise TransientFailure(f"What answers at {address} is no Dagster webserver.")
    return answer
