"""lead_sheet.pdf: the lead sheet engraved on A4 pages.

Belongs here: page size, spacing, heads and feet. Does not belong here: what stands on the sheet
(score.exports.lead_sheet), drawing SVG (svg_pages). Engraving is Verovio's, the PDF is ReportLab's. Equal sheets are
equal bytes: no dates, fixed ids.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from musicgen_assets.context.failures import PermanentFailure

A4_PT = (595.276, 841.89)
_A4_TENTHS_MM = (2100, 2970)
_MARGIN_TENTHS_MM = 130
_HEAD_TENTHS_MM = 250
"""Top margin: room for the title, on later pages for the running head."""
_OPTIONS = {
    "pageWidth": _A4_TENTHS_MM[0], "pageHeight": _A4_TENTHS_MM[1], "pageMarginTop": _HEAD_TENTHS_MM,
    "pageMarginBottom": _MARGIN_TENTHS_MM, "pageMarginLeft": _MARGIN_TENTHS_MM, "pageMarginRight": _MARGIN_TENTHS_MM,
    "scale": 40, "breaks": "smart", "breaksSmartSb": 0.35, "header": "none", "footer": "none", "xmlIdChecksum": True,
    "svgViewBox": True, "spacingSystem": 9, "lyricTopMinMargin": 3, "harmDist": 1.5, "mnumInterval": 0,
}  # fmt: skip


@dataclass(frozen=True)
class SheetHead:
    """What stands above the first bar."""

    title: str
    left: str
    right: str


def lead_sheet_pdf(sheet: bytes, head: SheetHead) -> bytes:
    """``sheet`` (MusicXML) as a PDF of A4 pages. Raises PermanentFailure where it cannot be engraved."""
    from reportlab.pdfgen.canvas import Canvas

    from musicgen_assets.finalization.svg_pages import PageDrawer

    pages = _engraved(sheet)
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4_PT, invariant=1, pageCompression=1)
    canvas.setTitle(head.title)
    canvas.setCreator("musicgen")
    drawer = PageDrawer(canvas)
    for number, svg in enumerate(pages, start=1):
        drawer.draw(svg, *A4_PT)
        _head(canvas, head, number, len(pages))
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def _engraved(sheet: bytes) -> list[str]:
    """The pages as SVG."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(_OPTIONS)
    if not toolkit.loadData(sheet.decode("utf-8")):
        raise PermanentFailure(
            "The lead sheet cannot be engraved.", way_out="Open score.musicxml in a notation program."
        )
    return [str(toolkit.renderToSVG(page)) for page in range(1, int(toolkit.getPageCount()) + 1)]


def _head(canvas: Any, head: SheetHead, number: int, pages: int) -> None:
    from musicgen_assets.finalization.svg_pages import font

    width, height = A4_PT
    side = _MARGIN_TENTHS_MM / 10 / 25.4 * 72
    if number == 1:
        canvas.setFont(font("bold"), _fitting(head.title, 20.0, width - 2 * side))
        canvas.drawCentredString(width / 2, height - 38, head.title)
        canvas.setFont(font(), 10)
        canvas.drawString(side, height - 56, head.left)
        canvas.drawRightString(width - side, height - 56, head.right)
    else:
        canvas.setFont(font("italic"), 9)
        canvas.drawString(side, height - 38, head.title)
    if pages > 1:
        canvas.setFont(font(), 9)
        canvas.drawCentredString(width / 2, 20, f"{number} / {pages}")


def _fitting(text: str, size: float, width: float) -> float:
    """``size``, or the smaller one at which ``text`` is ``width`` wide."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    from musicgen_assets.finalization.svg_pages import font

    natural = float(stringWidth(text, font("bold"), size))
    return size if natural <= width else size * width / natural
