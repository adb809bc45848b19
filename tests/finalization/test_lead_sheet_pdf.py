"""The lead sheet is a PDF of A4 pages with everything on them, the same bytes for the same song."""

from __future__ import annotations

import pypdfium2
import pytest

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.finalization.exports import NAMES, files_of
from musicgen_assets.finalization.lead_sheet_pdf import A4_PT, SheetHead, lead_sheet_pdf
from musicgen_assets.score.exports.lead_sheet import lead_sheet
from musicgen_assets.score.exports.written import Swing, WrittenScore, written_score
from support.paper_song import paper_score, paper_words

HEAD = SheetHead("Été & <São Paulo>", "Swing, 96 BPM", "C major")


def paper() -> WrittenScore:
    return written_score(paper_score(), syllables=paper_words(), swing=Swing(0.66))


@pytest.fixture(scope="module")
def sheet() -> bytes:
    return lead_sheet_pdf(lead_sheet(paper()), HEAD)


def test_the_pages_are_a4_and_carry_title_tempo_key_sections_and_words(sheet: bytes) -> None:
    pages = pypdfium2.PdfDocument(sheet)
    assert len(pages) == 1
    assert pages[0].get_size() == pytest.approx(A4_PT, abs=0.1)
    text = pages[0].get_textpage().get_text_bounded()
    for word in ("Été & <São Paulo>", "Swing, 96 BPM", "C major", "Verse", "Chorus", "Wa", "ter", "falls", "E7"):
        assert word in text


def test_there_is_ink_where_the_staff_is_and_none_in_the_margins(sheet: bytes) -> None:
    picture = pypdfium2.PdfDocument(sheet)[0].render(scale=1).to_numpy()[..., 0]
    height, width = picture.shape
    assert (picture[height // 12 : height // 3] < 128).mean() > 0.01
    assert (picture[:, : width // 40] > 200).all()
    assert (picture[:, -width // 40 :] > 200).all()


def test_equal_songs_are_equal_bytes(sheet: bytes) -> None:
    assert lead_sheet_pdf(lead_sheet(paper()), HEAD) == sheet
    assert b"CreationDate (D:2000" in sheet  # ReportLab's fixed one


def test_what_is_no_music_is_refused() -> None:
    with pytest.raises(PermanentFailure, match="cannot be engraved"):
        lead_sheet_pdf(b"<nonsense/>", HEAD)


def test_every_export_is_written(sheet: bytes) -> None:
    files = files_of(paper())
    assert tuple(files) == NAMES
    assert all(files.values())
    assert b"Swing" in files["score_quantized.mid"]
