"""Who sings: the guide voice's singers, made by rule from espeak-ng's voices. Nobody's voice was recorded.

Belongs here: the singers as data, and who sings when none is named. Does not belong here: what they do with a phrase.
"""

from __future__ import annotations

from dataclasses import dataclass

from dsp.voice_pitch import PitchStyle
from dsp.voice_spectrum import Timbre


@dataclass(frozen=True)
class Singer:
    """One guide voice. ``variant`` and ``source_pitch`` (0-99) are espeak-ng's; ``centre`` is the MIDI pitch of an easy
    note, by which effort is told; ``breath_db`` is how loud an intake of breath is against a vowel.
    """

    name: str
    variant: str
    source_pitch: int
    centre: int
    timbre: Timbre
    pitch: PitchStyle
    breath_db: float = -31.0


SINGERS: dict[str, Singer] = {
    singer.name: singer
    for singer in (
        Singer("bass", "m7", 70, 52, Timbre(0.92, -0.6, 0.08, -14.0, 3_700.0),
               PitchStyle(5.1, 34.0, 0.26, 18.0, 110.0)),
        Singer("baritone", "m3", 75, 57, Timbre(0.97, 0.0, 0.08, -13.0, 4_000.0), PitchStyle(5.3, 36.0, 0.24)),
        Singer("tenor", "m1", 80, 62, Timbre(1.03, 0.7, 0.1, -12.5, 4_300.0), PitchStyle(5.7, 40.0, 0.2, 24.0, 150.0)),
        Singer("alto", "f1", 50, 60, Timbre(0.94, 0.0, 0.12, -13.0), PitchStyle(5.4, 34.0, 0.25, 20.0, 120.0)),
        Singer("mezzo", "f2", 55, 64, Timbre(1.0, 0.5, 0.14, -12.5), PitchStyle(5.6, 38.0, 0.22)),
        Singer("soprano", "f2", 70, 69, Timbre(1.08, 0.8, 0.12, -12.0), PitchStyle(5.9, 44.0, 0.2, 24.0, 110.0)),
        Singer("airy", "f4", 55, 65, Timbre(1.04, -0.4, 0.55, -11.0),
               PitchStyle(5.2, 22.0, 0.34, 14.0, 90.0, 5.0), -25.0),
        Singer("belter", "f3", 60, 66, Timbre(1.02, 2.0, 0.04, -11.5), PitchStyle(6.0, 48.0, 0.28, 28.0, 170.0)),
    )
}  # fmt: skip
BY_VOICE = {"low": "baritone", "middle": "mezzo", "high": "soprano"}
"""Who sings for creative.voice when creative.singer names nobody."""


def singer_for(voice: str, named: str | None) -> Singer:
    """The named singer, else the one for a voice's height. Raises KeyError for a name that is not there."""
    return SINGERS[named or BY_VOICE[voice]]
