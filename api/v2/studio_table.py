"""Operations of version 2 that somebody needs who sits before a song: understand, hear, take, curate.

Belongs here: their rows of the table. Does not belong here: the other rows (table), what they do (the modules beside).
"""

from __future__ import annotations

from typing import Any

from api.operations import Operation
from api.v2 import asked, curating, heard, hearing, takes_told, taking, understanding, understood

_SONG = "/compositions/{composition}"


def studio_operations() -> list[Operation]:
    """All of them, in the order of the documentation."""
    return [*_asking(), *_hearing(), *_taking(), *_curating()]


def _asking() -> list[Operation]:
    return [
        Operation("understand", "POST", "/compositions/understand/",
                  "What a prompt is understood as, one thing at a time, each with how to correct it; nothing is made.",
                  "create", understanding.understand, body=asked.GenerateAsked, answer=understood.UnderstoodTold,
                  tags=("make",)),
    ]  # fmt: skip


def _hearing() -> list[Operation]:
    more: dict[str, Any] = {"problems": ("not_made",), "tags": ("listen",)}
    return [
        Operation("sound", "GET", f"{_SONG}/sound/", "What to play of a version, how loud and bright it is.", "look",
                  hearing.sound, query=asked.VersionAsked, answer=heard.SoundTold, **more),
        Operation("waveform", "GET", f"{_SONG}/waveform/", "The outline of the master or of a stem, for drawing.",
                  "look", hearing.waveform, query=heard.WaveformAsked, answer=heard.WaveformTold, **more),
        Operation("score", "GET", f"{_SONG}/score/", "Notes, sections and words of a version, in seconds.", "look",
                  hearing.score, query=asked.VersionAsked, answer=heard.ScoreTold, **more),
    ]  # fmt: skip


def _taking() -> list[Operation]:
    tags = ("takes",)
    return [
        Operation("generate_takes", "POST", "/compositions/takes/",
                  "Ask for a new song, written several times and previewed.", "create", taking.generate_takes,
                  body=takes_told.GenerateTakesAsked, answer=takes_told.TakesAccepted, status=202,
                  has_idempotency_key=True, tags=tags),
        Operation("start_takes", "POST", f"{_SONG}/takes/", "Ask for takes of a version.", "change",
                  taking.start_takes, body=takes_told.TakesAsked, is_body_needed=False,
                  answer=takes_told.TakesAccepted, status=202, problems=("conflict",), tags=tags),
        Operation("takes", "GET", f"{_SONG}/takes/", "Takes side by side.", "look", taking.show_takes,
                  query=takes_told.ShowTakesAsked, answer=takes_told.TakesTold, problems=("not_made",), tags=tags),
        Operation("keep_take", "POST", f"{_SONG}/takes/keep/", "Finish one take; the others are put away after it.",
                  "change", taking.keep, body=takes_told.KeepAsked, answer=takes_told.KeptTold, status=202,
                  problems=("conflict",), tags=tags),
    ]  # fmt: skip


def _curating() -> list[Operation]:
    tags = ("make",)
    return [
        Operation("rename", "PUT", f"{_SONG}/title/", "Another name in lists.", "change", curating.rename,
                  body=curating.RenameAsked, answer=curating.RenamedTold, tags=tags),
        Operation("archive", "POST", f"{_SONG}/archive/", "Put a composition, or one version, out of sight.", "delete",
                  curating.archive, body=curating.PutAwayAsked, is_body_needed=False, answer=curating.PutAwayTold,
                  problems=("conflict",), tags=tags),
        Operation("restore", "POST", f"{_SONG}/restore/", "Bring back what was put away.", "delete", curating.restore,
                  body=curating.PutAwayAsked, is_body_needed=False, answer=curating.PutAwayTold,
                  problems=("conflict",), tags=tags),
        Operation("waive", "POST", f"{_SONG}/waive/", "Excuse a failed check, on the record; then retry.", "change",
                  curating.waive, body=curating.WaiveAsked, answer=curating.WaivedTold, problems=("conflict",),
                  tags=tags),
        Operation("upload", "POST", f"{_SONG}/uploads/", "Give a file that stands in the place of what was made.",
                  "change", curating.upload, query=curating.UploadAsked, takes_file=True, answer=curating.UploadTold,
                  tags=tags),
        Operation("upload_new", "POST", "/uploads/", "Give a file for a new song, such as the tune it begins with.",
                  "create", curating.upload_new, query=curating.UploadAsked, takes_file=True,
                  answer=curating.UploadTold, tags=tags),
    ]  # fmt: skip
