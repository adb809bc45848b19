"""What the page says of a song, as plain rows: facts, stages, the tree, downloads, links.

Pure: from what the API answers to what a template shows.

Belongs here: words, order, grouping. Does not belong here: asking (views), markup (templates).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args
from urllib.parse import quote, urlencode

from api.v2.chips import LANGUAGES, clock, mood_words
from api.v2.told import CheckTold, RoleTold, StageTold, VersionTold
from musicgen_assets.context.request import STAGES
from musicgen_assets.context.schema import CompositionContext, PackageName
from musicgen_assets.finalization.report import check_label

STATE_WORDS = {
    "ideation": "being made", "composition": "being made", "arrangement": "being made", "production": "being made",
    "mixing": "being made", "mastering": "being made", "finalization": "being made",
    "waiting_for_approval": "waits for you", "released": "finished", "failed": "failed", "cancelled": "cancelled",
    "archived": "put away",
}  # fmt: skip
STAGE_WORDS = {
    "ideation": "Understanding", "composition": "Composing", "arrangement": "Arranging", "production": "Playing",
    "mixing": "Mixing", "mastering": "Mastering", "finalization": "Packing",
}  # fmt: skip
PACKAGE_WORDS: Mapping[PackageName, tuple[str, str]] = {
    "everyone": ("For everyone", "Instrumental, a cappella, mixes without a part, stems in four groups."),
    "songwriter": ("For songwriters", "Play-alongs, a guide melody, a click, the lead sheet."),
    "daw": ("For a DAW", "A project for Bitwig, Cubase, Studio One and others, with sound and notes."),
    "game": ("For games", "A seamless loop in layers, an intro, stingers, cues."),
    "film": ("For film", "Broadcast WAV, cut-downs to the frame, a cue sheet."),
    "video": ("For video", "A bed to speak over, a visualizer, a certificate."),
}
_OVER = ("released", "failed", "cancelled", "archived", "waiting_for_approval")
_KILO = 1024.0
_UNITS = {"lufs": "LUFS", "dbtp": "dBTP", "db": "dB", "bpm": "BPM", "hz": "Hz", "s": "s"}
_NUMBER = r"-?[\d.]+"
_MEASURE = re.compile(rf"\b(\w+?)_({'|'.join(_UNITS)}) ((?:none|{_NUMBER})(?: → (?:none|{_NUMBER}))?)")


@dataclass
class Group:
    """Files of a release that belong together."""

    name: str
    files: list[dict[str, str]] = field(default_factory=list)


def state_words(state: str) -> str:
    """A state as people say it."""
    return STATE_WORDS.get(state, state.replace("_", " "))


def is_over(state: str) -> bool:
    """Whether nothing happens to a version any more by itself."""
    return state in _OVER


def facts_of(context: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """(label, text) of what a song is; nothing before its context is known."""
    if not context:
        return []
    known = CompositionContext.model_validate(context)
    musical, creative = known.musical, known.creative
    styles = " + ".join(
        one.name.replace("_", " ") + (f" {one.weight:.0%}" if len(musical.genres) > 1 else "") for one in musical.genres
    )
    return [
        ("Style", styles),
        ("Key", f"{musical.key} {musical.scale}"),
        ("Tempo", f"{musical.tempo_bpm:g} BPM"),
        ("Meter", musical.time_signature),
        ("Length", clock(known.technical.duration_s)),
        ("Mood", mood_words(musical.mood.valence, musical.mood.arousal)),
        ("Voice", f"sung in {LANGUAGES[creative.language]}" if creative.has_vocals else "instrumental"),
    ]


def steps_of(stages: Iterable[StageTold], current: str, *, is_working: bool) -> list[dict[str, Any]]:
    """The seven stages with how far each is: name, words, done and all, status pending, working, done or failed."""
    rows = list(stages)
    steps = []
    for name in STAGES:
        own = [row for row in rows if row.stage == name]
        done = sum(row.status in ("made", "carried") for row in own)
        status = "failed" if any(row.status == "failed" for row in own) else "done" if done == len(own) else "pending"
        if status == "pending" and is_working and name == current:
            status = "working"
        steps.append({"name": name, "words": STAGE_WORDS[name], "done": done, "all": len(own), "status": status})
    return steps


def checks_of(checks: Iterable[CheckTold]) -> list[dict[str, str]]:
    """Checks in words, those that failed first."""
    rows = [
        {"name": one.name, "label": check_label(one.name), "asset": one.asset,
         "status": "passed" if one.passed else "waived" if one.waived else "failed",
         "measured": one.measured if isinstance(one.measured, str) else f"{one.measured:.4g}",
         "expected": one.expected}
        for one in checks
    ]  # fmt: skip
    order = ("failed", "waived", "passed")
    return sorted(rows, key=lambda row: order.index(row["status"]))


def tree_of(
    rows: Sequence[VersionTold], composition: str, shown: int, query: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The tree, depth first: number, words, state, loudness, address, whether it is the one that is shown."""
    return [
        {"number": row.version, "depth": min(row.depth, 8), "words": change_words(row.words) or "the first",
         "is_shown": row.version == shown, "state": row.state, "state_words": state_words(row.state),
         "is_released": row.state == "released",
         "loudness": None if row.loudness_lufs is None else minus(f"{row.loudness_lufs:.1f} LUFS"),
         "href": song_address(composition, row.version, query)}
        for row in rows
    ]  # fmt: skip


