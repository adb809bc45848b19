"""The definition file of a batch: its form, and reading it. Everything wrong with it is said before anything starts.

Belongs here: the shape of the file and its rules. Does not belong here: which songs it comes to (songs), the rules of
a song (the door).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from musicgen_assets.context import limits
from musicgen_assets.context.failures import BadInput, PermanentFailure
from musicgen_assets.context.request import Stage
from resources.batches.strict_yaml import WAY_OUT, strict_yaml
from resources.disk import disk_failure
from resources.settings import Settings

ENDINGS = (".yaml", ".yml")
FOLDER = "batches"
LARGEST_BYTES = 4 * 1024 * 1024
SONGS_MAX = 10_000
"""Songs of one batch: what a night of one machine cannot make anyway."""
_NAME = r"[a-z0-9][a-z0-9_-]{0,78}"
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(m|min|h|d)")
_UNIT_S = {"m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}

Fields = dict[str, Any]
Seed = Annotated[int, Field(ge=0, le=limits.SEED_MAX)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Template(BaseModel):
    """A song with gaps: every combination of ``variables`` fills them once, the last variable changing fastest.

    Beside ``prompt`` and ``variables`` it holds any field of a request; ``{name}`` in a text is a variable.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    prompt: str
    variables: dict[str, list[str | int | float | bool]] = Field(min_length=1)

    @field_validator("variables")
    @classmethod
    def _each_has_values(cls, variables: dict[str, list[Any]]) -> dict[str, list[Any]]:
        for name, values in variables.items():
            if not name.isidentifier():
                raise ValueError(f"{name!r} is no name: letters, digits and _")
            if not values:
                raise ValueError(f"the variable {name} has no values")
        return variables


