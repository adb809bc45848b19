"""report.html stands alone, says everything, and is safe whatever the song is called."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from PIL import Image

from musicgen_assets.finalization.report import check_label, clock, number
from support.sounding_song import BAND


class Page(HTMLParser):
    """Tags with their attributes, ids, and whether every tag that opens closes."""

    VOID = ("meta", "img", "source", "br", "hr", "link", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(released: Any) -> Page:
    return Page(released.data("report.html").decode())


def test_it_is_well_formed_and_in_a_language(page: Page) -> None:
    assert page.open == []
    assert page.all("html") == [{"lang": "en"}]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    for section in page.all("section"):
        assert section["aria-labelledby"] in ids


def test_it_asks_for_nothing_from_outside(released: Any, page: Page) -> None:
    text = released.data("report.html").decode()
    assert not re.search(r"""(src|href)\s*=\s*["'](https?:)?//""", text)
    assert "@import" not in text
    assert "url(" not in text
    targets = [a.get("src") or a.get("href") or "" for _, a in page.tags if "src" in a or "href" in a]
    for target in targets:
        assert target.startswith("data:image/png;base64,") or target.split("#")[0] in released.paths, target[:60]


def test_master_and_every_stem_can_be_played(page: Page) -> None:
    sources = [source["src"] for source in page.all("source") if "src" in source]
    assert sources == ["master.mp3", "master.ogg", "master.flac", "master.wav"]
    stems = [audio for audio in page.all("audio") if "src" in audio]
    assert {audio["src"] for audio in stems} == {f"stems/{name}.flac" for name in BAND}
    assert all(audio["aria-label"] for audio in page.all("audio"))


def test_pictures_are_inside_and_described(page: Page) -> None:
    pictures = page.all("img")
    dark = [str(source["srcset"]) for source in page.all("source") if "srcset" in source]
    assert len(pictures) == len(dark) == 7
    for picture, twin in zip(pictures, dark, strict=True):
        assert picture["alt"]
        light, night = (
            base64.b64decode(data.removeprefix("data:image/png;base64,")) for data in (picture["src"], twin)
        )
        assert light.startswith(b"\x89PNG")
        assert night.startswith(b"\x89PNG")
        assert brightness(light) > 150 > 90 > brightness(night)


def brightness(png: bytes) -> float:
    """Of the picture's corner, which is page."""
    return float(np.asarray(Image.open(io.BytesIO(png)).convert("L"))[:3, :3].mean())


def test_names_are_text_never_markup(page: Page) -> None:
    said = " ".join(page.text)
    assert "Été & <summer>" in said
    assert "A <b>summer</b> song & more" in said
    assert "It is a loop & <meant> to be one." in said
    assert not page.all("summer")
    assert not page.all("meant")


def test_it_tells_checks_waivers_words_and_engines(page: Page) -> None:
    said = re.sub(r"[ \n]+", " ", " ".join(page.text))
    for words in (
        "32 of 33 checks passed, 1 waived", "Structure was waived by ada", "Walk with me under the summer sky.",
        "played by a lead instrument", "tinysoundfont", "−14.0\u00a0LUFS", "C major", "120 BPM", "Seed",
    ):  # fmt: skip
        assert words in said, words


def test_instrumentals_have_no_words_and_no_excuse(instrumental: Any) -> None:
    text = instrumental.data("report.html").decode()
    assert 'id="words"' not in text
    assert "lyrics.lrc" not in text
    assert "lead instrument" not in text
    assert "none, an instrumental" in text


def test_there_is_nothing_of_the_composition_in_it(released: Any) -> None:
    assert b"summer-song" not in released.data("report.html")


def test_numbers_are_written_for_people() -> None:
    assert number(-14.04, "LUFS") == "−14.0\u00a0LUFS"
    assert number(0.5, "dB", signed=True) == "+0.5\u00a0dB"
    assert clock(75.4) == "1:15"
    assert check_label("true_peak") == "True peak"
    assert check_label("some_new_check") == "Some new check"


def test_every_kind_of_master_can_be_played() -> None:
    from typing import get_args

    from musicgen_assets.context.schema import AudioFormat
    from musicgen_assets.finalization.encode import ENDINGS
    from musicgen_assets.finalization.report import _playable

    paths = [f"master.{ENDINGS.get(name, name)}" for name in get_args(AudioFormat)]
    assert {row["path"] for row in _playable(paths)} == set(paths)
    assert _playable(paths)[0]["type"] == "audio/mpeg"
