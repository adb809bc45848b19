"""Forms that follow a picture: sections that begin where hit points ask for it.

Belongs here: reading a form on from hit point to hit point. Does not belong here: where the hit points fall in bars
(pace), dividing bars among sections (section_lengths).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from musicgen_assets.arrangement.section_lengths import Line, Wish
from musicgen_assets.context.schema import HOOK_KINDS, SectionKind

_ENOUGH = 0.5
"""A section still comes into a span while half of its wished bars do."""
_LEADS_IN: tuple[SectionKind, ...] = ("build", "pre_chorus", "breakdown", "bridge", "verse")
_AROUND: tuple[SectionKind, ...] = ("verse", "bridge", "interlude")


def lines_of(kinds: Sequence[SectionKind], marks: Mapping[int, str]) -> tuple[Line, ...]:
    """The barlines of ``marks`` (bar to hit point) with the sections that may begin there.

    A drop wants a chorus or drop, where the form has one; a change any section that differs from the one before it.
    """
    hooks = frozenset(index for index, kind in enumerate(kinds) if kind in HOOK_KINDS and index > 0)
    changes = frozenset(index for index in range(1, len(kinds)) if kinds[index] != kinds[index - 1])
    anywhere = frozenset(range(1, len(kinds)))
    return tuple(
        Line(bar, (hooks or anywhere) if marks[bar] == "drop" else (changes or anywhere)) for bar in sorted(marks)
    )


def read_to_picture(
    form: Sequence[SectionKind],
    nominal: Mapping[SectionKind, Wish],
    total: int,
    marks: Mapping[int, str],
    forms: Sequence[Sequence[SectionKind]],
) -> tuple[SectionKind, ...]:
    """A sequence of kinds with a section for every span between marks: the form, read on from where it stood.

    A drop jumps to the form's next chorus or drop; something that leads in comes before it where there is room.
    """
    known = (*form, *(kind for other in forms for kind in other))
    hook: SectionKind = next((kind for kind in known if kind in HOOK_KINDS), "chorus")
    inner: tuple[SectionKind, ...] = tuple(kind for kind in form if kind not in ("intro", "outro")) or (
        *_AROUND[:1],
        hook,
    )
    edges = [0, *sorted(marks), total]
    kinds: list[SectionKind] = []
    place = 0
    for number, (start, end) in enumerate(pairwise(edges)):
        is_next_drop = number < len(edges) - 2 and marks[end] == "drop"
        span: list[SectionKind] = []
        left = float(end - start)
        while not span or left > 0:
            kind: SectionKind
            if not span and marks.get(start) == "drop":
                kind = hook
                place = _after(inner, place, hook)
            elif not kinds and not span and form[0] == "intro" and left >= 2:
                kind = form[0]
            else:
                kind, place = _next(inner, place, span[-1] if span else kinds[-1] if kinds else None)
            if span and left < _ENOUGH * nominal[kind].bars:
                break
            span.append(kind)
            left -= nominal[kind].bars
        if is_next_drop and not (len(span) == 1 and marks.get(start) == "drop"):
            _lead_in(span, kinds, inner)
        kinds += span
    if form[-1] == "outro" and end - start > 2 * nominal["outro"].bars:
        kinds.append("outro")
    return tuple(kinds)


def _after(inner: Sequence[SectionKind], place: int, hook: SectionKind) -> int:
    """The place in the form behind its next hook."""
    for step in range(len(inner)):
        if inner[(place + step) % len(inner)] == hook:
            return (place + step + 1) % len(inner)
    return place


def _next(inner: Sequence[SectionKind], place: int, before: SectionKind | None) -> tuple[SectionKind, int]:
    """The form's next kind that differs from the section before, and the place after it."""
    for step in range(len(inner)):
        kind = inner[(place + step) % len(inner)]
        if kind != before:
            return kind, (place + step + 1) % len(inner)
    other = next(kind for kind in _AROUND if kind != before)
    return other, place


def _lead_in(span: list[SectionKind], before: Sequence[SectionKind], inner: Sequence[SectionKind]) -> None:
    """What comes right before a drop is no hook itself; a build or its like where the form has one."""
    known = [kind for kind in _LEADS_IN if kind in inner] or ["verse"]
    previous = span[-2] if len(span) > 1 else before[-1] if before else None
    if span[-1] in HOOK_KINDS or (len(span) > 1 and span[-1] not in _LEADS_IN[:2]):
        span[-1] = next((kind for kind in (*known, *_AROUND) if kind != previous), span[-1])
