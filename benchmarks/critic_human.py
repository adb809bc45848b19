"""Human-made music as arrays: a sample of music21's corpus, converted once and kept under benchmarks/results.

Belongs here: which pieces, and their conversion. Does not belong here: measuring them (critic_calibration). Pieces are
what the package ships: folk songs and airs, fiddle tunes, chorales, quartet movements, piano pieces and songs. They
are notated music: no velocities, no micro-timing, no drums, repeats as written.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musicgen_assets.score.clock import ticks_per_bar
from musicgen_assets.score.model import TICKS_PER_QUARTER, NoteArray, note_array

CACHE = Path(__file__).parent / "results" / "human_music.json"
VELOCITY = 80
BARS_MIN = 8
METERS = ("2/4", "3/4", "4/4", "2/2", "6/8", "9/8", "12/8", "3/8", "6/4", "3/2")
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""Probe-tone profiles of Krumhansl and Kessler (1982)."""

TUNES = {
    "folk song": ("essenFolksong/erk20", "essenFolksong/dva0", "essenFolksong/boehme10", "essenFolksong/erk10",
                  "essenFolksong/han1", "essenFolksong/irl", "essenFolksong/kinder0", "essenFolksong/lux",
                  "essenFolksong/zuccal0", "essenFolksong/fink0"),
    "air": ("airdsAirs/book1", "airdsAirs/book3", "airdsAirs/book5"),
}  # fmt: skip
TUNES_EACH = {"folk song": 12, "air": 12}
REELS = 60
CHORALES = 100
QUARTETS = (
    "haydn/opus1no1/movement2", "haydn/opus1no1/movement4", "haydn/opus74no1/movement1", "haydn/opus74no1/movement2",
    "haydn/opus74no1/movement3", "mozart/k155/movement1", "mozart/k155/movement2", "mozart/k155/movement3",
    "mozart/k156/movement1", "mozart/k156/movement2", "mozart/k156/movement3", "mozart/k80/movement1",
    "mozart/k80/movement2", "mozart/k80/movement3", "mozart/k458/movement2", "beethoven/opus18no1/movement2",
    "beethoven/opus18no1/movement3",
)  # fmt: skip
OTHERS = (
    "joplin/maple_leaf_rag", "johnson_j_r/lift_every_voice", "liliuokalani/aloha_oe", "leadSheet/fosterBrownHair",
    "leadSheet/berlinAlexandersRagtime", "schubert/Lindenbaum", "verdi/laDonnaEMobile",
    "handel/rinaldo/Lascia_chio_pianga", "schumann_clara/polonaise_op1n1", "schumann_clara/polonaise_op1n2",
    "schumann_clara/polonaise_op1n3", "schumann_robert/opus48no2", "chopin/mazurka06-2",
    "beach/prayer_of_a_tired_child",
)  # fmt: skip


