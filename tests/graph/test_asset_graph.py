"""The Dagster graph is what the declarations say, and changes only on purpose: a snapshot guards it.

After a wanted change: ``python -m pytest tests/graph/test_asset_graph.py --update-snapshots``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from musicgen_assets.definitions import defs
from musicgen_assets.graph.declarations import DECLARATIONS
from musicgen_assets.housekeeping import GROUP
from musicgen_assets.partitions import VERSIONS
from musicgen_assets.stage_assets import dependencies

SNAPSHOT = Path(__file__).resolve().parents[1] / "snapshots" / "asset_graph.json"


def graph() -> dict[str, Any]:
    declared = {declaration.key: declaration for declaration in DECLARATIONS}
    rows = {}
    for assets in defs.assets or ():
        assert isinstance(assets, dg.AssetsDefinition)
        for spec in assets.specs:
            if spec.group_name == GROUP:
                continue  # of all versions together, and no part of a song
            key = "/".join(spec.key.path)
            declaration = declared[key]
            rows[key] = {
                "deps": sorted("/".join(dep.asset_key.path) for dep in spec.deps),
                "upstream_roles": {up.asset: up.roles for up in declaration.upstreams if up.roles},
                "reads": list(declaration.paths),
                "streams": list(declaration.streams),
                "data": list(declaration.data),
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "owners": list(spec.owners),
                "partitions": getattr(spec.partitions_def, "name", None),
                "checks": {
                    check.name: {"blocking": check.blocking, "partitioned": check.partitions_def == VERSIONS}
                    for check in assets.check_specs
                },
            }  # fmt: skip
    return json.loads(json.dumps(rows))


def test_the_asset_graph_is_what_the_snapshot_says(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-snapshots"):
        SNAPSHOT.write_text(json.dumps(graph(), indent=2, sort_keys=True) + "\n")
    assert graph() == json.loads(SNAPSHOT.read_text())


def test_there_are_eighteen_assets_in_seven_groups() -> None:
    rows = graph()
    assert len(rows) == len(DECLARATIONS) == 18
    assert len({row["group"] for row in rows.values()}) == 7


def test_dagsters_dependencies_are_the_declared_ones() -> None:
    rows = graph()
    for declaration in DECLARATIONS:
        assert rows[declaration.key]["deps"] == sorted(dependencies(declaration))


def test_every_later_asset_depends_on_the_context() -> None:
    for key, row in graph().items():
        if row["group"] != "ideation":
            assert "ideation/context" in row["deps"], key


def test_the_code_location_loads_as_dagster_loads_it() -> None:
    dg.Definitions.validate_loadable(defs)
    assert defs.resolve_job_def("compose") is not None


def test_dagsters_selection_language_works_here() -> None:
    """It fails with the ANTLR that other packages pin; the UI, schedules and the command line select with it."""
    selected = dg.AssetSelection.from_string('key:"mastering/analysis"+').resolve(defs.assets or ())
    assert {"/".join(key.path) for key in selected} == {"mastering/analysis", "finalization/release"}