class Timetable(_Part):
    """When the batch is started by itself: ``cron`` as in crontab(5), in ``timezone``."""

    cron: str
    timezone: str = "UTC"

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, cron: str) -> str:
        import dagster as dg

        try:
            dg.ScheduleDefinition(name="probe", job_name="probe", cron_schedule=cron)
        except dg.DagsterInvalidDefinitionError as error:
            raise ValueError("it is no cron line; example: '0 3 * * *' for every night at three") from error
        return cron

    @field_validator("timezone")
    @classmethod
    def _is_timezone(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("there is no such time zone; example: Europe/Vienna") from error
        return timezone


class BatchDefinition(_Part):
    """What a definition file says. Defaults of a song are those of any request; only what is said here is passed on.

    ``seeds``: each song once with each of a list; a number is the seed of the first round, one more for each round.
    ``count``: how many songs; prompts and templates go round until there are so many. ``each_start``: "same" makes a
    repeated start cost only what changed, "new" makes other songs each time.
    """

    name: str = Field(pattern=f"^{_NAME}$")
    """Small letters, digits, - and _; where a file names none, it is the file's own."""
    user: str = Field("local", min_length=1, max_length=120)
    priority: int = Field(0, ge=-limits.PRIORITY_MAX, le=limits.PRIORITY_MAX)
    until: Stage | None = None
    deadline: str | None = None
    count: int | None = Field(None, ge=1, le=SONGS_MAX)
    seeds: Seed | list[Seed] | None = None
    each_start: Literal["same", "new"] = "same"
    prompts: list[str | Fields] = []
    templates: list[Template] = []
    common: Fields = {}
    schedule: Timetable | None = None

    @field_validator("deadline")
    @classmethod
    def _is_deadline(cls, deadline: str | None) -> str | None:
        if deadline is not None and _SPAN.fullmatch(deadline.strip()) is None and _moment(deadline) is None:
            raise ValueError(
                "it is neither a moment with its time zone (2026-12-24T18:00:00Z) nor a time from the start "
                "(45 min, 6h, 2d)"
            )
        return deadline

    @field_validator("prompts", mode="before")
    @classmethod
    def _are_texts_or_fields(cls, prompts: Any) -> Any:
        for number, entry in enumerate(prompts if isinstance(prompts, list) else [], 1):
            if not isinstance(entry, (str, Mapping)) or any(not isinstance(name, str) for name in entry):
                raise ValueError(f"number {number} is neither a text nor fields of a song: {entry!r:.60}")
        return prompts

    @field_validator("seeds", mode="before")
    @classmethod
    def _are_seeds(cls, seeds: Any) -> Any:
        for seed in seeds if isinstance(seeds, list) else [] if seeds is None else [seeds]:
            if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= limits.SEED_MAX:
                raise ValueError(f"{seed!r:.60} is no whole number from 0 to {limits.SEED_MAX}")
        return seeds

    @model_validator(mode="after")
    def _asks_for_something(self) -> BatchDefinition:
        if not self.prompts and not self.templates:
            raise ValueError("it has neither prompts nor templates")
        if self.seeds == []:
            raise ValueError("seeds is an empty list; leave it out to have them drawn")
        return self

    def deadline_after(self, start: datetime) -> datetime | None:
        """The moment after which nothing of it is begun, in UTC; None where there is none."""
        if self.deadline is None:
            return None
        matched = _SPAN.fullmatch(self.deadline.strip())
        if matched is None:
            moment = _moment(self.deadline)
            return None if moment is None else moment.astimezone(UTC)
        return start.astimezone(UTC) + timedelta(seconds=float(matched[1]) * _UNIT_S[matched[2]])


def _moment(text: str) -> datetime | None:
    """The moment that ``text`` is; None where it is none, or could be one of many for want of a time zone."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def folder_of(settings: Settings) -> Path:
    """Where definition files are that a schedule starts, and that the form knows by name."""
    return settings.home / FOLDER


def files_in(settings: Settings) -> list[Path]:
    """Definition files of the home, by name; none where there is no folder. Raises a Failure where it is unreadable."""
    folder = folder_of(settings)
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in ENDINGS]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise disk_failure(error, folder, "list") from error
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def find_file(settings: Settings, text: str, *, is_path_allowed: bool = True) -> Path:
    """The file that ``text`` names: a path, or a name in the home's folder, ending or not. Raises BadInput.

    Where ``is_path_allowed`` is false only the home's folder is looked into: whoever asks from afar reads nothing else.
    """
    given = Path(text).expanduser()
    if is_path_allowed and given.is_file():
        return given.absolute()
    known = {name: path for path in files_in(settings) for name in (path.name, path.stem)}
    if text in known:
        return known[text]
    near = get_close_matches(text, known, n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    put = "Give its path, or put" if is_path_allowed else "Put"
    raise BadInput("FILE", text, "there is no such file", way_out=f"{hint}{put} it into {folder_of(settings)}.")


def read_definition(path: Path) -> BatchDefinition:
    """The definition in ``path``. Raises BadInput naming file, field and rule, PermanentFailure where unreadable."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise BadInput("file", str(path), f"it is larger than {LARGEST_BYTES} bytes", way_out="Split it.")
        data = path.read_bytes()
    except OSError as error:
        raise PermanentFailure(f"{path}: {error.strerror}.", way_out="Name a readable file.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("file", str(path), f"byte {error.start} is not UTF-8", way_out="Save it as UTF-8.") from error
    return parse_definition(text, path.name, path.stem)


def parse_definition(text: str, source: str, stem: str = "") -> BatchDefinition:
    """The definition in ``text``, which came from ``source``; ``stem`` names it where it does not name itself.

    Raises BadInput whose field begins with ``source``.
    """
    data = strict_yaml(text, source)
    if stem and isinstance(data, dict):
        data.setdefault("name", re.sub(r"[^a-z0-9_-]+", "-", stem.lower()).strip("-_"))
    return definition_of(data, source)


def definition_of(data: Any, source: str) -> BatchDefinition:
    """The definition that plain ``data`` is. Raises BadInput whose field begins with ``source``."""
    if not isinstance(data, Mapping):
        raise BadInput(source, data, "it is no mapping of fields", way_out=WAY_OUT)
    for name in data:
        if name not in BatchDefinition.model_fields:
            near = get_close_matches(str(name), BatchDefinition.model_fields, n=1)
            known = ", ".join(BatchDefinition.model_fields)
            way_out = f"Did you mean {near[0]}?" if near else f"Known: {known}. Fields of songs go under common."
            raise BadInput(f"{source}, {name}", data[name], "there is no such field", way_out=way_out)
    try:
        return BatchDefinition.model_validate(dict(data))
    except ValidationError as error:
        raise _bad(error, source) from error


def _bad(error: ValidationError, source: str) -> BadInput:
    """The first complaint, with the place in the file as a person would write it: prompts[2], schedule.cron."""
    first = error.errors(include_url=False)[0]
    place = ""
    for part in first["loc"]:
        if isinstance(part, int):
            place += f"[{part + 1}]"
        elif part in BatchDefinition.model_fields or place.partition("[")[0].partition(".")[0] in _NESTED:
            place += f".{part}" if place else str(part)
    return BadInput(
        f"{source}, {place}" if place else source, first["input"], str(first["msg"]).removeprefix("Value error, "),
        way_out=WAY_OUT,
    )  # fmt: skip


_NESTED = ("templates", "schedule")
"""Fields whose own fields are worth naming; elsewhere a second part is only which form of the value was tried."""