def change_words(told: str) -> str:
    """What a version changed, without names of fields: "bass gain_db 2, rerolls none → melody" is "bass gain 2 dB,
    re-rolled melody"."""
    text = _MEASURE.sub(lambda found: f"{found[1]} {found[3]} {_UNITS[found[2]]}", told)
    return minus(re.sub(r"\brerolls [^,]*→ ", "re-rolled ", text).replace("_", " "))


def song_address(composition: str, version: int | None = None, query: Mapping[str, str] | None = None) -> str:
    """The page of a song, or of one version of it."""
    asked = {**({} if version is None else {"version": str(version)}), **(query or {})}
    return f"/songs/{quote(composition)}" + (f"?{urlencode(asked)}" if asked else "")


def groups_of(files: Iterable[RoleTold]) -> list[Group]:
    """Files of a release in groups that people look for; packages by their names."""
    groups = {name: Group(name) for name in ("Masters", "Stems", "Notes and sheets", "Words", "About the song")}
    for one in files:
        name = _group_of(one.role)
        groups.setdefault(name, Group(name)).files.append(
            {"name": one.role, "href": one.href, "size": size_words(one.size_bytes)}
        )
    return [group for group in groups.values() if group.files]


def _group_of(role: str) -> str:
    first, _, rest = role.partition("/")
    if first == "packages":
        return f"packages/{rest.partition('/')[0]}"
    if first == "stems":
        return "Stems"
    if first == "exports" or role.endswith(".mid"):
        return "Notes and sheets"
    if role.startswith("lyrics"):
        return "Words"
    return "Masters" if role.startswith("master") else "About the song"


def packages_of(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Every package there can be: its words, and its files where the release has it."""
    made = {group.name.removeprefix("packages/"): group.files for group in groups if group.name.startswith("packages/")}
    return [
        {"name": name, "title": PACKAGE_WORDS[name][0], "text": PACKAGE_WORDS[name][1], "files": made.get(name, [])}
        for name in get_args(PackageName)
    ]


def size_words(size_bytes: int) -> str:
    """Bytes as people read them."""
    for unit, size in (("MB", _KILO * _KILO), ("kB", _KILO)):
        if size_bytes >= size:
            return f"{size_bytes / size:.1f} {unit}"
    return f"{size_bytes} bytes"


def minus(text: str) -> str:
    """With a real minus sign before numbers."""
    return re.sub(r"(?<![\w.-])-(?=\d)", "−", text)


def dagster_links(address: str | None, partition: str) -> list[dict[str, str]]:
    """Where the same version stands in the Dagster UI; nothing where none is known."""
    if address is None:
        return []
    at = urlencode({"view": "partitions", "partition": partition})
    runs = urlencode({"q[0]": f"tag:dagster/partition={partition}"})
    return [
        {"label": "Its assets in Dagster", "href": f"{address}/assets/finalization/release?{at}"},
        {"label": "Its runs in Dagster", "href": f"{address}/runs?{runs}"},
    ]
