"""The task that brings a voice, which was sung to another band, to the beats, the key and the words of a plan.

Belongs here: which of its parts goes where, and when it is not to be used. Does not belong here: measuring beats, keys
and activity (dsp.alignment), asking for it and what is said of it (hybrid_vocal).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.graph.job import Blob, FloatArray, Payload
from musicgen_assets.graph.payloads import audio_payload, json_payload
from musicgen_assets.production.given_stem import decoded_finite
from musicgen_assets.production.meter import measure
from musicgen_assets.production.plan import VOCAL
from musicgen_assets.score.word_match import matched
from musicgen_assets.theory.scales import scale_pitch_classes

if TYPE_CHECKING:
    from dsp.alignment import Piece, SteadyBeats

ALIGN = "musicgen_assets.production.voice_alignment:align_voice"
REFUSED, WORDS = "refused", "words"
_STRETCH_MOST = 1.2
"""A voice more than a fifth slower or faster than it was sung sounds like a machine."""
_SEMITONES_MOST = 4
_FACTORS = (1.0, 1.5, 2 / 3)
_MARGIN = 0.15
"""So much better (seconds of a word, or likeness) has another tempo than the one heard to agree."""
_WORDS_TELLING = 3
"""A section of more words says by them how fast it is sung."""
_UNEVEN_MOST_S = 0.05
"""Beats further than this from an even grid: whoever sings to them cannot be laid over steady ones."""
_IN_KEY_LEAST = 0.75
"""Less of what is sung lies in the key: a voice in any other key has 0.58 of it inside by chance, a neighbouring key
0.86 of its notes, though hardly of what is sung long."""
_ALIKE_LEAST = 0.35
"""Correlation with when somebody is planned to sing; a voice that sings a song of another form stays under 0.3."""
_DRIFT_MOST_S = 0.09
"""So far may the last beat of a piece be off where the plan's own tempo bends."""
_OVERLAP_MOST_S = 0.4
_MATCHED_LEAST = 0.5
_LEAD_S, _TAIL_S = 0.25, 0.6
"""What belongs to a word before it begins and after it ends: breath, consonants, what rings on."""


class _UnfitError(Exception):
    """Why this voice is not to be used; for people, and caught here."""


@dataclass(frozen=True)
class _Placed:
    pieces: tuple[Piece, ...]
    words: tuple[tuple[str, float, float], ...] = ()
    parts: str = "as one"


def align_voice(inputs: Mapping[str, Any], blobs: Mapping[str, Blob]) -> list[Payload]:
    """Task: the voice in ``blobs["vocals"]``, of the song in ``blobs["song"]``, as the planned song's ``track/vocal``.

    ``inputs`` as hybrid_vocal.planned, and ``words`` as [text, start_s, end_s] where its maker tells them.
    ``meta["given"]`` says what was done. Roles: ``track/vocal`` and ``words`` (as they are now sung), else ``refused``
    alone, whose meta says why. Raises PermanentFailure for what is no audio.
    """
    from dsp.errors import AudioError

    rate = int(inputs["sample_rate_hz"])
    try:
        voice, song = (_at_rate(*decoded_finite(blobs[name].data), rate) for name in ("vocals", "song"))
    except AudioError as error:
        raise PermanentFailure(f"A delivered voice can't be read: {error}.") from error
    try:
        fitted, placed, done = _aligned(voice, song, inputs, rate)
    except _UnfitError as why:
        return [json_payload({"why": str(why)}, REFUSED, {"why": str(why)})]
    meta = {"notes": None, "measurement": measure(fitted, rate).model_dump(), "given": done}
    words = [[text, round(start_s, 3), round(end_s, 3)] for text, start_s, end_s in placed.words]
    return [audio_payload(fitted, rate, f"track/{VOCAL}", meta), json_payload(words, WORDS)]


