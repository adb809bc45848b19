"""metadata.json and manifest.json: what a program wants to know about a release.

Belongs here: their fields. Does not belong here: what people read (finalization.report). Ids stand here and nowhere
else, so that every other file of equal songs is equal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.finalization import licence
from musicgen_assets.finalization.delivered import delivered_notes, delivery_of, voice_of
from musicgen_assets.finalization.stems import StemSet
from musicgen_assets.finalization.words import SungLine
from musicgen_assets.graph.job import Payload, Ref
from musicgen_assets.graph.payloads import canonical_json
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.model import Score, Track

LEVELS = ("integrated_lufs", "true_peak_dbtp", "loudness_range_lu")


@dataclass(frozen=True)
class SongFacts:
    """Everything a release says about its song, gathered once for metadata, tags and report.

    ``tracks`` are those of score.mid; ``measures`` and ``scores`` come from mastering/analysis; ``record`` from
    the take; ``reroutes`` are {task: {engine, from, why, reason}} where another engine took over.
    """

    prompt: str
    context: CompositionContext
    score: Score
    tracks: tuple[Track, ...]
    lines: tuple[SungLine, ...]
    carrier_note: str
    measures: Mapping[str, Any]
    scores: Mapping[str, float]
    record: Mapping[str, Any]
    waivers: tuple[Mapping[str, str], ...]
    reroutes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The song's title."""
        return self.context.creative.title

    @property
    def context_sha256(self) -> str:
        """Hash of every decision: equal for equal songs, whoever made them and when."""
        return hashlib.sha256(canonical_json(self.context)).hexdigest()


def metadata(song: SongFacts, stems: StemSet, version: Mapping[str, Any]) -> dict[str, Any]:
    """metadata.json, see design section 6 "A release directory"; more fields follow the ones named there."""
    musical, technical, creative = song.context.musical, song.context.technical, song.context.creative
    return {
        "title": song.title,
        "prompt": song.prompt,
        "language": creative.language,
        "key": musical.key,
        "scale": musical.scale,
        "tempo_bpm": musical.tempo_bpm,
        "time_signature": musical.time_signature,
        "genres": [genre.model_dump() for genre in musical.genres],
        "mood": musical.mood.model_dump(),
        "duration_s": song.measures["duration_s"],
        "sample_rate_hz": song.measures["sample_rate_hz"],
        "sections": sections(song.score),
        "tracks": tracks(song.tracks, stems.file_of),
        "lyrics": [
            {"section": line.section, "line": line.text, "start_s": line.start_s, "end_s": line.end_s}
            for line in song.lines
        ],
        "loudness": {name: song.measures[name] for name in LEVELS},
        "scores": dict(song.scores),
        "composition": version["composition"],
        "version": version["version"],
        "parent": version["parent"],
        "seed": song.context.ai_decisions.generation.seed,
        "engines": engines(song.context, song.record, song.reroutes),
        "licence": licence.short_of(song.record),
        "bit_depth": technical.bit_depth,
        "channels": song.measures["channels"],
        "stems": {
            "gain_db": round(stems.gain_db, 4),
            "bits": stems.packing.bits,
            "is_grouped": stems.packing.is_grouped,
            "note": "Played together and turned down by gain_db they are the mix before mastering.",
        },
        "packages": list(technical.packages),
        "waivers": [dict(waiver) for waiver in song.waivers],
        "notes": [song.carrier_note] if song.carrier_note else delivered_notes(song.record, is_sung=bool(song.lines)),
        **({"fallbacks": fallbacks(song.reroutes)} if song.reroutes else {}),
        **({"given": given} if (given := given_files(song.context, song.record)) else {}),
        "isrc": None,
        "is_ai_generated": True,
        "context_sha256": song.context_sha256,
    }


