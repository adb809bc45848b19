"""Pages that Verovio has engraved (SVG) drawn on a PDF canvas.

Belongs here: the few SVG elements that Verovio uses: groups, paths, glyphs, polygons, ellipses, rectangles, text. Does
not belong here: what is engraved (lead_sheet_pdf). General SVG converters take a second a page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_MUSIC_FONT = "Leipzig"
_NUMBER = r"-?\d*\.?\d+(?:e-?\d+)?"
_TOKEN = re.compile(rf"[A-Za-z]|{_NUMBER}")
_TRANSFORM = re.compile(r"(\w+)\(([^)]*)\)")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "Z": 0}
_BOLD, _ITALIC = {"ending", "fing", "reh", "tempo"}, {"dir", "dynam", "mNum"}
"""Classes of groups whose text Verovio's style sheet makes bold or italic."""
_FONT_FILES = {"": "STIXGeneral.ttf", "bold": "STIXGeneralBol.ttf", "italic": "STIXGeneralItalic.ttf"}
"""Metric twins of Times, which Verovio spaces text for; they come with matplotlib."""


@dataclass(frozen=True)
class _Style:
    """What text inherits from its groups."""

    face: str = ""
    anchor: str = "start"
    size: float = 0.0
    is_music: bool = False


def font(face: str = "") -> str:
    """The PDF font of a face ("", bold, italic), registered on first use."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    name = f"STIX{face}"
    if name not in pdfmetrics.getRegisteredFontNames():
        import matplotlib as mpl

        path = Path(mpl.get_data_path()) / "fonts" / "ttf" / _FONT_FILES[face]
        pdfmetrics.registerFont(TTFont(name, str(path)))
    return name


class PageDrawer:
    """Draws SVG pages on one canvas, glyphs once for all pages."""

    def __init__(self, canvas: Any) -> None:
        self.canvas = canvas
        self.glyphs: dict[str, str] = {}

    def draw(self, svg: str, width_pt: float, height_pt: float) -> None:
        """One page over the whole canvas; PDF counts upwards, SVG downwards."""
        root = ET.fromstring(svg)  # noqa: S314  # made by Verovio in this process
        for glyph in root.iterfind(f"{_SVG}defs/{_SVG}g"):
            identity = glyph.get("id", "")
            path = glyph.find(f"{_SVG}path")
            if path is not None:
                self._keep(identity, path.get("d", ""))
        inner = root.find(f"{_SVG}svg")
        if inner is None:
            return
        box = [float(number) for number in inner.get("viewBox", "0 0 21000 29700").split()]
        self.canvas.saveState()
        self.canvas.translate(0, height_pt)
        self.canvas.scale(width_pt / box[2], -height_pt / box[3])
        self.canvas.setLineWidth(1)
        for child in inner:
            self._element(child, _Style())
        self.canvas.restoreState()

    def _keep(self, identity: str, outline: str) -> str:
        """A glyph as a form of the PDF under its code; ``identity`` ends in what is Verovio's own for this page."""
        code = identity.split("-", maxsplit=1)[0]
        if code not in self.glyphs:
            self.glyphs[code] = f"glyph{code}"
            self.canvas.beginForm(self.glyphs[code], -3000, -3000, 3000, 3000)
            self.canvas.drawPath(self._path(outline), stroke=0, fill=1)
            self.canvas.endForm()
        return self.glyphs[code]

    def _element(self, element: ET.Element, style: _Style) -> None:
        tag = element.tag.removeprefix(_SVG)
        if tag == "g":
            self._group(element, style)
        elif tag == "use":
            self._use(element)
        elif tag == "path":
            self._drawn(self._path(element.get("d", "")), element.attrib)
        elif tag == "polygon":
            self._polygon(element)
        elif tag == "ellipse":
            x, y, rx, ry = (float(element.get(name, 0)) for name in ("cx", "cy", "rx", "ry"))
            self.canvas.ellipse(x - rx, y - ry, x + rx, y + ry, stroke=0, fill=1)
        elif tag == "rect":
            x, y, width, height = (float(element.get(name, 0)) for name in ("x", "y", "width", "height"))
            path = self.canvas.beginPath()
            path.rect(x, y, width, height)
            self._drawn(path, element.attrib)
        elif tag == "text":
            self._text(element, style)

    def _group(self, group: ET.Element, style: _Style) -> None:
        classes = set(group.get("class", "").split())
        if "placeholder" in classes:
            return
        if classes & _BOLD:
            style = replace(style, face="bold")
        elif classes & _ITALIC:
            style = replace(style, face="italic")
        moved = group.get("transform")
        if moved:
            self.canvas.saveState()
            self._transform(moved)
        for child in group:
            self._element(child, style)
        if moved:
            self.canvas.restoreState()

    def _use(self, element: ET.Element) -> None:
        self.canvas.saveState()
        self._transform(element.get("transform", ""))
        self.canvas.scale(1, -1)
        self.canvas.doForm(self.glyphs[element.get(_HREF, "").removeprefix("#").split("-", maxsplit=1)[0]])
        self.canvas.restoreState()

    def _transform(self, text: str) -> None:
        for name, arguments in _TRANSFORM.findall(text):
            numbers = [float(number) for number in re.findall(_NUMBER, arguments)]
            if name == "translate":
                self.canvas.translate(numbers[0], numbers[1] if len(numbers) > 1 else 0)
            elif name == "scale":
                self.canvas.scale(numbers[0], numbers[-1])

    def _drawn(self, path: Any, attributes: Mapping[str, str]) -> None:
        width = float(attributes.get("stroke-width", 0))
        is_filled = attributes.get("fill") != "none" and float(attributes.get("fill-opacity", 1)) > 0
        if width:
            self.canvas.setLineWidth(width)
            self.canvas.setLineCap(1 if attributes.get("stroke-linecap") == "round" else 0)
            self.canvas.setLineJoin(1 if attributes.get("stroke-linejoin") == "round" else 0)
        self.canvas.drawPath(path, stroke=int(width > 0), fill=int(is_filled))

    def _polygon(self, element: ET.Element) -> None:
        numbers = [float(number) for number in re.findall(_NUMBER, element.get("points", ""))]
        path = self.canvas.beginPath()
        path.moveTo(numbers[0], numbers[1])
        for x, y in zip(numbers[2::2], numbers[3::2], strict=True):
            path.lineTo(x, y)
        path.close()
        self.canvas.drawPath(path, stroke=0, fill=1)

    def _text(self, element: ET.Element, style: _Style) -> None:
        """One line of text in pieces: each with its own face and size, laid side by side from the anchor."""
        runs = list(_runs(element, replace(style, anchor=element.get("text-anchor", "start"))))
        if not runs:
            return
        x, y = float(element.get("x", 0)), float(element.get("y", 0))
        width = sum(_width(text, run) for text, run in runs)
        x -= {"start": 0.0, "middle": width / 2, "end": width}[runs[0][1].anchor]
        for text, run in runs:
            self._run(text, run, x, y)
            x += _width(text, run)

    def _run(self, text: str, style: _Style, x: float, y: float) -> None:
        self.canvas.saveState()
        self.canvas.translate(x, y)
        if not style.is_music:
            self.canvas.scale(1, -1)
            self.canvas.setFont(font(style.face), style.size)
            self.canvas.drawString(0, 0, text)
        else:
            self.canvas.scale(style.size / 1000, -style.size / 1000)
            for character in text.strip():
                outline, advance = music_glyph(f"{ord(character):04X}")
                self.canvas.doForm(self._keep(f"{ord(character):04X}", outline))
                self.canvas.translate(advance, 0)
        self.canvas.restoreState()

    def _path(self, data: str) -> Any:
        """An SVG path as a PDF path."""
        return _Outline(self.canvas.beginPath()).of(data)


