"""The report of a batch says what was measured, paid and broken; its package is every release, the same bytes twice."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from musicgen_assets.context.failures import BadInput, MissingArtifact
from musicgen_assets.graph.job import Ref
from musicgen_assets.graph.manifest import Manifest, StoredCheck, StoredRole
from resources.batches.definition import parse_definition
from resources.batches.package import package
from resources.batches.report import CRITIC, GATE, Report, csv_of, plain, report_of, write_report
from resources.batches.starting import start
from resources.batches.status import find_batch, items_of
from resources.registry import Attempt, Registry, queries
from resources.settings import Settings
from resources.studio import RELEASE_ASSET, Studio, open_studio

FORMULA = "=HYPERLINK(1) & calm piano"
TAGS = "<script>alert(1)</script> calm piano"
TEXT = f"name: evening\nprompts: ['{FORMULA}', '{TAGS}', solo piano, folk guitar]\nseeds: 1\n"


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    with open_studio(settings) as opened:
        yield opened


@pytest.fixture
def partitions(registry: Registry, settings: Settings) -> list[str]:
    start(registry, settings, parse_definition(TEXT, "evening.yaml"), "evening.yaml")
    with registry.reading() as session:
        return [str(item.partition) for item in items_of(session, "evening@1")]


def made(
    studio: Studio, partition: str, asset: str, facts: dict[str, Any], *, failed: str = "", seconds: float = 2.0,
    files: dict[str, bytes] | None = None,
) -> None:  # fmt: skip
    """Record an asset with facts, a failed check, and files as its roles."""
    roles = []
    for name, data in (files or {}).items():
        sha256, size = studio.store.put(data)
        roles.append(StoredRole.of(Ref(name, "text/plain", sha256, size)))
    checks = (StoredCheck(name=failed, passed=False, measured=-9.0, expected="-14"),) if failed else ()
    manifest = Manifest(asset=asset, content=tuple(roles), facts=facts, checks=checks)
    key = hashlib.sha256(f"{partition} {asset}".encode()).hexdigest()
    with studio.registry.session() as session:
        queries.record_result(session, key, asset, manifest, made_by=partition, seconds=seconds)
        queries.record_materialization(
            session, partition, asset, key=key, content_hash=manifest.content_hash, carried_from=None, seconds=seconds
        )


@pytest.fixture
def report(studio: Studio, partitions: list[str], end: Callable[..., None]) -> Report:
    """Two releases, a song that a check stopped, a song that broke."""
    for partition, lufs in zip(partitions, (-14.2, -13.8, -9.0), strict=False):
        made(studio, partition, CRITIC, {"melodic_coherence": 0.9})
        made(studio, partition, GATE, {"integrated_lufs": lufs}, failed="loudness" if lufs > -10 else "")
    with studio.registry.session() as session:
        version = queries.get_version(session, partitions[0])
        session.add(
            Attempt(version_id=version.id, task="t", provider="p", key="k", status="succeeded", estimate_usd="0.5",
                    cost_usd="0.25")
        )  # fmt: skip
    end(partitions[0], "released")
    end(partitions[1], "released")
    end(partitions[2], "waiting_for_approval", "checks failed: loudness")
    end(partitions[3], "failed", "mixing: it broke")
    return report_of(studio, "evening")


def test_it_adds_up_scores_loudness_cost_and_failures(report: Report) -> None:
    assert report.about["counts"] == {"released": 2, "stopped at a check": 1, "failed": 1}
    assert report.cost_usd == 0.25
    assert report.computed_s == 12.0
    numbers = report.numbers.set_index("measure")
    assert numbers.loc["integrated_lufs", "songs"] == 3
    assert numbers.loc["integrated_lufs", "mean"] == pytest.approx(-37.0 / 3)
    assert numbers.loc["integrated_lufs", "least"] == -14.2
    assert "true_peak_dbtp" not in numbers.index, "nothing was measured of it"
    assert report.failures.to_dict("records") == [
        {"state": "failed", "reason": "mixing: it broke", "songs": 1, "first_song": 4},
        {"state": "stopped at a check", "reason": "checks failed: loudness", "songs": 1, "first_song": 3},
    ]
    assert list(report.songs["failed_checks"]) == ["", "", "loudness", ""]


def test_the_csv_reads_back_and_computes_nothing_in_a_spreadsheet(report: Report) -> None:
    table = pd.read_csv(StringIO(csv_of(report)))
    assert list(table["prompt"]) == [f"'{FORMULA}", TAGS, "solo piano", "folk guitar"]
    assert list(table["integrated_lufs"].dropna()) == [-14.2, -13.8, -9.0]


def test_the_page_shows_text_as_text(report: Report, tmp_path: Path) -> None:
    csv, html = write_report(report, tmp_path / "report")
    page = html.read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "mixing: it broke" in page
    assert csv.read_text(encoding="utf-8") == csv_of(report)


def test_as_json_it_holds_every_song(report: Report) -> None:
    told = plain(report)
    assert [row["state"] for row in told["items"]] == ["released", "released", "stopped at a check", "failed"]
    assert told["items"][3]["integrated_lufs"] is None


def test_a_batch_of_which_nothing_is_made_yet_has_a_report_too(
    studio: Studio, partitions: list[str], tmp_path: Path
) -> None:
    report = report_of(studio, "evening@1")
    assert report.about["counts"] == {"in line": 4}
    assert len(report.failures) == 0
    assert write_report(report, tmp_path)[1].is_file()


def test_the_package_holds_every_release_and_repeats_byte_for_byte(
    studio: Studio, partitions: list[str], end: Callable[..., None], tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match="none of its songs is released"):
        package(studio, "evening", tmp_path / "none.zip")
    for partition in partitions[1:3]:
        made(studio, partition, RELEASE_ASSET, {}, files={"master.wav": partition.encode(), "stems/a.flac": b"\0"})
        end(partition, "released")
    (one, count), (two, _) = (package(studio, "evening", tmp_path / f"{name}.zip") for name in ("one", "two"))
    assert count == 2
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:
        assert archive.testzip() is None
        files = {name.removeprefix("evening@1/"): archive.read(name) for name in archive.namelist()}
    assert files[f"2-{partitions[1]}/master.wav"] == partitions[1].encode()
    assert len(files) == 6
    sums = dict(reversed(line.split("  ", 1)) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    listed = pd.read_csv(StringIO(files["songs.csv"].decode()), keep_default_na=False)
    assert list(listed["state"]) == ["in line", "released", "released", "in line"]
    assert listed["prompt"][0] == f"'{FORMULA}"
    assert list(tmp_path.iterdir()) == [one, two] or set(tmp_path.iterdir()) >= {one, two}


def test_a_release_whose_object_is_gone_leaves_no_half_a_package(
    studio: Studio, registry: Registry, partitions: list[str], end: Callable[..., None], tmp_path: Path
) -> None:
    made(studio, partitions[0], RELEASE_ASSET, {}, files={"master.wav": b"gone soon"})
    end(partitions[0], "released")
    path = studio.store.path(hashlib.sha256(b"gone soon").hexdigest())
    assert path is not None
    path.unlink()
    with pytest.raises(MissingArtifact):
        package(studio, "evening", tmp_path / "out" / "evening.zip")
    assert not list((tmp_path / "out").glob("*")) if (tmp_path / "out").exists() else True
    with registry.reading() as session:
        assert find_batch(session, "evening").id == "evening@1"
