"""What the voice is asked to sing when it is measured: lines, tunes and word lists in five languages.

Belongs here: words and notes. Does not belong here: measuring.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from musicgen_assets.composition.prosody import line_of
from musicgen_assets.production.voice.singers import SINGERS

LINES: dict[str, tuple[str, ...]] = {
    "en": (
        "the river keeps the morning in its hands", "somebody left a candle by the door",
        "we were running home before the rain", "tell me what the silver water said",
        "never let the garden fall asleep",
    ),
    "es": (
        "la lluvia canta sobre la ventana", "camino solo por la madrugada", "tu nombre queda escrito en la pared",
        "bailamos juntos hasta el otro día", "mañana vuelvo a verte junto al mar",
    ),
    "fr": (
        "la lune passe au-dessus du jardin", "je garde une chanson pour toi ce soir", "demain le vent dira ton nom",
        "nos pas se perdent dans la neige", "une petite lampe reste allumée",
    ),
    "de": (
        "der Regen singt die ganze Nacht für dich", "wir laufen barfuß durch das hohe Gras",
        "ein kleines Licht steht noch am Fenster", "morgen suchen wir das blaue Meer", "keiner kennt den Weg nach Haus",
    ),
    "pt": (
        "a chuva cai devagar na cidade", "guardei teu nome dentro da canção", "amanhã eu volto para o mar",
        "ninguém dança sozinho na calçada", "o vento leva a noite para longe",
    ),
}  # fmt: skip
WORDS: dict[str, tuple[str, ...]] = {
    "en": ("light", "night", "ride", "mine", "say", "day", "way", "shame", "name", "sun", "love", "run", "tough",
           "seat", "deep", "feel", "team", "soul", "home", "boat"),
    "es": ("mano", "paso", "lago", "rayo", "caja", "vino", "pico", "niño", "libro", "tiro", "noche", "coche", "roto",
           "solo", "foto", "luna", "fuga", "duda", "gusto", "mesa"),
    "fr": ("mur", "dur", "sur", "lune", "rue", "main", "pain", "vin", "train", "fin", "dire", "rire", "lire", "vite",
           "chat", "bras", "pas", "lac", "roue", "jour"),
    "de": ("Haus", "Maus", "Raum", "Baum", "Laub", "Wein", "Bein", "Zeit", "leise", "Reise", "Nacht", "Macht", "Hand",
           "Sand", "Wald", "Licht", "Wind", "Kind", "Tisch", "still"),
    "pt": ("mala", "sala", "cama", "rapaz", "faca", "vida", "fila", "tinta", "rio", "piso", "noite", "boi", "coisa",
           "moço", "voz", "lua", "rua", "chuva", "luta", "tudo"),
}  # fmt: skip
"""Twenty words a language, in groups that differ by their consonants, so that vowels alone do not tell them apart."""
TUNES = ((0, 2, 4, 5, 4, 2, 0, 4), (4, 7, 5, 4, 2, 5, 4, 0), (0, 5, 4, 2, 7, 5, 2, 4))
LENGTHS_S = (0.36, 0.3, 0.72, 0.36, 0.3, 0.9, 0.42, 1.1)
NOTES_A_LANGUAGE = 40


def phrase(text: str, language: str, singer: str, number: int, **changes: Any) -> dict[str, Any]:
    """Inputs of ``sing.sing`` for a line on a tune, a note a syllable, about the singer's easy pitch."""
    line = line_of(text, language)
    tune, centre = TUNES[number % len(TUNES)], SINGERS[singer].centre - 3
    rows, time = [], 0.0
    for place in range(len(line.syllables)):
        length = LENGTHS_S[(place + number) % len(LENGTHS_S)]
        rows.append([place, round(time, 4), round(0.97 * length, 4), centre + tune[place % len(tune)], 92])
        time += length
    return {
        "language": language, "singer": singer, "delivery": "sung", "take": 0, "level_db": 0.0, "breath_s": 0.0,
        "syllables": [[text, bool(is_end)] for text, is_end in zip(line.syllables, line.word_ends, strict=True)],
        "notes": rows, **changes,
    }  # fmt: skip


def singer_of(number: int) -> str:
    """All singers in turn."""
    return list(SINGERS)[number % len(SINGERS)]


def word(text: str, language: str, singer: str) -> dict[str, Any]:
    """A single word, half a second a syllable and more for its last."""
    made = phrase(text, language, singer, 0)
    count = len(made["syllables"])
    centre = SINGERS[singer].centre
    made["notes"] = [
        [place, 0.45 * place, 0.44 if place < count - 1 else 0.6, centre + int(2 * np.sin(place)), 92]
        for place in range(count)
    ]
    return {**made, "breath_s": 0.0}


def without_consonants(inputs: dict[str, Any], samples: Any) -> Any:
    """The same singing with every consonant silenced: what is left when only vowels are sung."""
    from dsp.vocoder import RATE_HZ
    from musicgen_assets.production.voice.sing import planned

    gain = np.zeros(len(samples), dtype=np.float32)
    for piece in planned(inputs).pieces:
        if piece.phoneme.is_vowel:
            gain[round(piece.start_s * RATE_HZ) : round(piece.end_s * RATE_HZ)] = 1.0
    fade = round(0.01 * RATE_HZ)
    return samples * np.convolve(gain, np.full(fade, 1.0 / fade, dtype=np.float32), mode="same")
