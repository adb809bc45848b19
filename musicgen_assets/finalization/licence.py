"""Whose the music is, and what it was made with: licence.txt and the line that goes into tags.

Belongs here: the words. Does not belong here: the licence of this program, which says nothing about the music
people make.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatch
from typing import Any

from musicgen_assets.finalization.delivered import delivery_of, engine_title, terms_of, voice_of
from musicgen_assets.production.delivered import DELIVERED

SHORT = "Yours to use, change, publish and sell; no attribution needed"


def short_of(record: Mapping[str, Any]) -> str:
    """What may be done with the song, in a line: ours to give, or as the engine's terms say."""
    terms = terms_of(record)
    return SHORT if terms is None else f"{terms[0]}: {terms[1]['licence']}; see {terms[1]['terms_url']}"


_FONTS = (
    ("TimGM6mb*", "GNU General Public License, version 2 (Tim Brechbill)"),
    ("FluidR3*", "MIT (Frank Wen)"),
    ("MuseScore_General*", "MIT (S. Christian Collins, after FluidR3 by Frank Wen)"),
    ("GeneralUser*", "GeneralUser GS License v2.0 (S. Christian Collins)"),
)
"""File name pattern to licence."""
_UNKNOWN_FONT = "see the licence that came with it"


def font_licence(font: str) -> str:
    """The licence of a SoundFont by its file name."""
    return next((licence for pattern, licence in _FONTS if fnmatch(font, pattern)), _UNKNOWN_FONT)


def licence_text(title: str, record: Mapping[str, Any], *, has_own_words: bool) -> str:
    """licence.txt. ``record`` is the take's; ``has_own_words`` whether the lyrics came from the person who asked."""
    if delivery_of(record) is not None:
        return _delivered_text(title, record, has_own_words=has_own_words)
    font = str(record.get("font", ""))
    words = "The words were given by the person who asked for the song, and remain theirs.\n" if has_own_words else ""
    played = (
        f"\nThe instruments are those of the SoundFont {font}. Licence of the font: {font_licence(font)}.\n"
        "That licence is about the font's own file, which is not part of this release.\n"
        if font
        else ""
    )
    is_sung_elsewhere = voice_of(record) is not None
    what, it = (
        ("All but the singing of this music", "All but the singing") if is_sung_elsewhere else ("This music", "It")
    )
    return (
        f"{title}\n\n"
        f"{what} was made by a computer program: composed, arranged, played, mixed and mastered by its\n"
        "built-in engine, without recordings of others and without models trained on them. AI-generated.\n\n"
        f"{_given_text(record)}"
        f"The program's makers claim no rights in it. {it} is yours: use it, change it, publish it, sell it, with\n"
        "or without saying where it comes from. Whether a law protects it as a work differs from country to\n"
        "country.\n"
        f"{words}{_voice_text(record)}{_borrowed_text(record)}{played}\n"
        "The music comes as it is, without any warranty.\n"
    )


def _delivered_text(title: str, record: Mapping[str, Any], *, has_own_words: bool) -> str:
    delivery = record[DELIVERED]
    words = "The words were given by the person who asked for the song, and remain theirs.\n" if has_own_words else ""
    return (
        f"{title}\n\n"
        f"This music was made by {engine_title(record)}, after a plan that a computer program (musicgen) wrote; the\n"
        "program mixed and mastered what came back. AI-generated.\n\n"
        f"What may be done with it is what that engine's terms say: {delivery['licence']}.\n"
        f"{delivery['terms_url']}\n\n"
        f"{_given_text(record)}"
        "The program's makers claim no rights in it, and can give none. Read the terms before you publish or sell it.\n"
        f"{words}\n"
        "The music comes as it is, without any warranty.\n"
    )


def _given_text(record: Mapping[str, Any]) -> str:
    """What people gave in the place of a stem; nothing where all was made here."""
    rows = [f"  {row['track']}: {row['name']} (sha256 {row['sha256']})\n" for row in record.get("given", ())]
    if not rows:
        return ""
    return f"These parts were not made by it, but given by the person who asked, and remain theirs:\n{''.join(rows)}\n"


def _borrowed_text(record: Mapping[str, Any]) -> str:
    """Whose the voice is, where another engine sings; nothing elsewhere."""
    voice = voice_of(record)
    if voice is None:
        return ""
    return (
        f"\nThe singing alone was made by {engine_title(voice)}; what may be done with it, and so with this song, is\n"
        f"what that engine's terms say: {voice['licence']}.\n{voice['terms_url']}\n"
    )


def _voice_text(record: Mapping[str, Any]) -> str:
    """What is to be known about a guide vocal; nothing where nobody sings."""
    vocal = record.get("vocal") or {}
    if vocal.get("carrier") != "guide_voice":
        return ""
    return (
        f"\nThe singer is a guide vocal ({vocal.get('singer', '')}): a synthetic voice made by rule with\n"
        f"{vocal.get('engine', '')}, of nobody's recorded voice. It shows a singer what to sing.\n"
    )
