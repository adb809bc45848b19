"""How large a release gets is known before it is made, and what does not fit is refused with what would."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen_assets.context.failures import BadInput
from musicgen_assets.finalization.size import (
    PACKINGS,
    RELEASE_MAX_BYTES,
    check_release_size,
    estimate_release_bytes,
    smallest_release_bytes,
)

DEFAULT_FORMATS = ("wav", "flac", "mp3")
RATES, DEPTHS = (44_100, 48_000, 96_000), (16, 24, 32)


def test_ten_minutes_by_default_fit() -> None:
    check_release_size(600.0, 48_000, 24, (*DEFAULT_FORMATS, "ogg"))
    assert estimate_release_bytes(600.0, 48_000, 24, 10, DEFAULT_FORMATS) > RELEASE_MAX_BYTES


def test_three_minutes_keep_every_bit() -> None:
    assert estimate_release_bytes(180.0, 48_000, 24, 10, DEFAULT_FORMATS) < RELEASE_MAX_BYTES


@given(
    st.floats(30, 600), st.sampled_from(RATES), st.sampled_from(DEPTHS), st.integers(1, 16),
    st.sampled_from((("wav",), DEFAULT_FORMATS, (*DEFAULT_FORMATS, "ogg"))),
)  # fmt: skip
def test_more_of_anything_takes_more(
    duration_s: float, rate: int, depth: int, stems: int, formats: tuple[str, ...]
) -> None:
    size = estimate_release_bytes(duration_s, rate, depth, stems, formats)
    assert estimate_release_bytes(duration_s + 1, rate, depth, stems, formats) > size
    assert estimate_release_bytes(duration_s, rate, depth, stems + 1, formats) > size
    assert estimate_release_bytes(duration_s, rate, depth, stems, (*formats, "ogg")) >= size
    sizes = [estimate_release_bytes(duration_s, rate, depth, stems, formats, packing=packing) for packing in PACKINGS]
    assert min(sizes) == smallest_release_bytes(duration_s, rate, depth, stems, formats)


@given(st.floats(30, 600), st.sampled_from(RATES), st.sampled_from(DEPTHS))
def test_what_is_refused_is_told_what_fits_and_it_does(duration_s: float, rate: int, depth: int) -> None:
    asked: dict[str, Any] = {"duration_s": duration_s, "rate": rate, "bit_depth": depth, "formats": DEFAULT_FORMATS}
    if smallest_release_bytes(duration_s, rate, depth, 10, DEFAULT_FORMATS) <= RELEASE_MAX_BYTES:
        check_release_size(**asked)
        return
    with pytest.raises(BadInput) as caught:
        check_release_size(**asked)
    assert caught.value.field == "technical.duration_s"
    for wanted in changes(caught.value.way_out):
        check_release_size(**{**asked, **wanted})


def changes(way_out: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, pattern in (
        ("rate", r"sample_rate_hz=(\d+)"),
        ("bit_depth", r"bit_depth=(\d+)"),
        ("duration_s", r"--duration (\d+)"),
    ):
        match = re.search(pattern, way_out)
        found += [{name: int(match[1])}] if match else []
    assert found
    return found


def test_a_refusal_names_size_and_ways_out() -> None:
    with pytest.raises(BadInput) as caught:
        check_release_size(600.0, 96_000, 24, DEFAULT_FORMATS)
    assert "96000 Hz and 24 bits" in str(caught.value)
    assert "--set technical.sample_rate_hz=48000" in caught.value.way_out
    assert "--duration" in caught.value.way_out


def test_an_installation_may_be_tighter() -> None:
    with pytest.raises(BadInput, match="shorter"):
        check_release_size(30.0, 96_000, 32, DEFAULT_FORMATS, limit_bytes=4_000_000)
    check_release_size(30.0, 48_000, 16, ("wav", "mp3"), limit_bytes=40_000_000)


def test_the_estimate_is_not_under_what_a_release_takes(released: Any) -> None:
    real = sum(len(released.data(path)) for path in released.paths)
    formats = ("wav", "flac", "mp3", "ogg")
    estimate = estimate_release_bytes(22.0, 48_000, 24, 5, formats)
    assert real <= estimate <= 2.5 * real
