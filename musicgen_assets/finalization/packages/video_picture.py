"""visualizer.mp4: the song's name, its spectrum as it sounds, its waveform with sections, and where one is in it.

Belongs here: the still picture and the moving parts, drawn by ffmpeg. Does not belong here: whether there is an ffmpeg
(packages.video). Equal music gives equal bytes with the same ffmpeg: one thread, no times in the file.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dsp.errors import AudioError
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import decoded_audio

SIZE = (1280, 720)
FRAMES_A_SECOND = 25
_SPECTRUM_TOP, _SPECTRUM_HEIGHT = 150, 330
_WAVE_TOP, _WAVE_HEIGHT = 500, 190
_PLAY_LEFT, _PLAY_RIGHT = 52, 12
"""Margins of dsp.canvas left and right of what it plots."""
_PAGE, _TEXT, _SOFT = (0, 0, 0), (240, 236, 228), (168, 160, 150)
_SCHEME = "0|0.45|0.70|0.34|0.71|0.91"
"""Left and right in Okabe and Ito's blue and sky blue."""
_VOLUME = 8
"""Of ffmpeg's bars, half of its default: a kick at streaming loudness stays under the top."""
_NOT_MADE = "There is no visualizer.mp4: "


def visualizer(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: visualizer.mp4 (H.264 and AAC, 1280 x 720), or a text that says why this ffmpeg could not make it.

    ``inputs``: title, start_s (where in the song the music begins), sections [[name, start_s]]. ``blobs["music"]``.
    """
    samples, rate = decoded_audio(blobs["music"])
    marks = [
        (max(float(start_s) - float(inputs["start_s"]), 0.0), str(name).replace("_", " "))
        for name, start_s in inputs["sections"]
        if float(start_s) >= float(inputs["start_s"])
    ]
    still = still_png(str(inputs["title"]), samples, rate, marks)
    try:
        data = _film(still, blobs["music"].data, samples.shape[1] / rate)
    except AudioError as error:
        return [Payload("visualizer.txt", "text/plain", f"{_NOT_MADE}{error}".encode(), ".txt")]
    return [Payload("visualizer.mp4", "video/mp4", data, ".mp4")]


def still_png(title: str, samples: FloatArray, rate: int, marks: Sequence[tuple[float, str]]) -> bytes:
    """What does not move, 1280 x 720."""
    import matplotlib as mpl
    from PIL import Image, ImageDraw, ImageFont

    from dsp.dark import dark_png
    from dsp.pictures import waveform_png

    wave = dark_png(
        waveform_png(np.ascontiguousarray(samples), rate, width_px=SIZE[0], height_px=_WAVE_HEIGHT, marks=marks), _PAGE
    )
    page = Image.new("RGB", SIZE, _PAGE)
    page.paste(Image.open(io.BytesIO(wave)).convert("RGB"), (0, _WAVE_TOP))
    draw = ImageDraw.Draw(page)
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    size = 46
    large = ImageFont.truetype(str(folder / "DejaVuSans-Bold.ttf"), size)
    while draw.textlength(title, font=large) > SIZE[0] - 2 * _PLAY_LEFT and size > 12:
        size -= 2
        large = ImageFont.truetype(str(folder / "DejaVuSans-Bold.ttf"), size)
    draw.text((_PLAY_LEFT, 52), title, font=large, fill=_TEXT)
    draw.text((_PLAY_LEFT, 114), "AI-generated music", font=ImageFont.truetype(str(folder / "DejaVuSans.ttf"), 18),
              fill=_SOFT)  # fmt: skip
    buffer = io.BytesIO()
    page.save(buffer, "PNG")
    return buffer.getvalue()


def _film(still: bytes, music: bytes, duration_s: float) -> bytes:
    from dsp.ffmpeg import REPEATABLE, run_ffmpeg

    width = SIZE[0] - _PLAY_LEFT - _PLAY_RIGHT
    fps = FRAMES_A_SECOND
    graph = (
        f"[1:a]showcqt=s={SIZE[0]}x{_SPECTRUM_HEIGHT}:fps={fps}:bar_h={_SPECTRUM_HEIGHT}:sono_h=0:axis_h=0:"
        f"bar_g=3:bar_v={_VOLUME}:cscheme={_SCHEME}[spectrum];"
        f"[0:v][spectrum]overlay=0:{_SPECTRUM_TOP}:shortest=1[seen];"
        f"color=c=white:s=3x{_WAVE_HEIGHT - 46}:r={fps}:d={duration_s:.3f}[head];"
        f"[seen][head]overlay=x='{_PLAY_LEFT}+{width}*t/{duration_s:.3f}':y={_WAVE_TOP + 20}:eval=frame:shortest=1,"
        "format=yuv420p[out]"
    )
    with tempfile.TemporaryDirectory() as folder:
        picture, sound, target = (Path(folder) / name for name in ("still.png", "music.wav", "film.mp4"))
        picture.write_bytes(still)
        sound.write_bytes(music)
        run_ffmpeg([
            "-loop", "1", "-framerate", str(fps), "-i", str(picture), "-i", str(sound), "-filter_complex_threads", "1",
            "-filter_complex", graph, "-map", "[out]", "-map", "1:a", *REPEATABLE, "-c:v", "libx264", "-preset",
            "veryfast", "-crf", "22", "-c:a", "aac", "-b:a", "192k", "-t", f"{duration_s:.3f}", "-movflags",
            "+faststart", str(target),
        ])  # fmt: skip
        return target.read_bytes()