def _aligned(
    voice: FloatArray, song: FloatArray, inputs: Mapping[str, Any], rate: int
) -> tuple[FloatArray, _Placed, list[str]]:
    """The voice over the song's length, where its parts went, and what was done. Raises _UnfitError."""
    from dsp import alignment
    from dsp.timepitch import stretch_and_shift

    if not alignment.activity(voice, rate).any():
        raise _UnfitError("nobody sings in it")
    beats = _beats(voice, song, inputs, rate)
    stretch = round(beats.bpm / float(inputs["beats_bpm"]), 5)
    if not 1 / _STRETCH_MOST <= stretch <= _STRETCH_MOST:
        raise _UnfitError(f"it is sung at {beats.bpm:.1f} beats a minute, too far from {inputs['beats_bpm']:g}")
    semitones = _semitones(voice, song, inputs, rate)
    voice = stretch_and_shift(voice, rate, stretch, float(semitones))
    beats = replace(beats, bpm=beats.bpm / stretch, first_s=beats.first_s * stretch)
    sung = [(str(text), float(start_s) * stretch, float(end_s) * stretch) for text, start_s, end_s in inputs[WORDS]]
    placed = _placed(voice, beats, sung, inputs, rate)
    fitted = alignment.placed(voice, rate, placed.pieces, int(inputs["samples"]))
    alike = alignment.likeness(alignment.activity(fitted, rate), _planned(inputs))
    if alike < _ALIKE_LEAST:
        raise _UnfitError(f"it sings at other times than are planned (likeness {alike:.2f} of {_ALIKE_LEAST:g} needed)")
    return fitted, placed, _told(stretch, semitones, placed)


def _beats(voice: FloatArray, song: FloatArray, inputs: Mapping[str, Any], rate: int) -> SteadyBeats:
    """The beats that it is sung to. Of the tempos that are read alike off a recording, with two or three beats where
    there are three or two, the one at which its words, or else when it sings, agree best with the plan.
    """
    from dsp.alignment import steady_beats

    beats = steady_beats(song, rate, float(inputs["beats_bpm"]))
    if beats is None:
        raise _UnfitError("no beats are heard in its song")
    if beats.unevenness_s > _UNEVEN_MOST_S:
        raise _UnfitError(f"its beats are not even: they lie {1000 * beats.unevenness_s:.0f} ms off")
    agreement = _agreement(voice, inputs, rate)
    factor = max(
        _FACTORS,
        key=lambda factor: agreement(factor * beats.bpm / float(inputs["beats_bpm"])) - _MARGIN * (factor != 1.0),
    )
    return replace(beats, bpm=factor * beats.bpm, first_s=beats.first_s % (60.0 / (factor * beats.bpm)))


def _agreement(voice: FloatArray, inputs: Mapping[str, Any], rate: int) -> Callable[[float], float]:
    """How well what is sung agrees with the plan once it is stretched so much; more is better."""
    from statistics import pstdev

    from dsp import alignment

    sung, planned = inputs[WORDS], inputs["planned_words"]
    sections = _sections([(str(row[0]), 0.0, 0.0) for row in sung], planned)

    def of_words(stretch: float) -> float:
        off_s = [
            len(rows) * pstdev(float(planned[mine][1]) - stretch * float(sung[theirs][1]) for mine, theirs in rows)
            for rows in sections.values()
        ]
        return -sum(off_s) / sum(map(len, sections.values()))

    heard = alignment.activity(voice, rate)
    return (
        of_words if any(len(rows) > _WORDS_TELLING for rows in sections.values())
        else lambda stretch: alignment.best_shift(alignment.stretched(heard, stretch), _planned(inputs)).likeness
    )  # fmt: skip


def _semitones(voice: FloatArray, song: FloatArray, inputs: Mapping[str, Any], rate: int) -> int:
    """How far it has to move into the planned key. Raises _UnfitError where it is too far, or does not get there."""
    from dsp import alignment
    from dsp.key import estimate_key

    wanted = scale_pitch_classes(str(inputs["key"]), str(inputs["scale"]))
    semitones = alignment.transposition(estimate_key(song, rate), wanted)
    key = f"{inputs['key']} {inputs['scale']}"
    if abs(semitones) > _SEMITONES_MOST:
        raise _UnfitError(
            f"it is sung {abs(semitones)} semitones away from {key}, and {_SEMITONES_MOST} can be bridged"
        )
    inside = alignment.share_within(estimate_key(voice, rate).pitch_classes, wanted, semitones)
    if inside < _IN_KEY_LEAST:
        raise _UnfitError(f"only {inside:.0%} of what it sings lies in {key}")
    return semitones


def _placed(
    voice: FloatArray, beats: SteadyBeats, sung: Sequence[tuple[str, float, float]], inputs: Mapping[str, Any],
    rate: int,
) -> _Placed:  # fmt: skip
    """Section by section where it is known which word is sung when, else as one piece."""
    sections = _sections(sung, inputs["planned_words"])
    if sections:
        return _by_sections(sections, sung, beats, inputs, voice.shape[1] / rate)
    from dsp import alignment

    heard = alignment.activity(voice, rate)
    later_s = alignment.best_shift(heard, _planned(inputs)).later_s
    frames = heard.nonzero()[0] / alignment.ACTIVITY_FRAMES_PER_S
    start_s, end_s = max(float(frames[0]) - _LEAD_S, 0.0), min(float(frames[-1]) + _TAIL_S, voice.shape[1] / rate)
    piece = alignment.Piece(start_s, end_s, start_s + later_s)
    return _Placed((_on_beats(piece, beats, inputs, "its beats"),))


