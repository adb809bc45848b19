"""Fifteen edits of one sung song, each of the version before: words, paths, faders, other dice, single sections, files.

For each: what was planned against what computed, which dry stems stayed to the bit, how long it took against the whole
song; for edits of a section also that the score outside it is the same, and the null of mix and master outside the
declared windows. In the end the tree of all versions.

Belongs here: that history. Does not belong here: single edits of one version (edits), random ones (partial).
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.soak import looking
from benchmarks.soak.cases import Case, Facts, Proof, main, markdown
from benchmarks.soak.homes import Home, temporary_home
from musicgen_assets.mastering.holding import LEAD_S, TAIL_S

WORDS = """[Verse]
The morning water carries me away
A silver seagull follows down the bay
[Chorus]
Carry me over the sea
Carry me home to be free
"""
DURATION_S = 40
NULL_DB = -120.0
SONG = ("mixing/mix", "mastering/master", "mastering/analysis", "finalization/release")
"""All that an edit of faders may compute, ideation aside."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Edit:
    """One edit. ``options`` are made when its turn comes, from the history so far; ``at_most`` the assets that it may
    compute, None for any; ``section`` the one that it is confined to, ``is_parent_first`` that it is made of v1.
    """

    kind: str
    name: str
    options: Callable[[History], Sequence[str]]
    at_most: tuple[str, ...] | None = None
    section: str | None = None


@dataclass
class History:
    """The song and its versions so far: ``made`` has one row each, as ``musicgen --json`` told it."""

    home: Home
    full_s: float
    made: list[dict[str, Any]] = field(default_factory=list)
    rows: list[Facts] = field(default_factory=list)

    @property
    def newest(self) -> str:
        """The partition that is edited next."""
        return str(self.made[-1]["partition"])

    def file(self, name: str, data: bytes) -> str:
        """A file of a person."""
        path = self.home.root / name
        path.write_bytes(data)
        return str(path)

    def stem_of(self, track: str, change: Callable[[Floats], Floats], name: str) -> str:
        """The dry stem of a track of the newest version, changed as a person would change it, as a WAV file."""
        sha256 = looking.assets_of(self.home.path, self.newest)["production/stems"].roles[f"track/{track}"]
        samples, rate = _audio(self.home.path, sha256)
        out = io.BytesIO()
        soundfile.write(out, change(samples), rate, subtype="PCM_24", format="WAV")
        return self.file(name, out.getvalue())


def _said(*words: str) -> Callable[[History], Sequence[str]]:
    return lambda _history: words


def _midi(notes: Sequence[tuple[int, int, int]]) -> bytes:
    """A Standard MIDI File of one part: rows of start, length (ticks at 480 a quarter), pitch."""
    events = sorted([(s, 1, p) for s, _, p in notes] + [(s + d, 0, p) for s, d, p in notes])
    body, now = b"", 0
    for at, is_on, pitch in events:
        wait, now = at - now, at
        delta = bytes([0x80 | (wait >> 7), wait & 0x7F]) if wait > 127 else bytes([wait])
        body += delta + bytes([0x90, pitch, 80 if is_on else 0])
    body += b"\x00\xff\x2f\x00"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(body)) + body


TUNE = tuple((start * 480, 480, pitch) for start, pitch in enumerate((67, 69, 71, 74, 72, 71, 69, 67)))

