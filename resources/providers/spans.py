"""A song's sections as spans that keep to a provider's bounds: too short ones joined, too long ones divided.

Belongs here: that arithmetic, in whole milliseconds. Does not belong here: what a provider's field is called.
"""

from __future__ import annotations

from dataclasses import dataclass

from musicgen_assets.engines.asking import PlannedSection


@dataclass(frozen=True)
class Span:
    """One or more sections, or a part of one. ``lines`` are all the words sung in it."""

    names: tuple[str, ...]
    duration_ms: int
    energy: float
    styles: tuple[str, ...]
    lines: tuple[str, ...]


def spans_of(
    sections: tuple[PlannedSection, ...], *, shortest_ms: int, longest_ms: int, most: int, total_max_ms: int
) -> tuple[list[Span], list[str]]:
    """The sections in order as at most ``most`` spans of ``shortest_ms`` to ``longest_ms``, and what was changed.

    Their sum is the song's length to the millisecond, or ``total_max_ms`` where it is longer: the end is left out.
    """
    notes: list[str] = []
    spans = _within(_exact(sections), total_max_ms, notes)
    spans = [part for span in spans for part in _divided(span, longest_ms)]
    if len(spans) > len(sections):
        notes.append("sections: long ones divided")
    before = len(spans)
    spans = _joined(spans, shortest_ms, longest_ms, most)
    if len(spans) < before:
        notes.append("sections: short ones joined with their neighbours")
    if spans[0].duration_ms < shortest_ms:
        notes.append(f"duration: {shortest_ms / 1000:g} s at least")
        spans = [_with_length(spans[0], shortest_ms)]
    return spans, notes


def _exact(sections: tuple[PlannedSection, ...]) -> list[Span]:
    """Rounded at the borders, so that rounding does not add up."""
    borders = [0.0]
    for section in sections:
        borders.append(borders[-1] + section.duration_s * 1000)
    return [
        Span((section.name,), max(round(end) - round(start), 1), section.energy, section.styles, section.lines)
        for section, start, end in zip(sections, borders, borders[1:], strict=False)
    ]


def _within(spans: list[Span], total_max_ms: int, notes: list[str]) -> list[Span]:
    kept: list[Span] = []
    left = total_max_ms
    for span in spans:
        if left <= 0:
            break
        kept.append(_with_length(span, min(span.duration_ms, left)))
        left -= span.duration_ms
    if sum(span.duration_ms for span in spans) > total_max_ms:
        notes.append(f"duration: {total_max_ms / 1000:g} s at most, the end is left out")
    return kept


def _with_length(span: Span, duration_ms: int) -> Span:
    return Span(span.names, duration_ms, span.energy, span.styles, span.lines)


def _divided(span: Span, longest_ms: int) -> list[Span]:
    """Equal parts, each with its share of the lines."""
    count = -(-span.duration_ms // longest_ms)
    times = [span.duration_ms * at // count for at in range(count + 1)]
    cuts = [len(span.lines) * at // count for at in range(count + 1)]
    return [
        Span(span.names, times[at + 1] - times[at], span.energy, span.styles, span.lines[cuts[at] : cuts[at + 1]])
        for at in range(count)
    ]


def _joined(spans: list[Span], shortest_ms: int, longest_ms: int, most: int) -> list[Span]:
    """Join the shortest with its shorter neighbour while it is too short or there are too many."""
    spans = list(spans)
    while len(spans) > 1:
        at = min(range(len(spans)), key=lambda index: spans[index].duration_ms)
        if spans[at].duration_ms >= shortest_ms and len(spans) <= most:
            break
        neighbours = [index for index in (at - 1, at + 1) if 0 <= index < len(spans)]
        first = min(at, min(neighbours, key=lambda index: spans[index].duration_ms))
        both = _together(spans[first], spans[first + 1])
        # A whole that is too long again is divided in two, each of which is longer than the short one was.
        spans[first : first + 2] = _divided(both, longest_ms) if len(spans) <= most else [both]
    return [part for span in spans for part in _divided(span, longest_ms)]


def _together(first: Span, second: Span) -> Span:
    duration_ms = first.duration_ms + second.duration_ms
    energy = (first.energy * first.duration_ms + second.energy * second.duration_ms) / duration_ms
    names = (*first.names, *(name for name in second.names if name not in first.names))
    return Span(
        names, duration_ms, energy, tuple(dict.fromkeys((*first.styles, *second.styles))), (*first.lines, *second.lines)
    )
