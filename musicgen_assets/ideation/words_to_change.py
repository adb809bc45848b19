"""A change said in words ("slower, sadder, no drums, -9 LUFS, another melody") as values of the context and dice.

Belongs here: what each wish comes to for the song at hand, and refusing what has no place in a context. Does not belong
here: finding words (wording), making the revision (revision).

Nothing is guessed: a part of the text that no rule reads is an error that quotes it, before anything is made.
"""

from __future__ import annotations

from typing import Any

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput
from musicgen_assets.context.schema import CompositionContext, Instrument
from musicgen_assets.ideation.overrides import INSTRUMENTS
from musicgen_assets.ideation.players import is_refused
from musicgen_assets.ideation.reading import FIELD, Now, Reading
from musicgen_assets.ideation.wording import changes
from musicgen_assets.ideation.wording.changes import Comparative
from musicgen_assets.ideation.wording.lexicon import sounds_by_name
from musicgen_assets.ideation.wording.text import Prompt, read_prompt, with_digits
from musicgen_assets.ideation.wording.understanding import Findings, understand
from musicgen_assets.ideation.words_to_faders import fader_wish
from musicgen_assets.ideation.words_to_mix import mix_wish
from musicgen_assets.theory.keys import simplest_tonic
from musicgen_assets.theory.pitch import pitch_class

TEMPO_STEP, MOOD_STEP, LOUDNESS_STEP_LU, LENGTH_STEP, KEY_STEP_SEMITONES = 0.08, 0.2, 3.0, 0.25, 2
"""What a plain "slower", "sadder", "louder", "longer" and "higher" come to; "a bit" halves it, "much" doubles it."""
_TEMPO, _KEY, _SCALE = "musical.tempo_bpm", "musical.key", "musical.scale"
_METER, _GENRES, _EXCLUDED = "musical.time_signature", "musical.genres", "musical.excluded_roles"
_VALENCE, _AROUSAL = "musical.mood.valence", "musical.mood.arousal"
_LOUDNESS, _DURATION, _TARGETS = "technical.loudness_target_lufs", "technical.duration_s", "technical.targets"
_HAS_VOCALS, _LANGUAGE, _VOICE = "creative.has_vocals", "creative.language", "creative.voice"
_VOICES = ("low", "middle", "high")
_WAY_OUT = (
    "Say slower, faster, louder, quieter, longer, shorter, happier, sadder, calmer, livelier, higher or lower; a "
    "tempo, key, meter, length, loudness in LUFS or style; with or without an instrument or a voice; another "
    "melody, chords, groove, bass line, words, or 'another verse 2'; a track louder, quieter, muted, left or right, "
    "'no drums in the verse'; the mix brighter, darker, warmer, wider, drier, punchier, with more or less bass. "
    "Everything else has its path: --set."
)


def read_words(text: str, context: CompositionContext) -> Reading:
    """The change that ``text`` asks of the song of ``context``. Later wishes build on earlier ones.

    Raises BadInput for a part that says nothing known, that wants something of one section alone, or whose value lies
    outside what a song can have.
    """
    language = changes.change_language(text)
    reading = Reading()
    for wish in changes.wishes_in(text):
        if _read(wish, language, context, reading):
            continue
        parts = changes.halves(wish, language)
        if not parts or not all(_read(part, language, context, reading) for part in parts):
            raise BadInput(FIELD, wish, "nothing in it is known as a change to a song", way_out=_WAY_OUT)
    if not (reading.overrides or reading.rerolls):
        raise BadInput(FIELD, text, "it says no change", way_out=_WAY_OUT)
    return reading


