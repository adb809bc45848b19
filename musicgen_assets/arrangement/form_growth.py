"""Growing and cutting a form to a song's length: which sections come in, which go, how soon the hook comes.

Belongs here: changes to sequences of section kinds. Does not belong here: choosing the form and its bars (form,
section_lengths).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from musicgen_assets.arrangement.section_lengths import Wish
from musicgen_assets.composition.melody_hook import HEARD_WITHIN
from musicgen_assets.context.schema import HOOK_KINDS, SectionKind

QUOTING_KINDS: tuple[SectionKind, ...] = ("intro", "interlude", "breakdown")
"""Kinds before a refrain that quote its hook."""
SECTION_BARS_MIN = 2

_FIRST_TO_GO: tuple[SectionKind, ...] = (
    "interlude", "solo", "bridge", "breakdown", "pre_chorus", "build", "verse", "chorus", "drop", "intro", "outro",
)  # fmt: skip
_FIRST_TO_GO_WITH_DROP: tuple[SectionKind, ...] = (
    "interlude", "solo", "bridge", "verse", "pre_chorus", "chorus", "breakdown", "build", "drop", "intro", "outro",
)  # fmt: skip
_GROWTH_WITH_CHORUS: tuple[tuple[SectionKind, ...], ...] = (
    ("verse", "pre_chorus", "chorus"),
    ("solo", "chorus"),
    ("breakdown", "verse", "chorus"),
    ("interlude", "verse", "pre_chorus", "chorus"),
    ("bridge", "build", "chorus"),
)
_GROWTH_WITH_DROP: tuple[tuple[SectionKind, ...], ...] = (
    ("breakdown", "build", "drop"),
    ("verse", "build", "drop"),
    ("interlude", "breakdown", "build", "drop"),
    ("bridge", "build", "drop"),
)
_GROWTH_WITHOUT: tuple[tuple[SectionKind, ...], ...] = (
    ("solo", "verse"), ("bridge", "verse"), ("interlude", "solo"), ("breakdown", "verse"),
)  # fmt: skip
_COMPACT_FROM, _SPARSE_UNTIL, _SQUEEZED_AT_MOST = 1.15, 0.9, 1.5
"""A form is cut while its wished length is over the first share of the song, grown while under the second."""
_SECTIONS_KEPT = 4
_HOOK_BY_SHARE, _HOOK_BY_SHARE_SHORT = 0.26, 0.55
_HOOK_BY_S = 62.0
_LONG_S = 90.0
_SWOLLEN, _SWOLLEN_SHARE = 1.5, 0.4
"""A section this many times as long as its style wants it is a form that got stuck, where it also takes this share."""
_OUTRO_SHARE, _OUTRO_BARS = 0.25, 4
"""What a song may spend on leaving (rule of thumb)."""


def wished_bars(kinds: Sequence[SectionKind], nominal: Mapping[SectionKind, Wish]) -> int:
    """Bars that the sections would like, all together."""
    return sum(nominal[kind].bars for kind in kinds)


def cut_form(
    written: Sequence[SectionKind], nominal: Mapping[SectionKind, Wish], total: int
) -> tuple[SectionKind, ...]:
    """Drop what a song misses least until it fits with lengths a little under the wished ones.

    A cut that would leave the song half empty is not made while lengths can still give way; a section gets
    two bars at least.
    """
    kinds = list(written)
    while len(kinds) > 2:
        wished = wished_bars(kinds, nominal)
        index = _least_missed(kinds)
        if index is None or (wished <= total * _COMPACT_FROM and SECTION_BARS_MIN * len(kinds) <= total):
            break
        is_last_resort = wished > total * _SQUEEZED_AT_MOST or SECTION_BARS_MIN * len(kinds) > total
        if wished - nominal[kinds[index]].bars < total * _SPARSE_UNTIL and not is_last_resort:
            break
        if len(kinds) <= _SECTIONS_KEPT and wished <= total * 2 and SECTION_BARS_MIN * len(kinds) <= total:
            break
        del kinds[index]
    return tuple(kinds)


def _least_missed(kinds: Sequence[SectionKind]) -> int | None:
    hooks = [kind for kind in kinds if kind in HOOK_KINDS]
    quiet = [kind for kind in kinds if kind in ("verse", "breakdown")]
    for kind in _FIRST_TO_GO_WITH_DROP if "drop" in kinds else _FIRST_TO_GO:
        places = [index for index, found in enumerate(kinds) if found == kind]
        is_needed = (kind in HOOK_KINDS and len(hooks) < 2) or (kind in quiet and len(quiet) < 2)
        if places and not is_needed:
            inner = kind in HOOK_KINDS and len(places) > 1
            return places[-2] if inner else places[-1]
    return None


def grown_form(
    written: Sequence[SectionKind], nominal: Mapping[SectionKind, Wish], total: int
) -> tuple[SectionKind, ...]:
    """Insert blocks before the last hook (or the end) in turn until the song is full."""
    kinds = list(written)
    if "drop" in kinds and "chorus" not in kinds:
        blocks = _GROWTH_WITH_DROP
    else:
        blocks = _GROWTH_WITH_CHORUS if "chorus" in kinds else _GROWTH_WITHOUT
    known = {*kinds, "verse", "solo", "bridge", "breakdown", "interlude", "build"}
    turn = 0
    while wished_bars(kinds, nominal) < total * _SPARSE_UNTIL and len(kinds) < total // SECTION_BARS_MIN:
        block = [kind for kind in blocks[turn % len(blocks)] if kind in known]
        place = _growth_place(kinds)
        kinds[place:place] = block
        turn += 1
    return tuple(kinds)


def _growth_place(kinds: Sequence[SectionKind]) -> int:
    """Where a block goes in: after the last hook but one, else before the outro."""
    hooks = [index for index, kind in enumerate(kinds) if kind in HOOK_KINDS]
    if len(hooks) >= 2:
        return hooks[-2] + 1
    if hooks:
        return hooks[-1] + 1
    return len(kinds) - 1 if kinds[-1] == "outro" else len(kinds)


def with_two_kinds(kinds: tuple[SectionKind, ...], total: int) -> tuple[SectionKind, ...]:
    """A song of one kind of section gets a bridge, or where there is no room for one an outro: something changes."""
    if len(set(kinds)) > 1 or total < 2:
        return kinds
    if SECTION_BARS_MIN * (len(kinds) + 2) <= total:
        return (*kinds, "bridge", kinds[0])
    return (*kinds[: max(len(kinds) - 1, 1)], "outro")


def hook_share(duration_s: float) -> float:
    """By which share of a song its first hook should have begun: a quarter, or a minute of a very long song."""
    return min(_HOOK_BY_SHARE, _HOOK_BY_S / duration_s) if duration_s >= _LONG_S else _HOOK_BY_SHARE_SHORT


def lead_in_of(kinds: Sequence[SectionKind]) -> int:
    """How many sections come before the first hook; none where there is no hook."""
    return next((index for index, kind in enumerate(kinds) if kind in HOOK_KINDS), 0)


def needs_intro(kinds: Sequence[SectionKind], lengths: Sequence[int]) -> bool:
    """Whether a song should begin with an intro that quotes its hook: where a verse does, and no refrain comes by
    HEARD_WITHIN of the song.
    """
    lead_in = lead_in_of(kinds) if set(kinds) & set(HOOK_KINDS) else len(kinds)
    is_late = sum(lengths[:lead_in]) >= HEARD_WITHIN * sum(lengths)
    return is_late and not set(kinds[:lead_in]) & set(QUOTING_KINDS)


def with_sooner_hook(
    kinds: tuple[SectionKind, ...], nominal: Mapping[SectionKind, Wish], total: int, duration_s: float
) -> tuple[SectionKind, ...]:
    """Where the first hook would come much too late: solos and interludes go behind it, doubled verses go."""
    found = list(kinds)
    while wished_bars(found[: lead_in_of(found)], nominal) > hook_share(duration_s) * total:
        lead_in = lead_in_of(found)
        movable = [index for index in range(lead_in) if found[index] in ("solo", "interlude")]
        doubled = [index for index in range(1, lead_in) if found[index] == found[index - 1]]
        if movable:
            hook = found[lead_in]
            found[lead_in : lead_in + 1] = [hook, found[movable[-1]], hook]
            del found[movable[-1]]
        elif doubled:
            del found[doubled[-1]]
        else:
            break
    return tuple(found)


def is_stuck(
    kinds: Sequence[SectionKind], lengths: Sequence[int], nominal: Mapping[SectionKind, Wish], total: int
) -> bool:
    """Whether one section has swallowed the song: far longer than its style wants it, hooks in a row counting as one;
    or an outro without an end.
    """
    return any(
        (bars > _SWOLLEN * nominal[kind].bars and bars > _SWOLLEN_SHARE * total)
        or (kind == "outro" and bars > max(_OUTRO_SHARE * total, _OUTRO_BARS))
        for kind, bars in _hooks_joined(kinds, lengths)
    )


def _hooks_joined(kinds: Sequence[SectionKind], lengths: Sequence[int]) -> list[tuple[SectionKind, int]]:
    joined: list[tuple[SectionKind, int]] = []
    for kind, bars in zip(kinds, lengths, strict=True):
        if joined and kind in HOOK_KINDS and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + bars)
        else:
            joined.append((kind, bars))
    return joined


def returning_forms(kinds: Sequence[SectionKind]) -> tuple[tuple[SectionKind, ...], ...]:
    """The form with its verse and hook once more after the last hook: whole, or without outro, intro, or both. What was
    a hook twice in a row is one.
    """
    kinds = [kind for kind, _ in _hooks_joined(kinds, [0] * len(kinds))]
    hooks = [index for index, kind in enumerate(kinds) if kind in HOOK_KINDS]
    if not hooks:
        return ()
    hook = kinds[hooks[-1]]
    before: SectionKind = "breakdown" if hook == "drop" else "verse"
    full = (*kinds[: hooks[-1] + 1], before, hook, *kinds[hooks[-1] + 1 :])
    return tuple(
        dict.fromkeys(
            tuple(kind for kind in full if kind not in left_out)
            for left_out in ((), ("outro",), ("intro",), ("intro", "outro"))
        )
    )
