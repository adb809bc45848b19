"""Packages: made when asked for, in a folder of their own, listed, proven, and refused before work when too large."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.finalization import packages as registry
from musicgen_assets.finalization.packages import PACKAGES, make_packages, package_sizes
from musicgen_assets.finalization.size import check_release_size, estimate_release_bytes
from musicgen_assets.graph.job import Payload

FORMATS = ("wav", "flac", "mp3")


def in_packages(release: Any) -> list[str]:
    return [path for path in release.paths if path.startswith("packages/")]


def test_nothing_is_made_that_was_not_asked_for(released: Any) -> None:
    assert in_packages(released) == []


def test_every_file_of_a_package_is_listed_and_proven(packaged: Any) -> None:
    outcome = packaged.store.outcomes["finalization/release"]
    assert [(check.name, check.passed) for check in outcome.checks] == [("release_is_intact", True)]
    manifest = {row["path"]: row for row in packaged.json("manifest.json")["files"]}
    assert set(in_packages(packaged)) <= manifest.keys()
    for path in in_packages(packaged):
        assert hashlib.sha256(packaged.data(path)).hexdigest() == manifest[path]["sha256"]
    assert {path.split("/")[1] for path in in_packages(packaged)} == set(PACKAGES)


def test_packages_leave_the_rest_of_the_release_alone(packaged: Any, instrumental: Any) -> None:
    assert set(packaged.paths) - set(in_packages(packaged)) >= set(instrumental.paths)


def test_the_estimate_of_packages_is_not_under_what_they_take(packaged: Any) -> None:
    for name in PACKAGES:
        paths = [path for path in in_packages(packaged) if path.startswith(f"packages/{name}/")]
        real = sum(len(packaged.data(path)) for path in paths)
        alone = estimate_release_bytes(22.0, 48_000, 24, 5, FORMATS, packages=package_sizes([name]))
        alone -= estimate_release_bytes(22.0, 48_000, 24, 5, FORMATS)
        assert real <= alone <= 4 * real + 1_000_000, name


def test_packages_too_large_are_refused_with_what_fits() -> None:
    sizes = {"daw": lambda facts: 400e6, "songwriter": lambda facts: 1e6}
    with pytest.raises(BadInput) as caught:
        check_release_size(180.0, 48_000, 24, FORMATS, packages=sizes)
    assert caught.value.field == "technical.packages"
    assert "no --package daw" in caught.value.way_out
    assert "no --package songwriter" not in caught.value.way_out
    check_release_size(180.0, 48_000, 24, FORMATS, packages={"songwriter": sizes["songwriter"]})


def test_audio_that_does_not_say_its_length_is_refused(released: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Payload("loop.wav", "audio/wav", b"RIFF", ".wav")
    package = replace(PACKAGES["songwriter"])
    monkeypatch.setattr(type(package), "function", lambda self, name: lambda delivery: [bad])
    monkeypatch.setattr(registry, "PACKAGES", {"songwriter": package})
    with pytest.raises(PermanentFailure, match=r"loop\.wav"):
        make_packages(["songwriter"], None)  # type: ignore[arg-type]  # not looked at
