"""Where the inbox lies: a folder or a bucket's prefix, what is in it, and the answers beside the files.

Belongs here: listing, reading and answering, over fsspec. Does not belong here: what a file holds (rows).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from musicgen_assets.context.failures import BadInput, Failure, TransientFailure
from resources.disk import disk_failure, write_atomically
from resources.file_systems import file_system, is_local, refusals, remote_failure
from resources.inbox.rows import ENDINGS
from resources.uploads import too_large

RESULT = ".result.json"
"""Ending of the answer to a file: "songs.csv" is answered by "songs.csv.result.json"."""

LARGEST_BYTES = 16 * 1024 * 1024
"""A file of requests is text that people or programs wrote; more than this is something else."""


STILL_S = 5.0
"""A file that a row names is read once it stood still for so long. On a bucket, objects appear whole."""
_NAME_MAX = 500


@dataclass(frozen=True)
class Found:
    """A file of requests. ``mark`` changes when its content may have: size, time and, on a bucket, the tag.

    ``answer_mark`` is the same of the answer beside it; empty where there is none.
    """

    name: str
    size_bytes: int
    mark: str
    answer_mark: str = ""


_LISTING: tuple[type[Exception], ...] = (ValueError,)
"""What a listing raises besides what the file system refuses."""


class Inbox:
    """The inbox at ``url`` ("file:///path", "s3://bucket/prefix"). Every method raises a Failure that says why."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs, self._root = file_system(url, "MUSICGEN_INBOX_URL")
        self._refusals = refusals(self._fs)

    def files(self) -> list[Found]:
        """Files of requests at the top of the inbox, by name; hidden and half-downloaded ones are no such files."""
        if is_local(self._fs):
            make = Path(self._root)
            try:
                make.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise disk_failure(error, make, "create the folder") from error
        try:
            self._fs.invalidate_cache()
            entries = self._fs.ls(self._root, detail=True)
        except _LISTING + self._refusals as error:
            if isinstance(error, FileNotFoundError) and self._is_bucket_there():
                return []  # a bucket has no folders: nothing was put there yet
            raise self._refused(error, self._root, "list") from error
        found = [_found(entry) for entry in entries if entry["type"] == "file"]
        marks = {file.name: file.mark for file in found}
        return sorted(
            (
                replace(file, answer_mark=marks.get(file.name + RESULT, ""))
                for file in found
                if _is_request_file(file.name)
            ),
            key=lambda file: file.name,
        )

    def read(self, file: Found) -> bytes:
        """The whole file. Raises BadInput for one that is too large."""
        if file.size_bytes > LARGEST_BYTES:
            raise BadInput(
                "file", file.name, f"it has {file.size_bytes:,} bytes, {LARGEST_BYTES:,} are allowed",
                way_out="Split it into smaller files.",
            )  # fmt: skip
        try:
            return bytes(self._fs.cat_file(self._path(file.name)))
        except self._refusals as error:
            raise self._refused(error, file.name, "read") from error

    def beside(self, name: str, field: str, most_bytes: int) -> bytes:
        """A file that lies in the inbox, or in a folder of it, for a row that names it.

        Raises BadInput for a name that leads out of the inbox or is hidden, for a file that is not there or too large;
        TransientFailure for one that was written within the last STILL_S: whoever writes it may not have finished.
        """
        check_name(name, field)
        path = self._path(name)
        try:
            if is_local(self._fs):
                _check_inside(Path(self._root), Path(path), name, field)
            info = self._fs.info(path)
            if info["type"] != "file":
                raise BadInput(field, name, "it is a folder", way_out="Name a file.")
            if int(info["size"] or 0) > most_bytes:
                raise too_large(field, name, int(info["size"]), most_bytes)
            if is_local(self._fs) and 0.0 <= time.time() - float(info["mtime"]) < STILL_S:
                raise TransientFailure(f"{name} was written just now.", way_out="It is taken once it stands still.")
            return bytes(self._fs.cat_file(path))
        except FileNotFoundError as error:
            way_out = "Put the file there first, then the file of requests again."
            raise BadInput(field, name, "there is no such file in the inbox", way_out=way_out) from error
        except self._refusals as error:
            refused = self._refused(error, name, "read")
            if refused.is_retryable:
                raise refused from error
            # Of this row alone: the others of its file can do without what this one names.
            raise BadInput(field, name, f"it cannot be read: {refused}", way_out=refused.way_out) from error

    def answer(self, file: Found) -> dict[str, Any] | None:
        """The answer beside a file, if there is one that can be read."""
        try:
            told = json.loads(self._fs.cat_file(self._path(file.name + RESULT)))
        except FileNotFoundError:
            return None
        except ValueError:
            return None  # cut short or written over: the file is taken again, which doubles nothing
        except self._refusals as error:
            raise self._refused(error, file.name + RESULT, "read") from error
        return told if isinstance(told, dict) else None

    def tell(self, file: Found, answer: Mapping[str, Any]) -> None:
        """Write the answer beside the file, whole or not at all."""
        path, data = self._path(file.name + RESULT), json.dumps(answer, indent=1, ensure_ascii=False).encode()
        if is_local(self._fs):
            write_atomically(Path(path), data + b"\n")
            return
        try:
            self._fs.pipe_file(path, data + b"\n")
        except self._refusals as error:
            raise self._refused(error, path, "write") from error

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _is_bucket_there(self) -> bool:
        try:
            return not is_local(self._fs) and bool(self._fs.exists(self._root.partition("/")[0]))
        except self._refusals:
            return False

    def _refused(self, error: Exception, what: str, doing: str) -> Failure:
        if is_local(self._fs) and isinstance(error, OSError):
            return disk_failure(error, what, doing)
        return remote_failure(error, f"Could not {doing} {what} in the inbox {self.url}")


def check_name(name: str, field: str) -> None:
    """Raise BadInput for a name that is no plain path below the inbox: absolute, with "..", hidden, or of another
    system's kind.
    """
    parts = name.split("/")
    is_plain = all(part and not part.startswith((".", "~")) and part.isprintable() for part in parts)
    if not is_plain or "\\" in name or ":" in name or len(name) > _NAME_MAX:
        raise BadInput(
            field, name, "it is no name of a file in the inbox",
            way_out="Put the file beside the file of requests, or in a folder there, and name it from there: idea.mid.",
        )  # fmt: skip


def _check_inside(root: Path, path: Path, name: str, field: str) -> None:
    """Raise BadInput where links lead out of the inbox."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise BadInput(field, name, "it leads out of the inbox", way_out="Put the file itself into the inbox.")


def _found(entry: Mapping[str, Any]) -> Found:
    size = int(entry.get("size") or 0)
    tag = entry.get("ETag") or entry.get("mtime") or entry.get("LastModified") or entry.get("created") or ""
    return Found(str(entry["name"]).rsplit("/", 1)[-1], size, f"{size}:{tag}")


def _is_request_file(name: str) -> bool:
    is_hidden = name.startswith((".", "~"))
    return not is_hidden and not name.endswith(RESULT) and name.rsplit(".", 1)[-1].lower() in ENDINGS
