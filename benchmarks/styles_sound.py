"""One song of every style as it leaves mastering: levels before and after each codec, dynamics, tone, stereo.

``python -m benchmarks.styles_sound [--songs 36] [--duration 32] [--pictures DIR]`` prints a table; a song that was made
before comes from disk. With ``--pictures`` the spectrogram of each master is drawn, to be looked at.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.audio_twins import FIRST_SEED
from benchmarks.sound_songs import Sounding, sounding_song, with_context
from dsp.audiofile import decode
from dsp.loudness import true_peak_dbtp
from dsp.pictures import spectrogram_png
from musicgen_assets.mastering.measures import sound_measures
from musicgen_assets.styles.loader import style_names

CODECS = ("mp3", "ogg", "opus")
OCTAVES = {63: 3, 250: 9, 1_000: 15, 4_000: 21, 8_000: 24}
"""Octave centres in Hz to places in the third-octaves that are shown."""


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=36)
    parser.add_argument("--duration", type=float, default=32.0)
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    heads = [
        "style", "LUFS", "dBTP", *(f"{name} dBTP" for name in CODECS), "LRA", "TT-DR", "PSR", "slope",
        *(f"{hz} Hz" for hz in OCTAVES), "corr", "mono loss", "width", "failed",
    ]  # fmt: skip
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    for number, style in enumerate(style_names()[: asked.songs]):
        song = sounding_song(style, FIRST_SEED + number, asked.duration, is_sung=number % 3 == 0, last="mixing/mix")
        print("| " + " | ".join(row(song, asked.pictures)) + " |", flush=True)


def row(song: Sounding, pictures: Path | None) -> list[str]:
    """One line of the table; the spectrogram beside it where ``pictures`` says so."""
    technical = song.store.context.technical.model_copy(update={"formats": ("wav", *CODECS)})
    song = with_context(song, song.store.context.model_copy(update={"technical": technical}))
    song.run("mastering/master")
    job = song.job("mastering/analysis")
    samples, rate = job.audio(job.ref("mastering/master", "streaming"))
    found = sound_measures(samples, rate)
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        (pictures / f"{song.style}.png").write_bytes(spectrogram_png(samples, rate, width_px=900, height_px=380))
    peaks = [true_peak_dbtp(*decode(job.blob(job.ref("mastering/master", f"encoded/{name}")).data)) for name in CODECS]
    middle = found.third_octaves_db[OCTAVES[1_000]]
    cells: list[Any] = [
        song.style, found.integrated_lufs, found.true_peak_dbtp, *peaks, found.loudness_range_lu,
        found.dynamic_range_db, found.peak_to_short_term_db, found.slope_db_per_octave,
        *(found.third_octaves_db[place] - middle for place in OCTAVES.values()), found.correlation,
        found.fold_down_loss_lu, max(found.width_db),
    ]  # fmt: skip
    return [*(cell if isinstance(cell, str) else f"{cell:.1f}" for cell in cells), ", ".join(_failed(song))]


def _failed(song: Sounding) -> list[str]:
    from musicgen_assets.graph.gate import SCORE_CHECKS
    from musicgen_assets.mastering.analysis import judge_masters
    from musicgen_assets.score.model import Score

    score = Score.model_validate(song.store.json("arrangement/arrangement"))
    judged, _ = judge_masters(song.job("mastering/analysis"), score)
    return [check.name for check in judged.checks if not check.passed and check.name not in SCORE_CHECKS]


if __name__ == "__main__":
    main()
