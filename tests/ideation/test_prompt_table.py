"""What prompts in five languages come to: every row is a prompt and what must be understood from it."""

from __future__ import annotations

from typing import Any

import pytest

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.ideation.brief import accept, brief_of


def resolved(prompt: str, seed: int = 1, **overrides: Any) -> CompositionContext:
    named = {path.replace("__", "."): value for path, value in overrides.items()}
    return accept(brief_of({"prompt": prompt, "seed": seed, "overrides": named}))


def facts(context: CompositionContext) -> dict[str, Any]:
    """The values a row may name."""
    musical, creative = context.musical, context.creative
    return {
        "genre": musical.genres[0].name if len(musical.genres) == 1 else None,
        "genres": {genre.name: round(genre.weight, 2) for genre in musical.genres},
        "key": f"{musical.key} {musical.scale}",
        "tonic": musical.key,
        "scale": musical.scale,
        "bpm": musical.tempo_bpm,
        "meter": musical.time_signature,
        "seconds": context.technical.duration_s,
        "language": creative.language,
        "sung": creative.has_vocals,
        "theme": creative.theme,
        "title": creative.title,
        "voice": creative.voice,
        "sections": " ".join(section.kind for section in musical.structure),
        "excluded": set(musical.excluded_roles),
    }


DRUMLESS = {"drums", "percussion"}
ROWS: list[tuple[str, dict[str, Any]]] = [
    # English
    (
        "upbeat pop song about summer",
        {"genre": "pop", "sung": True, "theme": "summer", "title": "Summer", "language": "en"},
    ),
    ("a calm piano piece", {"genre": "solo_piano", "sung": False, "meter": "4/4", "title": "Calm piano piece"}),
    ("melancholic jazz waltz with piano, 90 seconds", {"genre": "jazz_swing", "meter": "3/4", "seconds": 90}),
    (
        "70% house 30% jazz at 124 bpm in F# minor, 2:30",
        {"genres": {"house": 0.7, "jazz_swing": 0.3}, "bpm": 124, "key": "F# minor", "seconds": 150},
    ),
    ("house 30% and jazz 70%", {"genres": {"house": 0.3, "jazz_swing": 0.7}}),
    ("house with jazz", {"genres": {"house": 0.65, "jazz_swing": 0.35}}),
    ("techno with a touch of jazz", {"genres": {"techno": 0.74, "jazz_swing": 0.26}}),
    ("folk and funk", {"genres": {"folk": 0.5, "funk": 0.5}}),
    ("sad waltz in D minor, no drums", {"genre": "waltz", "key": "D minor", "meter": "3/4", "excluded": DRUMLESS}),
    ("bosa nova without drums, bass or flute", {"genre": "bossa_nova", "excluded": {*DRUMLESS, "bass"}}),
    ("rokc song at ninety-five bpm", {"genre": "rock", "bpm": 95}),
    ("synthwav, one hundred and ten bpm", {"genre": "synthwave", "bpm": 110}),
    ("drum-free house, not jazz", {"genre": "house"}),
    ("waltz in 4/4", {"genre": "waltz", "meter": "4/4"}),
    (
        "folk song about the sea in 3/4, verse chorus verse chorus bridge chorus",
        {
            "genre": "folk",
            "meter": "3/4",
            "sung": True,
            "theme": "the sea",
            "sections": "verse chorus verse chorus bridge chorus",
        },
    ),
    ("pop, verse x2 chorus bridge chorus", {"sections": "verse verse chorus bridge chorus"}),
    ("AABA jazz standard", {"genre": "jazz_swing", "sections": "verse verse bridge verse"}),
    (
        "a lullaby in a minor key, sung in Spanish",
        {"genre": "lullaby", "scale": "minor", "language": "es", "sung": True},
    ),
    (
        'song called "Neon Rain", synthwave, 80s, 100-110 bpm',
        {"genre": "synthwave", "title": "Neon Rain", "bpm": 105, "seconds": 120},
    ),
    ("a rock tune titled Burning Bridges, 3 min", {"genre": "rock", "title": "Burning Bridges", "seconds": 180}),
    ("90s hip hop for 90s", {"genre": "hip_hop", "seconds": 90}),
    ("80s synth pop", {"genre": "synthwave", "seconds": 120}),
    ("house in Bb minor, 2 minutes and 30 seconds", {"key": "Bb minor", "seconds": 150}),
    ("slow blues in E, harmonica and guitar", {"genre": "blues", "tonic": "E"}),
    ("a march in E flat major", {"key": "Eb major", "meter": "2/4"}),
    ("ambient in C-sharp minor, ten minutes", {"genre": "ambient", "key": "C# minor", "seconds": 600}),
    ("funk in a minor key", {"genre": "funk", "scale": "minor"}),
    ("jazz in a minor, half a minute", {"genre": "jazz_swing", "key": "A minor", "seconds": 30}),
    ("a minute and a half of reggae", {"genre": "reggae", "seconds": 90, "title": "Reggae"}),
    ("celtic jig in six-eight", {"genre": "celtic", "meter": "6/8"}),
    ("instrumental pop about winter", {"genre": "pop", "sung": False, "theme": "winter"}),
    ("pop with no vocals", {"genre": "pop", "sung": False}),
    ("k-pop hit, female voice, 128bpm", {"genre": "k_pop", "sung": True, "voice": "high", "bpm": 128}),
    ("rock ballad with deep male vocals", {"genre": "rock", "sung": True, "voice": "low"}),
    ("solo cello in D dorian, adagio", {"key": "D dorian", "bpm": 70}),
    ("allegro piano piece at 96 bpm", {"genre": "solo_piano", "bpm": 96}),
    ("pop with a 10 second intro", {"genre": "pop", "seconds": 120}),
    ("acoustic guitar and rock", {"genre": "rock"}),
    ("piano in my house", {"theme": ""}),
    ("ska-punk at 170 beats per minute", {"bpm": 170}),
    ("A country song about trucks, male vocals, 3 minutes 30", {"seconds": 210, "theme": "trucks", "voice": "low"}),
    ("dark trap at 140 BPM in G minor with 808s", {"genre": "trap", "key": "G minor", "seconds": 120}),
    ("disco funk, 118bpm, 2m30s", {"genre": "funk", "bpm": 118, "seconds": 150}),
    ("2 minutes 120 bpm rock", {"seconds": 120, "bpm": 120}),
    ("1980s rock", {"genre": "rock", "seconds": 120}),
    ("wake up at 7:30 am rock", {"genre": "rock", "seconds": 120}),
    ("epic battle music in 7/8", {"genre": "cinematic", "meter": "7/8"}),
    ("pop, 1.5 minutes, in Ebm", {"seconds": 90, "key": "Eb minor"}),
    ("rock ABABCB", {"sections": "verse chorus verse chorus bridge chorus"}),
    ("structure: verse, chorus", {"sections": "verse chorus"}),
    ("jazzy house", {"genres": {"house": 0.69, "jazz_swing": 0.31}}),
    ("pop with German lyrics", {"language": "de", "sung": True}),
    # Spanish
    (
        "canción alegre de pop sobre el verano, dos minutos y medio, sin batería",
        {"genre": "pop", "sung": True, "theme": "el verano", "seconds": 150, "excluded": DRUMLESS, "language": "es"},
    ),
    (
        "vals triste en re menor a 90 bpm",
        {"genre": "waltz", "key": "D minor", "bpm": 90, "meter": "3/4", "language": "es"},
    ),
    (
        "bossa nova con guitarra española y sin batería, 100 ppm, en Mi bemol mayor",
        {"genre": "bossa_nova", "key": "Eb major", "bpm": 100, "excluded": DRUMLESS, "language": "es"},
    ),
    (
        "una balada romántica con voz femenina sobre un amor perdido",
        {"genre": "pop", "sung": True, "theme": "un amor perdido", "voice": "high", "language": "es"},
    ),
    ("música ambiental relajante de cinco minutos", {"genre": "ambient", "seconds": 300, "language": "es"}),
    ("rock enérgico a ciento cuarenta pulsaciones por minuto", {"genre": "rock", "bpm": 140, "language": "es"}),
    ("cumbia en La menor para bailar", {"genre": "latin", "key": "A minor", "language": "es"}),
    ("jazz en Do mayor sin bajo ni batería", {"key": "C major", "excluded": {*DRUMLESS, "bass"}, "language": "es"}),
    (
        "estrofa, estribillo, estrofa, estribillo, puente, estribillo: pop",
        {"sections": "verse chorus verse chorus bridge chorus", "language": "es"},
    ),
    # French
    (
        "chanson douce sur la mer en ré mineur, 3 minutes",
        {"key": "D minor", "seconds": 180, "sung": True, "theme": "la mer", "language": "fr"},
    ),
    (
        "valse triste au piano en ré mineur, 90 secondes",
        {"genre": "waltz", "key": "D minor", "seconds": 90, "language": "fr"},
    ),
    (
        "une chanson sur la pluie à Paris, voix féminine",
        {"sung": True, "theme": "la pluie à Paris", "voice": "high", "language": "fr"},
    ),
    (
        "musique électronique énergique à 128 bpm sans batterie",
        {"genre": "house", "bpm": 128, "excluded": DRUMLESS, "language": "fr"},
    ),
    ("rock instrumental à 150 bpm, si bémol mineur", {"genre": "rock", "sung": False, "bpm": 150, "key": "Bb minor"}),
    (
        "berceuse en fa majeur à six huit, une minute et demie",
        {"genre": "lullaby", "key": "F major", "meter": "6/8", "seconds": 90, "language": "fr"},
    ),
    ("morceau de jazz en fa dièse mineur", {"genre": "jazz_swing", "key": "F# minor", "language": "fr"}),
    # German
    (
        "Ein fröhliches Lied über den Sommer in Es-Dur, zweieinhalb Minuten",
        {"key": "Eb major", "seconds": 150, "sung": True, "theme": "den Sommer", "title": "Sommer", "language": "de"},
    ),
    ("ruhiges Klavierstück in h-Moll ohne Schlagzeug", {"genre": "solo_piano", "key": "B minor", "excluded": DRUMLESS}),
    ("entspannte Bossa Nova in B-Dur", {"genre": "bossa_nova", "key": "Bb major", "language": "de"}),
    (
        "melancholischer Jazzwalzer mit Klavier, 90 Sekunden",
        {"genre": "jazz_swing", "meter": "3/4", "seconds": 90, "language": "de"},
    ),
    ("trauriger Walzer in a-Moll mit Geige und Akkordeon", {"genre": "waltz", "key": "A minor", "language": "de"}),
    (
        "schneller Rocksong ohne Schlagzeug, 160 bpm",
        {"genre": "rock", "bpm": 160, "excluded": DRUMLESS, "language": "de"},
    ),
    ("Filmmusik, düster und episch, im Sechsachteltakt", {"genre": "cinematic", "meter": "6/8", "language": "de"}),
    (
        "House mit 126 Schlägen pro Minute, ohne Gesang, eine Minute",
        {"genre": "house", "bpm": 126, "sung": False, "seconds": 60, "language": "de"},
    ),
    ("ein Lied über die Freiheit, weibliche Stimme", {"sung": True, "theme": "die Freiheit", "voice": "high"}),
    # Portuguese
    (
        "canção sobre a saudade em fá sustenido menor, bossa nova, três minutos",
        {
            "genre": "bossa_nova",
            "key": "F# minor",
            "seconds": 180,
            "sung": True,
            "theme": "a saudade",
            "language": "pt",
        },
    ),
    (
        "valsa em lá menor, dois minutos e meio",
        {"genre": "waltz", "key": "A minor", "seconds": 150, "meter": "3/4", "language": "pt"},
    ),
    (
        "samba alegre no Brasil sem bateria nem baixo",
        {"genre": "bossa_nova", "excluded": {*DRUMLESS, "bass"}, "language": "pt"},
    ),
    ("música instrumental relaxante de piano, três minutos", {"genre": "solo_piano", "sung": False, "seconds": 180}),
    ("rock pesado em mi menor, 150 bpm", {"genre": "rock", "key": "E minor", "bpm": 150, "language": "pt"}),
    ("samba animado sem vocais", {"genre": "bossa_nova", "sung": False, "language": "pt"}),
]


