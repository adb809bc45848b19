"""What Kie answers with, in both generations of its API: takes, stems, words with times, lyrics.

Belongs here: results of finished jobs, and the envelope. Does not belong here: which endpoint asks for them.
"""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response

from api.dev_providers.desk import Desk, call, desk
from api.dev_providers.fields import Fields
from api.dev_providers.jobs import Job
from api.dev_providers.links import link
from api.dev_providers.problems import Refused
from api.dev_providers.provider import answer
from api.dev_providers.schema_filling import Filler
from api.dev_providers.sounds import WAV, separated
from api.dev_providers.wishes import SongWish

MODELS = ("V6", "V6_MINI", "V6_WILD", "V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5", "V5_5")
TAKES = 2
_SEEDS = tuple(range(1, TAKES + 1))
DEFAULT_S = 60.0
"""Length of songs whose request says none; in truth the model chooses."""
_LYRICS = 2
_FETCH_S = 30.0
_MAX_BYTES = 100_000_000

STEMS = (
    "backing_vocals", "drums", "bass", "guitar", "keyboard", "percussion", "strings", "synth", "fx", "brass",
    "woodwinds", "vocal",
)  # fmt: skip
"""Of ``split_stem``, in its words."""
_OURS = {"vocal": "vocals"}


def enveloped(
    data: Any, code: int = 200, message: str = "success", status: int = 200, extra: Mapping[str, Any] | None = None
) -> Response:
    """{code, msg, data}, which every answer is."""
    return answer({"code": code, "msg": message, "data": data, **(extra or {})}, status)


@dataclass(frozen=True)
class Source:
    """A finished song that a request is about."""

    job: Job
    take: int

    @property
    def wish(self) -> SongWish:
        """What it is."""
        return self.job.songs[self.take]


def takes_of(wish_fields: Mapping[str, Any]) -> tuple[SongWish, ...]:
    """The two takes of a request."""
    return tuple(SongWish(**{**wish_fields, "seed": seed}) for seed in _SEEDS)


def source_of(task_id: str, audio_id: str) -> Source:
    """The take of a finished task. Raises Refused for one that there is not."""
    job = desk().jobs.find(call().provider.name, task_id or audio_id.rpartition("_")[0])
    take = audio_id.rpartition("_")[2]
    if job is None or not take.isdigit() or int(take) >= len(job.songs) or desk().jobs.phase(job) != "done":
        raise Refused("not_found", f"There is no finished audio {audio_id!r} of task {task_id!r}.")
    return Source(job, int(take))


def audio_id(job: Job, take: int) -> str:
    """The id of one take."""
    return f"{job.id}_{take}"


def audio_rows(at: Desk, job: Job, *, is_camel: bool) -> list[dict[str, Any]]:
    """The takes of a finished job; snake_case in callbacks and in the jobs API, camelCase in older records."""
    rows = []
    for take, wish in enumerate(job.songs):
        facts, url = at.sounds.facts(wish), link(at, job, take)
        row = {
            "id": audio_id(job, take), "audio_url": url, "stream_audio_url": url,
            "image_url": f"{at.base_url}/kie/covers/{job.id}.jpeg",
            "prompt": wish.lyrics or facts["lyrics"] or wish.prompt,
            "model_name": str(job.request.get("model", "V6")), "title": facts["title"],
            "tags": ", ".join(facts["genres"]), "createTime": int(job.created_s * 1_000),
            "duration": facts["duration_s"],
        }  # fmt: skip
        rows.append({_camel(name): value for name, value in row.items()} if is_camel else row)
    return rows


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def stem_urls(at: Desk, job: Job, *, is_split: bool) -> dict[str, str | None]:
    """Links to the stems of a separation, snake_case: two, or those of STEMS that the song has."""
    kept = job.request.get("kept")
    if kept is not None:  # a file that was sent here
        return dict(kept)
    wish = job.songs[0]
    names = at.sounds.facts(wish)["stems"]
    if is_split:
        ours = {stem: _OURS.get(stem, stem) for stem in STEMS}
        return {f"{stem}_url": link(at, job, parts=(own,)) if own in names else None for stem, own in ours.items()}
    band = tuple(name for name in names if name != "vocals")
    return {
        "origin_url": link(at, job),
        "vocal_url": link(at, job, parts=("vocals",)),
        "instrumental_url": link(at, job, parts=band),
    }


def keep_stems(data: bytes, life_s: float) -> dict[str, str]:
    """Stems of a file that was sent here, kept as uploads: snake_case links as in ``stem_urls``."""
    from dsp.audiofile import encode_mp3
    from dsp.convert import resample

    at, found = desk(), {}
    stems, rate_hz = separated(data)
    band = stems["drums"] + stems["synth"]
    for name, sound in {"vocal": stems["vocals"], "instrumental": band}.items():
        mp3 = encode_mp3(resample(sound, rate_hz, WAV.rate_hz), WAV.rate_hz, 128)
        kept = at.uploads.keep("kie", at.account.name, mp3, f"{name}.mp3", "audio/mpeg", life_s)
        found[f"{name}_url"] = f"{at.base_url}/kie/uploads/{kept.id}/{name}.mp3"
    return found


def aligned_words(at: Desk, wish: SongWish) -> dict[str, Any]:
    """Words with their times in seconds, as get-timestamped-lyrics answers."""
    facts = at.sounds.facts(wish)
    words = [
        {"word": f"{word['word']} ", "success": True, "startS": word["start_s"], "endS": word["end_s"], "palign": 0}
        for word in facts["words"]
    ]
    return {"alignedWords": words, "waveformData": [], "hootCer": 0.0, "isStreamed": False}


def lyrics_rows(prompt: str) -> list[dict[str, str]]:
    """Variants of lyrics for a prompt."""
    rows = []
    for number in range(_LYRICS):
        filler = Filler(f"{prompt} {number}", prompt)
        text = "\n\n".join(f"[{tag}]\n{filler.lines(4)}" for tag in ("Verse 1", "Chorus", "Verse 2", "Chorus"))
        title = str(filler.fill({"type": "object", "properties": {"title": {"type": "string"}}})["title"])
        rows.append({"text": text, "title": title, "status": "complete", "errorMessage": ""})
    return rows


def fetched(url: str) -> bytes:
    """The file behind a link. Raises Refused where there is none within 30 s or 100 MB."""
    if not url.startswith(("http://", "https://")):
        raise Refused("bad_request", f"{url!r} is no web address.")
    try:
        with urllib.request.urlopen(url, timeout=_FETCH_S) as response:  # noqa: S310  # checked above
            return bytes(response.read(_MAX_BYTES))
    except OSError as error:
        raise Refused("bad_request", f"{url} could not be fetched: {error}.") from error


def needed_url(fields: Fields, name: str) -> str:
    """A field that must be a web address."""
    url = fields.text(name)
    if not url.startswith(("http://", "https://")):
        raise Refused("bad_request", f"{name} must be a web address")
    return url
