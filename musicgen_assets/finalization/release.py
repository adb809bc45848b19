"""finalization/release: the delivery package, made only of a master that the gate lets through.

Belongs here: what is in a release and in which order it is made. Does not belong here: permission
(finalization.permission), each kind of file (encode, stems, words, metadata, report, licence) and proving them
(intact). A role is the path of a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from musicgen_assets.arrangement.vocal_line import NOTE_CARRIED, merged_tracks
from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.context.schema import CompositionContext
from musicgen_assets.finalization.cover_art import cover_task
from musicgen_assets.finalization.delivered import delivery_of, heard_lines, sung_words
from musicgen_assets.finalization.encode import MEDIA_TYPES
from musicgen_assets.finalization.exports import export_task
from musicgen_assets.finalization.intact import intact_check
from musicgen_assets.finalization.licence import licence_text
from musicgen_assets.finalization.masters import master_files
from musicgen_assets.finalization.metadata import SongFacts, given_files, manifest, metadata, readable_json, tags_of
from musicgen_assets.finalization.packages import make_packages, package_sizes
from musicgen_assets.finalization.packages.delivery import Delivery, File
from musicgen_assets.finalization.permission import permit_release
from musicgen_assets.finalization.report import report_html
from musicgen_assets.finalization.size import RELEASE_MAX_BYTES, SizeFacts
from musicgen_assets.finalization.stems import StemSet, make_stems
from musicgen_assets.finalization.words import enhanced_lrc_text, lrc_text, plain_text, srt_text, sung_lines
from musicgen_assets.graph.job import Job, Outcome, Payload, Ref, Task
from musicgen_assets.mastering.analysis import PICTURES
from musicgen_assets.score.clock import song_clock
from musicgen_assets.score.exports.written import Swing
from musicgen_assets.score.material import Lyrics, Rhythm
from musicgen_assets.score.model import Score, Syllable

DOCUMENTS_ROOM_BYTES = 4_000_000
"""Kept free beside audio for the report with its pictures, MIDI and text."""


def make_release(job: Job) -> Outcome:
    """The files of a release, see design section 6.

    Raises PermanentFailure where the gate says no without a waiver, where the verdict is about another master,
    or where the release would exceed 500 MB.
    """
    version = job.data("version")
    streaming = job.ref("mastering/master", "streaming")
    verdict = job.json("mastering/analysis", "verdict")
    waivers = permit_release(verdict, streaming.sha256, job.data("waivers"), version["partition"])
    song = _song(job, waivers)
    words = plain_text(song.title, song.lines) if song.lines else ""
    tags = tags_of(song, words)
    swing = _swing(job)
    exports, (cover, embedded) = job.tasks([_exports(job, swing), cover_task(song.context, song.score, song.tracks)])
    job.progress(0.1, "encoding")
    masters = master_files(job, song.context.technical, tags, embedded, verdict)
    job.progress(0.4, "stems")
    stems = _stems(job, song, sum(ref.size_bytes for ref in masters))
    documents = _documents(job, song, stems, verdict, masters, words)
    job.progress(0.6, "packages")
    packages = make_packages(
        song.context.technical.packages,
        Delivery(job, song, tags, _by_path(masters), stems, _by_path(exports), swing),
    )
    files = [*masters, *stems.refs, cover, *exports, *documents, *packages]
    files.append(_document("metadata.json", readable_json(metadata(song, stems, version))))
    given = given_files(song.context, song.record)
    files.append(_document("manifest.json", readable_json(manifest(files, version, given))))
    size_bytes = sum(len(file.data) if isinstance(file, Payload) else file.size_bytes for file in files)
    _refuse_too_large(size_bytes)
    job.progress(0.8, "checking every file")
    check = intact_check(job, files, float(song.measures["duration_s"]))
    facts: dict[str, float | int | str | bool] = {
        "files": len(files), "megabytes": round(size_bytes / 1024 / 1024, 1), "stems": len(stems.refs),
        "stem_bits": stems.packing.bits, "waivers": len(waivers),
    }  # fmt: skip
    return Outcome(content=files, facts=facts, checks=[check])


def _song(job: Job, waivers: tuple[Mapping[str, str], ...]) -> SongFacts:
    score = job.load("arrangement/arrangement", Score)
    vocal = job.json("arrangement/vocal_line")
    analysis = job.json("mastering/analysis")
    record = job.json("production/take", "record")
    syllables = [Syllable.model_validate(syllable) for syllable in vocal.get("syllables", ())]
    lyrics = job.load("composition/lyrics", Lyrics)
    return SongFacts(
        prompt=str(job.json("ideation/brief")["prompt"]),
        context=job.load("ideation/context", CompositionContext),
        score=score,
        tracks=tuple(merged_tracks(score, vocal)),
        lines=heard_lines(sung_lines(syllables, song_clock(score), lyrics), sung_words(record)),
        carrier_note=_carrier_note(record, vocal),
        measures=analysis["measures"],
        scores=analysis["scores"],
        record=record,
        waivers=waivers,
        reroutes=job.data("reroutes"),
    )


def _carrier_note(record: Mapping[str, Any], vocal: Mapping[str, Any]) -> str:
    """What is said about who sings; older takes have no word about it, and were played by a lead instrument."""
    if not vocal.get("syllables") or delivery_of(record) is not None:
        return ""
    sung = record.get("vocal") or {}
    return str(sung.get("note") or NOTE_CARRIED)


def _by_path(refs: Sequence[Ref]) -> dict[str, Ref]:
    return {ref.role: ref for ref in refs}


def _stems(job: Job, song: SongFacts, masters_bytes: int) -> StemSet:
    refs = {ref.role.removeprefix("stem/"): ref for ref in job.refs("mixing/mix") if ref.role.startswith("stem/")}
    roles = {track.name: track.role for track in song.tracks}
    others = DOCUMENTS_ROOM_BYTES + masters_bytes + _packages_bytes(song, len(refs))
    return make_stems(job, refs, roles, RELEASE_MAX_BYTES - others)


def _packages_bytes(song: SongFacts, stems: int) -> int:
    technical = song.context.technical
    measures = song.measures
    facts = SizeFacts(
        float(measures["duration_s"]), int(measures["sample_rate_hz"]), technical.bit_depth, int(measures["channels"]),
        stems,
    )  # fmt: skip
    return round(sum(size(facts) for size in package_sizes(technical.packages).values()))


def _swing(job: Job) -> Swing:
    rhythm = job.load("composition/rhythm_pattern", Rhythm)
    return Swing(rhythm.swing, rhythm.sixteenth_swing)


def _exports(job: Job, swing: Swing) -> Task:
    written, vocal = job.ref("arrangement/arrangement", "written"), job.ref("arrangement/vocal_line")
    return export_task(written, vocal, swing)


def _documents(
    job: Job, song: SongFacts, stems: StemSet, verdict: Mapping[str, Any], masters: Sequence[Ref], words: str
) -> list[File]:
    files: list[File] = [replace(job.ref("arrangement/vocal_line", "midi"), role="score.mid")]
    if song.lines:
        about = (song.title, song.lines, float(song.measures["duration_s"]))
        files += [
            _document("lyrics.lrc", lrc_text(*about).encode()),
            _document("lyrics_words.lrc", enhanced_lrc_text(*about).encode()),
            _document("lyrics.srt", srt_text(song.lines).encode()),
            _document("lyrics.txt", words.encode()),
        ]
    has_own_words = song.context.creative.lyrics is not None
    files.append(_document("licence.txt", licence_text(song.title, song.record, has_own_words=has_own_words).encode()))
    pictures = {name: job.blob(job.ref("mastering/analysis", name)).data for name in PICTURES}
    page = report_html(
        song,
        stems=stems,
        checks=verdict["checks"],
        enhanced=job.json("ideation/enhanced_prompt"),
        master_plan=job.json("mastering/master", "plan"),
        masters=[ref.role for ref in masters],
        pictures=pictures,
    )
    files.append(_document("report.html", page.encode()))
    return files


def _document(path: str, data: bytes) -> Payload:
    ending = path.rsplit(".", 1)[-1]
    return Payload(path, MEDIA_TYPES[ending], data, f".{ending}")


def _refuse_too_large(size_bytes: int) -> None:
    if size_bytes <= RELEASE_MAX_BYTES:
        return
    raise PermanentFailure(
        f"The release takes {size_bytes / 1024 / 1024:.0f} MB even with its stems joined, "
        f"{RELEASE_MAX_BYTES // 1024 // 1024} MB are allowed.",
        way_out="Ask for 16 bits (--set technical.bit_depth=16), a lower sample rate, fewer formats or packages, or "
        "a shorter song.",
    )
