"""Piano rolls of one song per deep style, to be looked at: what a list of figures never shows.

Belongs here: writing the twelve songs and drawing them. Does not belong here: the drawing itself (score.pictures),
judging (arrangement/critic), what was seen in them (docs/songs.md).

Run: ``python -m benchmarks.piano_rolls --to FOLDER [--styles pop,rock] [--seed 7]``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.written import WrittenSong, write_song
from musicgen_assets.score.pictures import piano_roll_png

PROMPTS: dict[str, str] = {
    "pop": "upbeat pop song about summer",
    "rock": "energetic rock anthem",
    "folk": "gentle folk song about the sea",
    "jazz_swing": "swinging jazz tune with piano and upright bass",
    "bossa_nova": "relaxed bossa nova",
    "funk": "tight funk groove",
    "hip_hop": "laid back boom bap hip hop beat",
    "house": "driving house track",
    "synthwave": "nostalgic synthwave",
    "cinematic": "epic orchestral film music",
    "solo_piano": "melancholic solo piano piece",
    "latin": "hot latin salsa",
}
"""Two of them sung, so that a vocal and its harmonies are seen too."""

DURATION_S = 60.0
SEED = 7
WIDTH_PX, HEIGHT_PX = 1600, 900


def roll_song(style: str, seed: int = SEED) -> WrittenSong:
    """The song of ``style`` that is drawn: a minute, its style named outright."""
    overrides = {"musical.genres": [{"name": style, "weight": 1.0}], "technical.duration_s": DURATION_S}
    return write_song(PROMPTS[style], seed, overrides)


def draw(style: str, folder: Path, seed: int = SEED) -> Path:
    """Writes ``folder/<style>.png`` and says where."""
    song = roll_song(style, seed)
    path = folder / f"{style}.png"
    path.write_bytes(piano_roll_png(song.score, song.tracks, width_px=WIDTH_PX, height_px=HEIGHT_PX))
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """Draws the styles asked for (all twelve) into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--to", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--styles", default=",".join(PROMPTS), help="comma-separated, of: " + ", ".join(PROMPTS))
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args(arguments)
    asked.to.mkdir(parents=True, exist_ok=True)
    for style in asked.styles.split(","):
        print(draw(style, asked.to, asked.seed))


if __name__ == "__main__":
    main()
