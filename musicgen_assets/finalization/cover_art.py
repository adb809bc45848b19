"""Cover art drawn from the music: the whole song as a disc, once around from the first bar to the last.

Belongs here: the picture, as a task. Does not belong here: where it is embedded (finalization.tags).

Every note is a stroke: the angle is when it sounds, the distance from the middle how high it is, the colour who plays
it (Okabe and Ito's palette, told apart by colour-blind readers too); drums are dots along the rim. Between strokes
the ground glows as the sections' energy rises and falls. Equal songs have equal pictures.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.graph.job import Blob, Payload, Task
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score, Track

PATH = "cover.jpg"
SIZE_PX, EMBEDDED_PX = 1_500, 600

_ENTRY = "musicgen_assets.finalization.cover_art:draw_cover"
_COLOURS: Mapping[str, tuple[int, int, int]] = {
    "lead": (213, 94, 0), "vocal": (245, 245, 240), "counter": (204, 121, 167), "bass": (0, 114, 178),
    "chords": (230, 159, 0), "arpeggio": (0, 158, 115), "pad": (86, 180, 233), "drums": (150, 150, 150),
    "percussion": (160, 130, 80),
}  # fmt: skip
_BACK_TO_FRONT = ("pad", "chords", "arpeggio", "counter", "bass", "lead", "vocal")
_STEPS_AROUND = 4_096
_STEPS_OUT = 512
_RIM = (0.90, 0.97)
_DISC = (0.30, 0.88)
_LABEL_WIDTH = 0.25
_QUALITY = 88
_LARGEST_CODEPOINT = 0x24F
"""Latin letters with their accents: beyond, the font that every installation has may lack a letter."""
_SMOOTH = 2
"""Drawn this much larger, then averaged."""

Picture = NDArray[np.float32]


def cover_task(context: CompositionContext, score: Score, tracks: Sequence[Track]) -> Task:
    """The task of the cover; what is heard of a song and its title decide what it looks like."""
    clock = song_clock(score)
    total_s = clock.seconds(score.end_ticks)

    def parts(ticks: Sequence[int]) -> list[float]:
        return [round(float(time_s) / total_s, 5) for time_s in clock.seconds_of(ticks)]

    strokes = []
    for track in tracks:
        if not track.notes:
            continue
        starts, ends = parts([row[0] for row in track.notes]), parts([row[0] + row[1] for row in track.notes])
        notes = [[a, b, row[2]] for a, b, row in zip(starts, ends, track.notes, strict=True)]
        strokes.append({"role": track.role, "is_drums": track.is_drums, "notes": notes})
    edges = parts([section.end_ticks for section in score.sections])
    inputs = {
        "title": context.creative.title,
        "mood": [context.musical.mood.valence, context.musical.mood.arousal],
        "strokes": strokes,
        "energy": [[edge, section.energy] for edge, section in zip(edges, score.sections, strict=True)],
    }
    return Task("cover", _ENTRY, inputs)


def draw_cover(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the cover of a song as JPEG; roles "cover.jpg" (1,500 px) and "embedded" (600 px).

    ``inputs``: title, mood [valence, arousal], energy [[end, 0-1]], strokes [{role, is_drums, notes [[start, end,
    pitch]]}], times as shares of the song.
    """
    del blobs
    large = cover_image(inputs, SIZE_PX)
    small = large.resize((EMBEDDED_PX, EMBEDDED_PX))
    return [Payload(role, "image/jpeg", _jpeg(image), ".jpg") for role, image in ((PATH, large), ("embedded", small))]


def cover_image(inputs: Mapping[str, Any], size_px: int) -> Any:
    """The picture (PIL.Image.Image, RGB) at an even size; ``inputs`` as of ``draw_cover``."""
    from PIL import Image

    image = Image.fromarray(_around(_disc(inputs), size_px * _SMOOTH)).reduce(_SMOOTH)
    _write_title(image, str(inputs["title"]))
    return image