def fallbacks(reroutes: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """Every task that went from one engine to another: which, from whom and why, to whom and why that one."""
    return [{"task": task, **found} for task, found in sorted(reroutes.items())]


def given_files(context: CompositionContext, record: Mapping[str, Any]) -> list[dict[str, str]]:
    """Files of a person that stand in the place of what would have been made: what for, name, hash, how they fit."""
    melody = context.edits.melody
    found = [] if melody is None else [{"for": "melody", "name": melody.name, "sha256": melody.sha256}]
    stems = [
        {"for": f"stem {row['track']}", "name": row["name"], "sha256": row["sha256"], "fitted": row["done"]}
        for row in record.get("given", ())
    ]
    return [*found, *stems]


def sections(score: Score) -> list[dict[str, Any]]:
    """Sections with times in seconds; ``start_bar`` counts from 0, as times do."""
    clock = song_clock(score)
    return [
        {
            "name": section.name,
            "start_s": round(clock.seconds(section.start_ticks), 3),
            "end_s": round(clock.seconds(section.end_ticks), 3),
            "start_bar": section.start_bar,
            "bars": section.bars,
            "energy": round(section.energy, 3),
        }
        for section in score.sections
    ]


def tracks(parts: Sequence[Track], file_of: Mapping[str, str]) -> list[dict[str, Any]]:
    """Tracks as in score.mid; channels count from 1, as musicians do: drums are on 10."""
    return [
        {
            "name": track.name,
            "role": track.role,
            "instrument": track.instrument,
            "program": track.program,
            "channel": track.channel + 1,
            "stem": file_of.get(track.name),
        }
        for track in parts
    ]


def engines(
    context: CompositionContext, record: Mapping[str, Any], reroutes: Mapping[str, Mapping[str, str]]
) -> list[dict[str, str]]:
    """Who did what: the engine that played, its instruments, and whoever did other tasks."""
    played = {"task": "full_song", "engine": str(record.get("engine", "")), "model": str(record.get("model", "")),
              "version": str(record.get("version", ""))}  # fmt: skip
    if (delivery := delivery_of(record)) is not None:
        played |= {"cost_usd": str(delivery["cost_usd"] or ""), "licence": str(delivery["licence"])}
    font = str(record.get("font", ""))
    sounds = [
        {
            "task": "instruments",
            "engine": "soundfont",
            "model": font,
            "version": str(record.get("font_sha256", ""))[:12],
        }
    ]
    others = [
        {"task": choice.task, "engine": reroutes[choice.task]["engine"], "model": "", "version": ""}
        if choice.task in reroutes
        else {"task": choice.task, "engine": choice.engine, "model": choice.model, "version": choice.version}
        for choice in context.ai_decisions.model_selections
        if choice.task not in ("full_song", "vocals")
    ]
    voice = voice_of(record)
    singers = [] if voice is None else [
        {"task": "vocals", "engine": str(voice["engine"]), "model": str(voice["model"]), "version": "",
         "cost_usd": str(voice["cost_usd"] or ""), "licence": str(voice["licence"])}
    ]  # fmt: skip
    vocal = record.get("vocal") or {}
    voices = [
        {"task": "guide_vocal", "engine": str(vocal["engine"]), "model": str(vocal["singer"]),
         "version": str(vocal["version"])}
    ] if vocal.get("carrier") == "guide_voice" else []  # fmt: skip
    return [played, *(sounds if font else []), *voices, *singers, *others]


def tags_of(song: SongFacts, lyrics: str) -> dict[str, Any]:
    """What goes into the tags of audio files (finalization.tags)."""
    musical = song.context.musical
    return {
        "title": song.title,
        "genre": ", ".join(genre.name.replace("_", " ") for genre in musical.genres),
        "bpm": musical.tempo_bpm,
        "key": tag_key(musical.key, musical.scale),
        "language": song.context.creative.language,
        "licence": licence.short_of(song.record),
        "context_sha256": song.context_sha256,
        "seed": song.context.ai_decisions.generation.seed,
        "software": software(),
        "levels": {name: song.measures[name] for name in LEVELS},
        "lyrics": lyrics,
        "lines": [[round(line.start_s * 1000), line.text] for line in song.lines],
    }


def software() -> str:
    """What made the files: this program with its version."""
    from importlib.metadata import version

    return f"musicgen {version('musicgen-assets')}"


def tag_key(key: str, scale: str) -> str:
    """The key as players and DJ programs read it: "C#m"; modes with a minor third count as minor."""
    return key + ("m" if scale in ("minor", "dorian", "phrygian") else "")


def manifest(
    files: Iterable[Payload | Ref], version: Mapping[str, Any], given: Sequence[Mapping[str, str]] = ()
) -> dict[str, Any]:
    """manifest.json: every other file of the release with its checksum, sorted by path, and what was ``given``."""
    rows = []
    for file in files:
        if isinstance(file, Payload):
            sha256, size_bytes = hashlib.sha256(file.data).hexdigest(), len(file.data)
        else:
            sha256, size_bytes = file.sha256, file.size_bytes
        rows.append({"path": file.role, "sha256": sha256, "bytes": size_bytes, "media_type": file.media_type})
    return {
        "composition": version["composition"],
        "version": version["version"],
        "parent": version["parent"],
        **({"given": [dict(row) for row in given]} if given else {}),
        "files": sorted(rows, key=lambda row: str(row["path"])),
    }


def readable_json(value: Any) -> bytes:
    """JSON for people too: indented, in the order written, UTF-8, ending in a line break."""
    return (json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