EDITS = (
    Edit("words", "drums quieter, bass louder", _said("--say", "drums 3 dB quieter, bass a bit louder"), SONG),
    Edit("set", "loudness -13 LUFS", _said("--set", "technical.loudness_target_lufs=-13"), SONG[1:]),
    Edit("track", "bass to the right, automation", _said(
        "--track", "bass", "--pan", "0.2", "--automation", "0=-3, 10=0, 30=0, 38=-6"), SONG),
    Edit("track", "the music bus down", _said("--track", "bus:music", "--gain-db", "-1.5"), SONG),
    Edit("section", "no drums in the verse, in words", _said("--say", "no drums in verse 1"), SONG, "verse 1"),
    Edit("section", "melody drawn anew in chorus 1", _said("--reroll", "melody", "--section", "chorus 1"), None,
         "chorus 1"),
    Edit("section", "verse 1 played another way", _said("--reroll", "verse 1"), None, "verse 1"),
    Edit("section", "bass 4 dB down in chorus 1", _said(
        "--track", "bass", "--gain-db", "-4", "--section", "chorus 1"), SONG, "chorus 1"),
    Edit("re-roll", "another bass line", _said("--reroll", "bass_line")),
    Edit("set", "tempo", _said("--set", "musical.tempo_bpm=104")),
    Edit("upload", "an edited stem", lambda history: (
        "--replace", f"stem:bass={history.stem_of('bass', lambda samples: np.tanh(3.0 * samples) / 3.0, 'bass.wav')}"),
        ("production/take", "production/stems", *SONG)),
    Edit("upload", "a vocal take", lambda history: (
        "--replace", f"vocals={history.stem_of('vocal', lambda samples: 0.8 * samples[: -48_000], 'take.wav')}"),
        ("production/take", "production/stems", *SONG)),
    Edit("upload", "a MIDI melody", lambda history: ("--replace", f"melody={history.file('tune.mid', _midi(TUNE))}")),
    Edit("words", "sadder", _said("--say", "sadder")),
    Edit("track", "drums muted", _said("--track", "drums", "--mute"), SONG),
)  # fmt: skip


def case(case: Case) -> Facts:
    """The edit number ``case.number``; a run that goes on makes those before it again, because they are its past."""
    history: History = case.share("history", _begun)
    while len(history.rows) <= case.number:
        history.rows.append(_edited(history, EDITS[len(history.rows)]))
    return history.rows[case.number]


def _begun(stack: ExitStack) -> History:
    home = stack.enter_context(temporary_home("edits-people-make"))
    words = home.root / "words.txt"
    words.write_text(WORDS, encoding="utf-8")
    made = home.musicgen(
        "compose", "a pop song about the sea with drums and bass", "--lyrics", str(words), "--seed", "6",
        "--duration", str(DURATION_S), "--json",
    ).expect(0).json  # fmt: skip
    return History(home, float(made["run_seconds"]), [made])


def _edited(history: History, edit: Edit) -> Facts:
    parent = history.newest
    options = list(edit.options(history))
    plan = history.home.musicgen("revise", parent, *options, "--plan", "--json").expect(0).json
    made = history.home.musicgen("revise", parent, *options, "--json").expect(0, 3).json
    history.made.append(made)
    computed = [row["asset"] for row in made["stages"] if row["status"] == "made"]
    problems = [f"{asset} computed and was not planned" for asset in computed if asset in plan["carried"]]
    failed = [check["name"] for check in made["checks"] if not check["passed"]]
    beyond = {SONG[-1]} if failed else set()
    problems += [
        f"{asset} was to compute and did not" for asset in plan["computes"] if asset not in {*computed, *beyond}
    ]
    late = [asset for asset in computed if not asset.startswith("ideation/")]
    if edit.at_most is not None:
        problems += [f"{asset} computed, which this edit cannot touch" for asset in late if asset not in edit.at_most]
    before, after = (looking.assets_of(history.home.path, one) for one in (parent, made["partition"]))
    kept = _same_roles(before, after, "production/stems", "track/")
    posts = _same_roles(before, after, "mixing/mix", "stem/")
    facts: Facts = {
        "kind": edit.kind, "edit": edit.name, "partition": made["partition"], "status": made["status"],
        "failed": failed,
        "computes": len(plan["computes"]), "may": len(plan["may_compute"]), "computed": len(computed),
        "kept": kept, "post_kept": posts, "run_s": made["run_seconds"], "full_s": history.full_s,
        "master": after["mastering/master"].roles["streaming"][:12] if "mastering/master" in after else "",
    }  # fmt: skip
    if edit.section is not None:
        problems += _confined(history.home.path, edit.section, before, after, facts)
    if len(history.made) == len(EDITS) + 1:
        song = parent.partition("@")[0]
        facts["tree"] = history.home.musicgen("versions", song).expect(0).out.splitlines()
    return {**facts, "problems": problems}


def _same_roles(before: Any, after: Any, asset: str, prefix: str) -> str:
    """ "6 of 7": roles whose bytes are the parent's."""
    if asset not in before or asset not in after:
        return "-"
    old, new = before[asset].roles, after[asset].roles
    names = [name for name in new if name.startswith(prefix)]
    return f"{sum(old.get(name) == new[name] for name in names)} of {len(names)}"