@pytest.mark.parametrize(("prompt", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_a_prompt_resolves_to_what_it_says(prompt: str, expected: dict[str, Any]) -> None:
    found = facts(resolved(prompt))
    assert {name: found[name] for name in expected} == expected


MOODS = [
    ("a happy song", "a sad song", "valence"),
    ("energetic pop", "calm pop", "arousal"),
    ("música feliz", "música triste", "valence"),
    ("musique joyeuse", "musique mélancolique", "valence"),
    ("fröhliche Musik", "traurige Musik", "valence"),
    ("música animada", "música tranquila", "arousal"),
    ("pop, not sad", "sad pop", "valence"),
    ("sad pop", "very sad pop", "valence"),
    ("slightly energetic ambient", "relaxing ambient", "arousal"),
]


@pytest.mark.parametrize(("more", "less", "axis"), MOODS, ids=[f"{more} > {less}" for more, less, _ in MOODS])
def test_mood_words_move_the_mood(more: str, less: str, axis: str) -> None:
    assert getattr(resolved(more).musical.mood, axis) > getattr(resolved(less).musical.mood, axis) + 0.03


TEMPOS = [
    ("fast rock", "slow rock"),
    ("very fast house", "fast house"),
    ("slow jazz", "very slow jazz"),
    ("rock rápido", "rock lento"),
    ("rock rapide", "rock lent"),
    ("schneller Rock", "langsamer Rock"),
    ("presto waltz", "andante waltz"),
    ("not too slow folk", "slow folk"),
]


@pytest.mark.parametrize(("faster", "slower"), TEMPOS, ids=[f"{a} > {b}" for a, b in TEMPOS])
def test_tempo_words_move_the_tempo(faster: str, slower: str) -> None:
    assert resolved(faster).musical.tempo_bpm > resolved(slower).musical.tempo_bpm


BANDS = [
    ("pop with violin", {"violin"}, set()),
    ("rock with no guitars", set(), {"guitar"}),
    ("jazz ballad with trumpet, no piano", {"trumpet"}, {"piano"}),
    ("bossa nova with cello and without flute", {"cello"}, {"flute"}),
    ("pop con violín y sin piano", {"violin"}, {"piano"}),
    ("pop avec accordéon sans piano", {"accordion"}, {"piano"}),
    ("Pop mit Geige ohne Klavier", {"violin"}, {"piano"}),
    ("pop com violino e sem piano", {"violin"}, {"piano"}),
    ("house with steel drums", {"steel drums"}, set()),
    ("ambient with drums", {"drum kit"}, set()),
    ("ukulele folk", {"ukulele"}, set()),
]


@pytest.mark.parametrize(("prompt", "present", "absent"), BANDS, ids=[row[0] for row in BANDS])
def test_wanted_instruments_play_and_refused_ones_do_not(prompt: str, present: set[str], absent: set[str]) -> None:
    names = [item.name for item in resolved(prompt).musical.instruments]
    assert all(any(wanted in name for name in names) for wanted in present), names
    assert not any(refused in name for name in names for refused in absent), names


def test_nobody_sits_twice() -> None:
    names = [item.name for item in resolved("orchestral waltz with harp").musical.instruments]
    assert names.count("harp") == 1


def test_a_solo_leaves_everybody_else_at_home() -> None:
    assert {item.name for item in resolved("solo cello, sad").musical.instruments} == {"cello"}
    assert {item.name for item in resolved("just piano and violin").musical.instruments} == {"piano", "violin"}


def test_no_intro_takes_the_intro_out_of_the_form() -> None:
    kinds = [section.kind for section in resolved("pop with no intro, 3 minutes").musical.structure]
    assert kinds
    assert "intro" not in kinds


def test_a_reference_is_kept_as_a_note() -> None:
    assert resolved("in the style of Debussy, piano, dreamy").creative.references == ("Debussy",)