def _read(wish: str, language: str, context: CompositionContext, reading: Reading) -> bool:
    """Whether all of one wish was understood; then ``reading`` has it."""
    prompt = read_prompt(wish)
    digits = read_prompt(with_digits(prompt.raw, language))
    mine = Reading()
    now = Now(context, reading.overrides)
    whole = mix_wish(prompt, digits, language, now)
    if whole is not None:
        return _with_rest(*whole, language, context, reading)
    comparatives = changes.comparatives(prompt, language)
    faders = fader_wish(wish, digits, language, now, comparatives)
    if faders is not None:
        reading.add(faders)
        return bool(faders.overrides)
    found = understand(changes.without_amounts(wish, language) if comparatives else wish)
    for comparative in comparatives:
        _compare(comparative, found, digits, language, now, mine)
    redrawn = changes.anew(prompt, language)
    mine.rerolls += redrawn
    mine.notes += [f"{name} is drawn anew" for name in redrawn]
    lufs = changes.loudness_lufs(prompt)
    if lufs is not None:
        _loudness(lufs, now, mine)
    if not redrawn:
        _outright(found, now, mine, has_comparative=bool(comparatives), is_instead=changes.instead(prompt, language))
    if found.structure or found.with_sections or (_sections_of(found) and not redrawn):
        raise BadInput(
            FIELD, wish, "one section alone cannot be changed in words",
            way_out="Draw it anew ('another verse 2'), mute a track in it, or set musical.structure.",
        )  # fmt: skip
    if not (mine.overrides or mine.rerolls):
        return False
    reading.add(mine)
    return True


def _with_rest(turned: Reading, rest: Prompt, language: str, context: CompositionContext, reading: Reading) -> bool:
    """A wish about the mix, and whatever else was said beside it."""
    if not turned.overrides:
        return False
    reading.add(turned)
    if rest.words:
        _read(rest.plain, language, context, reading)
    return True


def _sections_of(found: Findings) -> list[str]:
    return [term.text for term in found.terms if term.kind == "section"]


def _compare(asked: Comparative, found: Findings, digits: Prompt, language: str, now: Now, mine: Reading) -> None:
    """One comparative as values. Beside a singer, higher and lower are the voice's."""
    up = asked.name in ("faster", "louder", "longer", "happier", "livelier", "higher")
    sign = 1.0 if up else -1.0
    share = changes.per_cent(digits)
    if asked.name in ("slower", "faster"):
        factor = 1.0 + sign * (share if share is not None else TEMPO_STEP * asked.degree)
        tempo = round(float(now.of(_TEMPO)) * factor, 1)
        mine.set(_TEMPO, min(max(tempo, limits.TEMPO_MIN_BPM), limits.TEMPO_MAX_BPM), asked.text, "BPM")
    elif asked.name in ("louder", "quieter"):
        _loudness(float(now.of(_LOUDNESS)) + sign * LOUDNESS_STEP_LU * asked.degree, now, mine, asked.text)
    elif asked.name in ("longer", "shorter"):
        by_s = changes.seconds_by(digits, language)
        length_s = float(now.of(_DURATION))
        factor = 1.0 + sign * (share if share is not None else LENGTH_STEP * asked.degree)
        longer_s = length_s + sign * by_s if by_s is not None else float(round(length_s * factor))
        mine.set(_DURATION, min(max(longer_s, limits.DURATION_MIN_S), limits.DURATION_MAX_S), asked.text, "s")
    elif asked.name in ("higher", "lower") and found.singing.is_asked:
        place = _VOICES.index(str(now.of(_VOICE))) + round(sign)
        mine.set(_VOICE, _VOICES[min(max(place, 0), len(_VOICES) - 1)], asked.text)
    elif asked.name in ("higher", "lower"):
        _transpose(asked, sign, changes.semitones(digits, language), now, mine)
    else:
        path = _VALENCE if asked.name in ("happier", "sadder") else _AROUSAL
        step = round(min(max(float(now.of(path)) + sign * MOOD_STEP * asked.degree, 0.0), 1.0), 2)
        mine.set(path, step, asked.text)


def _transpose(asked: Comparative, sign: float, interval: int | None, now: Now, mine: Reading) -> None:
    """The key moved, by the interval that was named or by KEY_STEP_SEMITONES."""
    size = interval if interval is not None else max(round(KEY_STEP_SEMITONES * asked.degree), 1)
    scale = str(now.of(_SCALE))
    tonic = simplest_tonic(pitch_class(str(now.of(_KEY))) + round(sign) * size, scale)
    mine.set(_KEY, tonic, f"{asked.text}, by {size} semitone{'s' * (size > 1)}")


