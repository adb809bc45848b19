"""A version made by a deployment's worker is what the command line would have made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from musicgen_assets.context.request import RevisionRequest
from musicgen_assets.definitions import build_defs
from resources.door import submit
from resources.launch import claim_launch
from resources.layout import open_instance
from resources.registry import queries
from resources.settings import get_settings
from resources.studio import open_studio

pytestmark = [pytest.mark.song, pytest.mark.xdist_group("song")]


def test_it_serves_its_request_and_leaves_the_release_in_the_home(
    home: Path, song: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICGEN_HOME", str(home))
    settings = get_settings()
    instance = open_instance(settings)
    with open_studio(settings) as studio:
        submission = submit(studio.registry, RevisionRequest(version=song["partition"]), settings)
        launch = claim_launch(studio.registry, submission.request_id)
        assert launch is not None
        instance.add_dynamic_partitions("versions", [launch.partition])
        job = build_defs().resolve_job_def("compose")
        done = job.execute_in_process(
            instance=instance, partition_key=launch.partition, tags=dict(launch.tags), raise_on_error=False
        )
        assert done.success
        with studio.registry.reading() as session:
            assert queries.get_version(session, launch.partition).state == "released"
            assert queries.get_request(session, submission.request_id).status == "done"
        directory = studio.release_directory(launch.partition)
        assert directory is not None
        parent = studio.release_directory(song["partition"])
        assert parent is not None
        assert (directory / "master.wav").read_bytes() == (parent / "master.wav").read_bytes()
        computed = {
            event.asset_key.to_user_string() for event in done.get_asset_materialization_events()
            if "carried_from" not in event.materialization.metadata and event.asset_key
        }  # fmt: skip
        assert computed == {"ideation/brief", "ideation/context", "finalization/release"}