def _jpeg(image: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _disc(inputs: Mapping[str, Any]) -> Picture:
    """The song unrolled: rows from the middle outwards, columns once around; RGB 0-255, shape (out, around, 3)."""
    disc = np.empty((_STEPS_OUT, _STEPS_AROUND, 3), np.float32)
    disc[:] = _ground(inputs)[None]
    pitched = [stroke for stroke in inputs["strokes"] if not stroke["is_drums"]]
    pitches = [note[2] for stroke in pitched for note in stroke["notes"]] or [60]
    low, high = min(pitches) - 2, max(pitches) + 2
    order = {role: place for place, role in enumerate(_BACK_TO_FRONT)}
    for stroke in sorted(pitched, key=lambda stroke: order.get(stroke["role"], 0)):
        is_front = stroke["role"] in ("lead", "vocal")
        for start, end, pitch in stroke["notes"]:
            out = _DISC[0] + (_DISC[1] - _DISC[0]) * (pitch - low) / (high - low)
            _stroke(disc, stroke["role"], (start, end), (out - 0.004, out + (0.009 if is_front else 0.005)))
    for stroke in inputs["strokes"]:
        for start, _, pitch in stroke["notes"] if stroke["is_drums"] else ():
            out = _RIM[0] + (_RIM[1] - _RIM[0]) * (pitch % 12) / 12.0
            _stroke(disc, stroke["role"], (start, start + 0.0012), (out, out + 0.006))
    return disc


def _ground(inputs: Mapping[str, Any]) -> Picture:
    """The colour under each step around, shape (around, 3): warm for a happy song, cool for a sad one."""
    valence, arousal = inputs["mood"]
    cool, warm = np.array((16.0, 24.0, 48.0)), np.array((52.0, 22.0, 24.0))
    base = (cool + (warm - cool) * valence) * (0.75 + 0.5 * arousal)
    energy = np.zeros(_STEPS_AROUND)
    begin = 0.0
    for end, value in inputs["energy"]:
        energy[round(begin * _STEPS_AROUND) : round(end * _STEPS_AROUND)] = value
        begin = end
    kernel = np.hanning(161) / np.hanning(161).sum()
    smooth = np.convolve(np.concatenate([energy[-80:], energy, energy[:80]]), kernel, mode="valid")
    return np.asarray(base[None] * (0.55 + 0.9 * smooth[:, None]), dtype=np.float32)


def _stroke(disc: Picture, role: str, around: tuple[float, float], out: tuple[float, float]) -> None:
    left, right = round(around[0] * _STEPS_AROUND), round(around[1] * _STEPS_AROUND)
    low, high = round(out[0] * _STEPS_OUT), round(out[1] * _STEPS_OUT)
    place = disc[low : max(high, low + 1), left : max(right, left + 1)]
    colour = np.array(_COLOURS.get(role, (150, 150, 150)), np.float32)
    strength = np.float32(0.55 if role == "pad" else 0.88)
    place += (colour - place) * strength


def _around(disc: Picture, size_px: int) -> NDArray[np.uint8]:
    """The unrolled song rolled up, clockwise from the top; shape (size, size, 3), an even size.

    The four quarters differ by a quarter turn only, so angles are found for one.
    """
    flat = np.clip(disc, 0, 255).astype(np.uint8)
    half = size_px // 2
    axis = (np.arange(half, dtype=np.float32) + np.float32(0.5)) / np.float32(half)
    right, up = axis[None, :], axis[::-1, None]
    radius = np.sqrt(right * right + up * up)
    turn = np.arctan2(right, up) / np.float32(2 * np.pi)
    column = (turn * _STEPS_AROUND).astype(np.int32)
    row = np.minimum((radius * _STEPS_OUT).astype(np.int32), _STEPS_OUT - 1)
    outside, inside = radius > 1.0, radius < _DISC[0] - 0.02
    corner = (flat[-1].mean(axis=0) * 0.6).astype(np.uint8)
    middle = (flat[0].mean(axis=0) * 0.8).astype(np.uint8)
    pixels = np.empty((2 * half, 2 * half, 3), np.uint8)
    for quarter, (top, left) in enumerate(((0, half), (half, half), (half, 0), (0, 0))):
        part = flat[row, (column + quarter * _STEPS_AROUND // 4) % _STEPS_AROUND]
        part[outside] = corner
        part[inside] = middle
        pixels[top : top + half, left : left + half] = np.rot90(part, -quarter)
    return pixels


def _write_title(image: Any, title: str) -> None:
    """The title in the middle, as large as fits on at most four lines; none in letters that the font may lack."""
    import matplotlib as mpl
    from PIL import ImageDraw, ImageFont

    words = title.split()
    if not words or max(map(ord, title)) > _LARGEST_CODEPOINT:
        return
    font_path = str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf")
    draw = ImageDraw.Draw(image)
    width = image.size[0] * _LABEL_WIDTH
    for size in range(round(image.size[0] * 0.075), 8, -2):
        font = ImageFont.truetype(font_path, size)
        lines = _lines(words, lambda text, font=font: draw.textlength(text, font=font), width)
        if len(lines) <= 4 and all(draw.textlength(line, font=font) <= width for line in lines):
            draw.multiline_text(
                (image.size[0] / 2, image.size[1] / 2), "\n".join(lines), font=font, fill=(245, 245, 240),
                anchor="mm", align="center", spacing=size // 4,
            )  # fmt: skip
            return


def _lines(words: Sequence[str], length: Any, width: float) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        if length(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