class _Outline:
    """Follows an SVG path's commands."""

    def __init__(self, path: Any) -> None:
        self.path = path
        self.x = self.y = self.start_x = self.start_y = 0.0
        self.control: tuple[float, float] | None = None

    def of(self, data: str) -> Any:
        """The path of ``data``."""
        tokens = _TOKEN.findall(data)
        place, command = 0, "M"
        while place < len(tokens):
            if tokens[place].isalpha():
                command = tokens[place]
                place += 1
            count = _ARGUMENTS[command.upper()]
            self._do(command, [float(token) for token in tokens[place : place + count]])
            place += count
            command = {"M": "L", "m": "l"}.get(command, command)
        return self.path

    def _do(self, command: str, numbers: list[float]) -> None:
        kind, is_relative = command.upper(), command.islower()
        if kind == "Z":
            self.path.close()
            self.x, self.y, self.control = self.start_x, self.start_y, None
            return
        if kind in "HV":
            base = (self.x if kind == "H" else self.y) if is_relative else 0.0
            point = (base + numbers[0], self.y) if kind == "H" else (self.x, base + numbers[0])
            points = [point]
        else:
            dx, dy = (self.x, self.y) if is_relative else (0.0, 0.0)
            points = [(x + dx, y + dy) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        self._draw(kind, points)
        self.x, self.y = points[-1]

    def _draw(self, kind: str, points: list[tuple[float, float]]) -> None:
        if kind == "M":
            self.path.moveTo(*points[0])
            self.start_x, self.start_y = points[0]
        elif kind in "LHV":
            self.path.lineTo(*points[0])
        elif kind == "Q":
            (qx, qy), (x, y) = points
            first = (self.x + 2 / 3 * (qx - self.x), self.y + 2 / 3 * (qy - self.y))
            self.path.curveTo(*first, x + 2 / 3 * (qx - x), y + 2 / 3 * (qy - y), x, y)
        else:
            if kind == "S":
                mirrored = (2 * self.x - self.control[0], 2 * self.y - self.control[1]) if self.control else None
                points = [mirrored or (self.x, self.y), *points]
            self.path.curveTo(*points[0], *points[1], *points[2])
        self.control = points[-2] if kind in "CS" else None


def _runs(element: ET.Element, style: _Style) -> list[tuple[str, _Style]]:
    """(text, style) of an element and what is in it."""
    found: list[tuple[str, _Style]] = []
    if element.get("font-size"):
        style = replace(style, size=float(element.get("font-size", "0").removesuffix("px")))
    if element.get("font-family"):
        style = replace(style, is_music=element.get("font-family") == _MUSIC_FONT)
    if element.get("font-style") or element.get("font-weight"):
        style = replace(style, face=_face(element, style.face))
    text = element.text or ""
    if text.strip("\n\t ") or (text and style.size > 0 and not len(element)):
        found.append((text if style.size else "", style))
    for child in element:
        found += _runs(child, style)
    return [(text, run) for text, run in found if run.size > 0 and text]


def _face(element: ET.Element, inherited: str) -> str:
    if element.get("font-weight") == "bold":
        return "bold"
    if element.get("font-style") == "italic":
        return "italic"
    return "" if "normal" in (element.get("font-weight"), element.get("font-style")) else inherited


def _width(text: str, style: _Style) -> float:
    if style.is_music:
        return sum(music_glyph(f"{ord(one):04X}")[1] for one in text.strip()) * style.size / 1000
    from reportlab.pdfbase.pdfmetrics import stringWidth

    return float(stringWidth(text, font(style.face), style.size))


@lru_cache(maxsize=256)
def music_glyph(code: str) -> tuple[str, float]:
    """(outline, advance in thousandths of its size) of a glyph of Verovio's music font; empty where it has none."""
    import verovio

    folder = Path(verovio.__file__).parent / "data"
    file = folder / _MUSIC_FONT / f"{code}.xml"
    if not file.exists():
        return "", 0.0
    outline = re.search(r' d="([^"]*)"', file.read_text(encoding="utf-8"))
    box = re.search(rf'<g c="{code}"[^>]*h-a-x="([\d.]+)"', _boxes(str(folder / f"{_MUSIC_FONT}.xml")))
    return (outline.group(1) if outline else ""), float(box.group(1)) if box else 0.0


@lru_cache(maxsize=1)
def _boxes(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
