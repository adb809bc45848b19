"""The licence certificate of a video package: one page, its text, and the line to paste under a video.

Belongs here: words and page. Does not belong here: the licence itself (finalization.licence). It names the music by the
hash of its master, not a person or a day: equal songs have equal certificates.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from musicgen_assets.finalization import licence
from musicgen_assets.finalization.delivered import delivery_of, engine_title, terms_of, voice_of
from musicgen_assets.finalization.metadata import SongFacts

PAGE_PT = (595.276, 841.89)
_MARGIN_PT = 62.0
_COVERED = (
    "any video, film, advertisement, stream, podcast or game; every place and medium; for ever; "
    "also where money is earned"
)
_OURS = "a computer program (musicgen), without recordings of others and without models trained on them"
_BLUE, _INK, _SOFT = (0.0, 0.447, 0.698), (0.13, 0.12, 0.11), (0.38, 0.35, 0.32)


def paste_line(song: SongFacts) -> str:
    """What may stand under a video: not asked for, but it answers whoever asks."""
    terms = terms_of(song.record)
    free = "with musicgen, free to use in this video, commercially too"
    if terms is not None:
        free = f"by {terms[0]}, used by its terms ({terms[1]['terms_url']})"
    return f"Music: “{song.title}”, AI-generated {free}. Certificate {certificate_number(song)}"


def certificate_number(song: SongFacts) -> str:
    """Twelve hexadecimal digits of the hash of every decision about the song, in groups of four."""
    digits = song.context_sha256[:12].upper()
    return "-".join(digits[at : at + 4] for at in range(0, 12, 4))


def rows(song: SongFacts, master_sha256: str) -> list[tuple[str, str]]:
    """What the certificate certifies, label and text."""
    musical = song.context.musical
    words = "given by the person who asked for the song, and theirs" if song.context.creative.lyrics else "none"
    if song.lines and not song.context.creative.lyrics:
        words = "made by the same program"
    genres = ", ".join(one.name.replace("_", " ") for one in musical.genres)
    length_s = float(song.measures["duration_s"])
    terms = terms_of(song.record)
    return [
        ("Title", song.title),
        ("Certificate", certificate_number(song)),
        ("Music", f"{genres}; {musical.key} {musical.scale}, {musical.tempo_bpm:g} BPM, {length_s:g} s"),
        ("Made by", _made_by(song)),
        ("Words", words),
        ("Rights", licence.short_of(song.record)),
        ("Covers", _COVERED if terms is None else f"what the terms at {terms[1]['terms_url']} allow"),
        ("Does not cover", "a claim that a law protects the music as a work, which differs from country to country"),
        ("Master (SHA-256)", master_sha256),
    ]


def _made_by(song: SongFacts) -> str:
    if delivery_of(song.record) is not None:
        return f"{engine_title(song.record)}, after a plan by musicgen"
    voice = voice_of(song.record)
    return _OURS if voice is None else f"a computer program (musicgen), and sung by {engine_title(voice)}"


def certificate_text(song: SongFacts, master_sha256: str) -> str:
    """certificate.txt."""
    told = "\n".join(f"{label}: {text}" for label, text in rows(song, master_sha256))
    return (
        f"LICENCE CERTIFICATE\n\n{told}\n\nThe music comes as it is, without any warranty.\n\n"
        f"A line to paste under the video, if you like:\n{paste_line(song)}\n"
    )


def certificate_pdf(song: SongFacts, master_sha256: str) -> bytes:
    """certificate.pdf: an A4 page."""
    from reportlab.pdfgen.canvas import Canvas

    from musicgen_assets.finalization.svg_pages import font

    target = io.BytesIO()
    canvas = Canvas(target, pagesize=PAGE_PT, invariant=1, pageCompression=1)
    canvas.setTitle(f"Licence certificate: {song.title}")
    canvas.setCreator("musicgen")
    width, height = PAGE_PT
    canvas.setStrokeColorRGB(*_BLUE)
    canvas.setLineWidth(2.5)
    canvas.rect(30, 30, width - 60, height - 60)
    canvas.setLineWidth(0.6)
    canvas.rect(36, 36, width - 72, height - 72)
    canvas.setFillColorRGB(*_BLUE)
    canvas.setFont(font("bold"), 26)
    canvas.drawCentredString(width / 2, height - 110, "Licence certificate")
    top = height - 165.0
    for label, text in rows(song, master_sha256):
        top = _row(canvas, label, text, top)
    top = _paragraph(canvas, ["The music comes as it is, without any warranty."], top - 14, 10, _SOFT)
    canvas.setFillColorRGB(*_INK)
    canvas.setFont(font("bold"), 11)
    canvas.drawString(_MARGIN_PT, top - 26, "A line to paste under the video, if you like")
    _paragraph(canvas, _wrapped(paste_line(song), 11, width - 2 * _MARGIN_PT), top - 44, 11, _INK)
    canvas.showPage()
    canvas.save()
    return target.getvalue()


def _row(canvas: Any, label: str, text: str, top: float) -> float:
    from musicgen_assets.finalization.svg_pages import font

    indent = 118.0
    canvas.setFillColorRGB(*_SOFT)
    canvas.setFont(font(), 11)
    canvas.drawString(_MARGIN_PT, top, label)
    lines = _wrapped(text, 11, PAGE_PT[0] - 2 * _MARGIN_PT - indent)
    return _paragraph(canvas, lines, top, 11, _INK, indent) - 8


def _paragraph(
    canvas: Any, lines: Sequence[str], top: float, size: float, colour: tuple[float, float, float], indent: float = 0.0
) -> float:
    """Lines from ``top`` down; answers where the next may stand."""
    from musicgen_assets.finalization.svg_pages import font

    canvas.setFillColorRGB(*colour)
    canvas.setFont(font(), size)
    for line in lines:
        canvas.drawString(_MARGIN_PT + indent, top, line)
        top -= 1.4 * size
    return top


def _wrapped(text: str, size: float, width: float) -> list[str]:
    """``text`` in lines of at most ``width`` points; a word that is longer is broken."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    from musicgen_assets.finalization.svg_pages import font

    def fits(line: str) -> bool:
        return float(stringWidth(line, font(), size)) <= width

    lines = [""]
    for word in text.split():
        left = word
        if lines[-1] and fits(f"{lines[-1]} {left}"):
            lines[-1] = f"{lines[-1]} {left}"
            continue
        if lines[-1]:
            lines.append("")
        while not fits(left):
            count = next(n for n in range(len(left), 0, -1) if n == 1 or fits(left[:n]))
            lines[-1], left = left[:count], left[count:]
            lines.append("")
        lines[-1] = left
    return lines