def _loudness(lufs: float, now: Now, mine: Reading, said: str = "loudness") -> None:
    value = round(min(max(lufs, limits.LOUDNESS_MIN_LUFS), limits.LOUDNESS_MAX_LUFS), 1)
    mine.set(_LOUDNESS, value, said, "LUFS")
    targets = tuple(now.of(_TARGETS))
    if targets and "custom" not in targets:
        mine.set(_TARGETS, ["custom", *targets], "a loudness of its own is a target of its own")


def _outright(found: Findings, now: Now, mine: Reading, *, has_comparative: bool, is_instead: bool) -> None:
    """What a song is to have, whatever it had: numbers, a key, a style, players, a voice."""
    if found.tempo.value is not None:
        mine.set(_TEMPO, found.tempo.value, "tempo", "BPM")
    if found.duration.value is not None and not has_comparative:
        mine.set(_DURATION, found.duration.value, "length", "s")
    if found.meter.value:
        mine.set(_METER, found.meter.value, "meter")
    if found.keys and not has_comparative:
        key = found.keys[0]
        for path, value in ((_KEY, key.tonic), (_SCALE, key.scale)):
            if value:
                mine.set(path, value, key.text)
    if found.genres and not found.typos:
        mine.set(_GENRES, [dict(genre) for genre in found.genres], "style")
    _voice(found, mine)
    _players(found, now, mine, is_instead=is_instead)
    if found.mood is not None and not has_comparative and not mine.overrides:
        mine.set(_VALENCE, round(found.mood.valence, 2), ", ".join(found.mood_words))
        mine.set(_AROUSAL, round(found.mood.arousal, 2), ", ".join(found.mood_words))


def _voice(found: Findings, mine: Reading) -> None:
    if found.singing.is_asked is not None:
        mine.set(_HAS_VOCALS, found.singing.is_asked, "sung" if found.singing.is_asked else "nobody sings")
    if found.sung_language:
        mine.set(_LANGUAGE, found.sung_language, "the language of the words")
    if found.voice and _VOICE not in mine.overrides:
        mine.set(_VOICE, found.voice, "the voice")


def _players(found: Findings, now: Now, mine: Reading, *, is_instead: bool) -> None:
    """Who joins, who leaves. Whoever comes instead of another takes the role that fell free."""
    wishes = found.wishes
    if not (wishes.wanted or wishes.unwanted or wishes.excluded_roles):
        return
    band = [item if isinstance(item, Instrument) else Instrument.model_validate(item) for item in now.of(INSTRUMENTS)]
    staying = [
        item for item in band if item.role not in wishes.excluded_roles and not is_refused(item, wishes.unwanted)
    ]
    left = [item for item in band if item not in staying]
    missing = [name for name in wishes.unwanted if not any(is_refused(item, (name,)) for item in band)]
    gone = [role for role in wishes.excluded_roles if not any(item.role == role for item in band)]
    if missing or (gone and not left):
        playing = ", ".join(dict.fromkeys(item.name for item in band))
        raise BadInput(
            FIELD, f"without {', '.join([*missing, *gone])}", "nobody plays that", way_out=f"There are: {playing}."
        )
    free = [item.role for item in left] if is_instead else []
    for name in wishes.wanted:
        staying = _with_player(staying, name, free)
    if wishes.excluded_roles:
        kept = tuple(now.of(_EXCLUDED))
        mine.set(_EXCLUDED, list(dict.fromkeys([*kept, *wishes.excluded_roles])), "left out")
    mine.set(INSTRUMENTS, [item.model_dump(mode="json") for item in staying], "the band")


def _with_player(band: list[Instrument], name: str, free: list[Any]) -> list[Instrument]:
    """The band with one more: in a role that fell free, in one of its own that nobody has, else in place of whoever
    plays the first of its roles.
    """
    if any(is_refused(item, (name,)) for item in band):
        return band
    sound = sounds_by_name()[name]
    taken = {item.role for item in band}
    choices = [*(role for role in free if role in sound.roles), *(role for role in sound.roles if role not in taken)]
    role = next(iter(choices), sound.roles[0])
    player = Instrument(role=role, name=sound.name, program=sound.program, is_asked=True)
    return [*(item for item in band if item.role != role), player]