def _sections(
    sung: Sequence[tuple[str, float, float]], planned: Sequence[Sequence[Any]]
) -> dict[str, list[tuple[int, int]]]:
    """(planned, sung) words of each section of which half is sung, in the order they are sung."""
    pairs = matched([str(row[0]) for row in planned], [text for text, _, _ in sung])
    found: dict[str, list[tuple[int, int]]] = {}
    for mine, theirs in pairs:
        found.setdefault(str(planned[mine][2]), []).append((mine, theirs))
    sizes = {section: sum(row[2] == section for row in planned) for section in found}
    return {section: rows for section, rows in found.items() if len(rows) >= _MATCHED_LEAST * sizes[section]}


def _by_sections(
    sections: Mapping[str, Sequence[tuple[int, int]]], sung: Sequence[tuple[str, float, float]], beats: SteadyBeats,
    inputs: Mapping[str, Any], voice_s: float,
) -> _Placed:  # fmt: skip
    """Each section where its words are planned, on a beat. Raises _UnfitError where two would sound at once."""
    from statistics import median

    from dsp.alignment import Piece

    planned = inputs["planned_words"]
    pieces, words = list[Piece](), list[tuple[str, float, float]]()
    for section, rows in sections.items():
        first, last = rows[0][1], rows[-1][1]
        later_s = median(float(planned[mine][1]) - sung[theirs][1] for mine, theirs in rows)
        before_s = sung[first - 1][2] if first else 0.0
        after_s = sung[last + 1][1] if last + 1 < len(sung) else voice_s
        start_s = max(sung[first][1] - _LEAD_S, min((before_s + sung[first][1]) / 2, sung[first][1]), 0.0)
        end_s = min(sung[last][2] + _TAIL_S, max((sung[last][2] + after_s) / 2, sung[last][2]), voice_s)
        piece = _on_beats(Piece(start_s, end_s, start_s + later_s), beats, inputs, section)
        if pieces and (over_s := _end_s(pieces[-1]) - piece.at_s) > _OVERLAP_MOST_S:
            raise _UnfitError(f"what it sings before {section} lasts {over_s:.1f} s longer than is planned")
        pieces.append(piece)
        moved_s = piece.at_s - piece.start_s
        words += [(text, from_s + moved_s, to_s + moved_s) for text, from_s, to_s in sung[first : last + 1]]
    return _Placed(tuple(pieces), tuple(words), "section by section" if len(pieces) > 1 else "as one")


def _on_beats(piece: Piece, beats: SteadyBeats, inputs: Mapping[str, Any], what: str) -> Piece:
    import numpy as np

    from dsp.alignment import on_beats

    moved, missed_s = on_beats(piece, beats.first_s, 60.0 / beats.bpm, np.array(inputs["beats_s"], dtype=np.float64))
    if missed_s > _DRIFT_MOST_S:
        raise _UnfitError(f"the plan's tempo bends where it sings: {what} would end {1000 * missed_s:.0f} ms off")
    return moved


def _planned(inputs: Mapping[str, Any]) -> Any:
    from dsp.alignment import planned_activity

    return planned_activity([tuple(span) for span in inputs["sung_s"]], inputs["samples"] / inputs["sample_rate_hz"])


def _told(stretch: float, semitones: int, placed: _Placed) -> list[str]:
    done = []
    if abs(stretch - 1.0) >= 0.0005:
        done.append(f"{abs(stretch - 1.0):.1%} {'slower' if stretch > 1.0 else 'faster'}")
    if semitones:
        done.append(f"{abs(semitones)} semitones {'up' if semitones > 0 else 'down'}")
    moves = ", ".join(f"{piece.at_s - piece.start_s:+.2f} s" for piece in placed.pieces)
    return [*done, f"moved {placed.parts} by {moves}"]


def _end_s(piece: Piece) -> float:
    return piece.at_s + piece.end_s - piece.start_s


def _at_rate(samples: FloatArray, own_rate: int, rate: int) -> FloatArray:
    from dsp.convert import resample

    return resample(samples[:2], own_rate, rate)
