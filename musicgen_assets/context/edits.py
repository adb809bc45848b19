"""What people do to a song by hand: faders, mutes and pans, the tone of the whole, files in an artifact's place, holds.

Belongs here: the models of ``CompositionContext.edits`` with their ranges. Does not belong here: what is made of them
(composition, production, mixing, mastering), reading files (resources.uploads).

A song nobody edited by hand has none of this: ``edits`` is then left out of what is written, and of every result key.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from musicgen_assets.context import limits
from musicgen_assets.context.frozen import Frozen

BusName = Literal["drums", "bass", "music", "vocals"]
"""Tracks that share a fader."""
GAIN_MIN_DB, GAIN_MAX_DB = -60.0, 24.0
POINTS_MAX = 200
GainDb = Annotated[float, Field(ge=GAIN_MIN_DB, le=GAIN_MAX_DB)]


class GainPoint(Frozen):
    """Where the gain of a fader is at a time: straight lines in dB between points, level before and after them."""

    time_s: float = Field(ge=0.0, le=limits.DURATION_MAX_S)
    gain_db: GainDb


class SectionEdit(Frozen):
    """A track in one section, on top of what it is elsewhere."""

    is_muted: bool = False
    gain_db: GainDb = 0.0


class BusEdit(Frozen):
    """A fader moved by hand: ``gain_db`` and ``automation`` add up, and a mute beats both."""

    is_muted: bool = False
    gain_db: GainDb = 0.0
    automation: tuple[GainPoint, ...] = Field((), max_length=POINTS_MAX)

    @field_validator("automation")
    @classmethod
    def _in_order(cls, points: tuple[GainPoint, ...]) -> tuple[GainPoint, ...]:
        if any(later.time_s < earlier.time_s for earlier, later in pairwise(points)):
            raise ValueError("points of an automation must be in order of time")
        return points


class TrackEdit(BusEdit):
    """A track moved by hand. ``pan`` -1 (left) to 1 replaces where the mix had put it.

    ``sections``: by name ("verse 2") or kind ("verse", every one of them); the name beats the kind.
    """

    pan: Annotated[float, Field(ge=-1.0, le=1.0)] | None = None
    sections: dict[str, SectionEdit] = Field(default_factory=dict, max_length=40)

    @field_validator("sections")
    @classmethod
    def _without_idle(cls, sections: dict[str, SectionEdit]) -> dict[str, SectionEdit]:
        return {name: edit for name, edit in sorted(sections.items()) if edit != SectionEdit()}


TONE_MAX_DB = 9.0
"""How far a hand turns the tone of the whole mix, either way."""
WIDTH_MAX = 2.0
ROOM_MIN_DB, ROOM_MAX_DB = -60.0, 12.0


def _is_zero(value: float) -> bool:
    return value == 0.0


class MixEdit(Frozen):
    """The whole mix turned by hand (mixing.whole). What stands at its default is not written, and enters no key.

    ``brightness_db`` turns the highs, ``warmth_db`` the low middle, ``bass_db`` the lows; ``width`` scales how far the
    sides are from the middle: 0 is mono, 1 as it was mixed; ``reverb_db`` turns every room, at -60 off.
    """

    brightness_db: float = Field(0.0, ge=-TONE_MAX_DB, le=TONE_MAX_DB, exclude_if=_is_zero)
    warmth_db: float = Field(0.0, ge=-TONE_MAX_DB, le=TONE_MAX_DB, exclude_if=_is_zero)
    bass_db: float = Field(0.0, ge=-TONE_MAX_DB, le=TONE_MAX_DB, exclude_if=_is_zero)
    width: float = Field(1.0, ge=0.0, le=WIDTH_MAX, exclude_if=lambda width: width == 1.0)
    reverb_db: float = Field(0.0, ge=ROOM_MIN_DB, le=ROOM_MAX_DB, exclude_if=_is_zero)


class StoredFile(Frozen):
    """A file that a person gave, by its content: what ``resources.uploads`` put into the store.

    ``only_s``: seconds of it, from and to, that are used; None for all.
    """

    name: str = Field(min_length=1, max_length=200)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=1)
    media_type: str = Field(min_length=1, max_length=60)
    only_s: tuple[float, float] | None = None


class HeldFile(Frozen):
    """A role of an artifact of the version that was edited, to be used as it is; fields as graph.job.Ref."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=1)
    media_type: str
    suffix: str = ""
    meta: dict[str, Any] = Field(default_factory=dict)


class HeldMix(Frozen):
    """The mix that stays outside ``sections`` (named "verse 2" or "verse"): its plan with every gain, and its stems.

    Ids stay out: equal edits of equal songs are one context. ``dry`` are hashes of the dry stems by track: where a stem
    is still played from the same, it is held inside the sections too. Tracks ``let_go`` were edited as a whole since,
    and are no longer held.
    """

    sections: tuple[str, ...] = Field(min_length=1)
    plan: HeldFile
    stems: dict[str, HeldFile]
    dry: dict[str, str] = Field(default_factory=dict)
    let_go: tuple[str, ...] = ()


class HeldMaster(Frozen):
    """The masters, by target, that stay where the mix is the held one, and the plan that says how they were made."""

    plan: HeldFile
    targets: dict[str, HeldFile] = Field(min_length=1)


class Edits(Frozen):
    """Everything that was done by hand. What does nothing (a gain of 0 dB) is not kept."""

    tracks: dict[str, TrackEdit] = Field(default_factory=dict, max_length=64)
    buses: dict[BusName, BusEdit] = Field(default_factory=dict)
    mix: MixEdit = Field(default_factory=MixEdit, exclude_if=lambda edit: edit == MixEdit())
    melody: StoredFile | None = None
    """A MIDI file that is the song's melody, or its hook (composition.given_melody)."""
    stems: dict[str, StoredFile] = Field(default_factory=dict, max_length=64)
    """Audio files that stand in the place of rendered tracks; None brings back what was rendered."""
    held_mix: HeldMix | None = None
    held_master: HeldMaster | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_idle(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        found = {name: value for name, value in data.items() if name != "mix" or value is not None}
        if isinstance(found.get("stems"), dict):
            found["stems"] = {track: file for track, file in sorted(found["stems"].items()) if file is not None}
        for name, model in (("tracks", TrackEdit), ("buses", BusEdit)):
            if isinstance(found.get(name), dict):
                found[name] = {key: edit for key, edit in sorted(found[name].items()) if not _is_idle(edit, model)}
        return found


def _is_idle(edit: Any, model: type[BusEdit]) -> bool:
    """Whether it changes nothing. What is no edit at all is kept, for validation to refuse."""
    try:
        return edit is None or model.model_validate(edit) == model()
    except ValueError:
        return False
