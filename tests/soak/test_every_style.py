"""Every style makes songs that pass every check: several seeds, lengths and home meters. Long: ``make soak``."""

from __future__ import annotations

from pathlib import Path

import pytest

from musicgen_assets.styles.loader import load_style, style_names
from support.cli import musicgen

pytestmark = [pytest.mark.soak, pytest.mark.song]

CASES = [
    (style, meter, seed) for style in style_names() for seed, meter in enumerate(load_style(style).meters, start=1)
]


@pytest.mark.parametrize(("style", "meter", "seed"), CASES)
def test_a_song_of_every_style_and_home_meter_is_released(
    style: str, meter: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.getbasetemp() / "soak" / "home"
    home.parent.mkdir(exist_ok=True)
    song = musicgen(
        Path(home), "compose", "an instrumental piece", "--style", style, "--duration", str(40 + 20 * seed),
        "--seed", str(seed), "--set", f"musical.time_signature={meter}", "--json",
    )  # fmt: skip
    failed = [check for check in song.json.get("checks", []) if not check["passed"]]
    assert (song.code, failed) == (0, []), song.out[-2000:]