def _confined(home: Path, section: str, before: Any, after: Any, facts: Facts) -> list[str]:
    """What an edit of one section touched outside it: notes, and sound beyond the windows that it declares."""
    plan = looking.content(home, after["mixing/mix"].roles["plan"])
    if not plan.get("held"):
        return ["nothing is held"]
    windows = plan["held"]["windows"]
    facts["window_s"] = [[round(start, 2), round(end, 2)] for start, end in windows]
    told = _notes_outside(home, section, before, after)
    for asset, role, (lead_s, tail_s) in (
        ("mixing/mix", "main", (0.0, 0.0)), ("mastering/master", "streaming", (LEAD_S, TAIL_S)),
    ):  # fmt: skip
        null_db = _null_db(home, before[asset].roles[role], after[asset].roles[role], windows, lead_s, tail_s)
        facts[f"{role}_null_db"] = round(null_db, 1)
        if null_db > NULL_DB:
            told.append(f"{asset} differs by {null_db:.1f} dB outside its window")
    return told


def _notes_outside(home: Path, section: str, before: Any, after: Any) -> list[str]:
    told = []
    old, new = (looking.content(home, one["arrangement/arrangement"].roles["main"]) for one in (before, after))
    if old["sections"] != new["sections"]:
        return ["the form is another"]
    span = next(
        (part["start_ticks"], part["end_ticks"])
        for part in new["sections"] if f"{part['kind']} {part['index'] + 1}" == section
    )  # fmt: skip
    vocals = [looking.content(home, one["arrangement/vocal_line"].roles["main"]) for one in (before, after)]
    tracks = [
        {track["name"]: track for track in (*score["tracks"], *[vocal["track"]] * bool(vocal["track"]))}
        for score, vocal in zip((old, new), vocals, strict=True)
    ]
    for name in sorted({*tracks[0], *tracks[1]}):
        rows = [_outside(one.get(name), span) for one in tracks]
        if rows[0] != rows[1]:
            told.append(f"notes of {name} changed outside {section}")
    return told


def _outside(track: dict[str, Any] | None, span: tuple[int, int]) -> list[Any]:
    rows = [] if track is None else [*track["notes"], *track["controllers"], *track["bends"]]
    return [row for row in rows if not span[0] <= row[0] < span[1]]


def _null_db(
    home: Path, before: str, after: str, windows: Sequence[Sequence[float]], lead_s: float, tail_s: float
) -> float:
    """Peak of what differs outside the windows, dBFS; -200 for nothing."""
    (old, rate), (new, _) = (_audio(home, sha256) for sha256 in (before, after))
    if old.shape != new.shape:
        return 0.0
    difference = np.abs(old - new)
    for start, end in windows:
        difference[max(round((start - lead_s) * rate), 0) : round((end + tail_s) * rate)] = 0.0
    return float(20.0 * np.log10(max(float(difference.max()), 1e-10)))


def _audio(home: Path, sha256: str) -> tuple[Floats, int]:
    """An object of the store as audio, (samples, channels)."""
    path = home / "artifacts" / "objects" / sha256[:2] / sha256[2:4] / sha256
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    return samples, int(rate)


def _table(records: Sequence[Facts]) -> Iterable[str]:
    header = ("edit", "kind", "ends", "computes / may", "computed", "as planned", "dry kept", "post kept", "run, s",
              "ratio", "null mix, dB", "null master, dB", "master")  # fmt: skip
    known = [record for record in records if "edit" in record]
    tree = next((record["tree"] for record in known if record.get("tree")), [])
    return [*markdown(header, [_row(record) for record in known]), "", *(f"    {line}" for line in tree)]


def _row(record: Facts) -> tuple[Any, ...]:
    is_planned = not any("planned" in problem or "was to compute" in problem for problem in record["problems"])
    ends = record["status"] + (f" ({', '.join(record['failed'])})" if record["failed"] else "")
    return (
        record["edit"], record["kind"], ends, f"{record['computes']} / {record['may']}", record["computed"],
        "yes" if is_planned else "NO", record["kept"], record["post_kept"], record["run_s"],
        f"{record['run_s'] / record['full_s']:.2f}", record.get("main_null_db", ""),
        record.get("streaming_null_db", ""), record["master"],
    )  # fmt: skip


PROOF = Proof(
    "edits_people_make",
    f"Fifteen edits of a sung song of {DURATION_S} s in a row.",
    len(EDITS),
    case,
    _table,
)

if __name__ == "__main__":
    main(PROOF)