@dataclass(frozen=True)
class HumanPiece:
    """One piece. ``parts`` from the top; bars begin at multiples of the bar, a pickup is shifted into its bar."""

    name: str
    collection: str
    time_signature: str
    tonic: int
    mode: str
    parts: tuple[NoteArray, ...]

    @property
    def bar_ticks(self) -> int:
        """Length of one bar."""
        return ticks_per_bar(self.time_signature)

    @property
    def end_ticks(self) -> int:
        """The barline after the last note."""
        last = max(int((part[:, 0] + part[:, 1]).max()) for part in self.parts)
        return -(-last // self.bar_ticks) * self.bar_ticks

    @property
    def melody(self) -> NoteArray:
        """The top part, its highest notes where it plays several at once."""
        top = self.parts[0]
        order = np.lexsort((-top[:, 2], top[:, 0]))
        _, first = np.unique(top[order, 0], return_index=True)
        return top[order][first]


def human_music() -> list[HumanPiece]:
    """All pieces; converted on the first call, which takes minutes, and read from the cache after that."""
    if not CACHE.exists():
        CACHE.parent.mkdir(exist_ok=True)
        CACHE.write_text(json.dumps([_plain(piece) for piece in _convert_all()]))
    return [_read(found) for found in json.loads(CACHE.read_text())]


def _plain(piece: HumanPiece) -> dict[str, Any]:
    return {**vars(piece), "parts": [part.tolist() for part in piece.parts]}


def _read(found: dict[str, Any]) -> HumanPiece:
    return HumanPiece(**{**found, "parts": tuple(note_array(part) for part in found["parts"])})


def _convert_all() -> Iterator[HumanPiece]:
    for collection, path, number in _sources():
        piece = _converted(collection, path, number)
        if piece is not None:
            print(f"{collection}: {piece.name}", file=sys.stderr)
            yield piece


def _sources() -> Iterator[tuple[str, str, int | None]]:
    from music21 import corpus

    paths = [str(path).split("/corpus/")[1].rsplit(".", 1)[0] for path in corpus.getCorePaths()]
    for collection, files in TUNES.items():
        for file in files:
            yield from ((collection, file, number) for number in range(1, TUNES_EACH[collection] + 1))
    reels = sorted({path for path in paths if path.startswith("ryansMammoth/") and path.endswith("Reel")})
    yield from (("reel", path, None) for path in reels[:: max(1, len(reels) // REELS)][:REELS])
    chorales = sorted({path for path in paths if path.startswith("bach/bwv")})
    yield from (("chorale", path, None) for path in chorales[:: max(1, len(chorales) // CHORALES)][:CHORALES])
    yield from (("quartet", path, None) for path in QUARTETS)
    yield from (("song or piano", path, None) for path in OTHERS)


def _converted(collection: str, path: str, number: int | None) -> HumanPiece | None:
    from music21 import corpus, exceptions21

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            stream = corpus.parse(path) if number is None else corpus.parse(path, number=number)
        except (exceptions21.Music21Exception, KeyError, ValueError, IndexError, TypeError, AttributeError):
            return None
        if stream is None or "Opus" in stream.classes:
            return None
        return _piece(stream, collection, path if number is None else f"{path}#{number}")


def _piece(stream: Any, collection: str, name: str) -> HumanPiece | None:
    """None for what has no barlines, an odd or changing meter from its start, or under eight bars."""
    parts = list(stream.parts) or [stream]
    signatures = list(parts[0].recurse().getElementsByClass("TimeSignature"))
    measures = list(parts[0].getElementsByClass("Measure"))
    if not signatures or len(measures) < BARS_MIN:
        return None
    meter = signatures[0].ratioString
    if meter not in METERS:
        return None
    change = next((float(s.getOffsetInHierarchy(parts[0])) for s in signatures if s.ratioString != meter), None)
    bar = ticks_per_bar(meter)
    first = round(float(measures[0].duration.quarterLength) * TICKS_PER_QUARTER)
    shift = bar - first if first < bar else 0
    arrays = tuple(found for part in parts if len(found := _notes(part, shift, change)))
    if not arrays:
        return None
    tonic, mode = key_of(np.concatenate(arrays))
    piece = HumanPiece(name, collection, meter, tonic, mode, arrays)
    return piece if piece.end_ticks >= BARS_MIN * bar else None


def _notes(part: Any, shift: int, until_quarters: float | None) -> NoteArray:
    rows = []
    for element in part.stripTies().flatten().notes:
        if element.duration.isGrace or (until_quarters is not None and float(element.offset) >= until_quarters):
            continue
        if "ChordSymbol" in element.classes:
            continue
        start = round(float(element.offset) * TICKS_PER_QUARTER) + shift
        length = max(round(float(element.duration.quarterLength) * TICKS_PER_QUARTER), 1)
        rows += [(start, length, int(pitch.midi), VELOCITY) for pitch in getattr(element, "pitches", ())]
    return note_array(rows)


def key_of(notes: NoteArray) -> tuple[int, str]:
    """(tonic pitch class, major or minor) by correlation with Krumhansl and Kessler's profiles."""
    weights: NDArray[np.float64] = np.bincount(notes[:, 2] % 12, weights=notes[:, 1], minlength=12)
    fits = [
        (float(np.corrcoef(np.roll(profile, tonic), weights)[0, 1]), tonic, mode)
        for mode, profile in (("major", MAJOR), ("minor", MINOR))
        for tonic in range(12)
    ]
    _, tonic, mode = max(fits)
    return tonic, mode


if __name__ == "__main__":
    music = human_music()
    print({name: sum(piece.collection == name for piece in music) for name in sorted({p.collection for p in music})})
