"""The order of sections asked for: "verse chorus verse chorus bridge chorus", "AABA", "no intro".

Belongs here: reading a structure, and taking sections out of a style's form. Does not belong here: how many
bars sections get (arrangement).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from musicgen_assets.context.schema import SectionKind
from musicgen_assets.ideation.wording.lexicon import common
from musicgen_assets.ideation.wording.terms import Term, find_phrases, words_of
from musicgen_assets.ideation.wording.text import Prompt, phrase_key
from musicgen_assets.styles.schema import Style

SEQUENCE_MIN, STRUCTURE_MAX = 3, 40
SECTION_S = 18.0
"""About how long a section lasts: what a form with sections left out is grown to."""
_ASKED_ALONE = frozenset({"intro", "pre_chorus", "bridge", "solo", "interlude", "build", "breakdown", "outro"})
"""Kinds that a style's form may lack; verses and choruses are in every one, a drop is a manner of chorus."""
_TIMES = re.compile(r"\s*[x×]\s*(\d)(?!\w)")


def find_structure(prompt: Prompt, language: str, terms: Sequence[Term]) -> tuple[SectionKind, ...]:
    """The longest run of section names with nothing else between them; empty if no order was asked for."""
    sections = [term for term in terms if term.kind == "section" and not term.is_negated]
    joins = {*words_of(language, "sequence_words"), *words_of(language, "and_words")}
    has_word = bool(find_phrases(prompt, words_of(language, "structure_words")))
    runs: list[list[SectionKind]] = []
    place = -1
    for term in sections:
        between = prompt.plain[place : term.start] if place >= 0 else ""
        if place < 0 or not _is_joined(between, joins):
            runs.append([])
        times = _TIMES.match(prompt.plain, term.end)
        runs[-1].extend([term.value] * (int(times.group(1)) if times else 1))
        place = times.end() if times else term.end
    longest = max(runs, key=len, default=[])
    if len(longest) >= (SEQUENCE_MIN - 1 if has_word else SEQUENCE_MIN):
        return tuple(longest[:STRUCTURE_MAX])
    return _letters(prompt)


def excluded_sections(terms: Sequence[Term]) -> tuple[SectionKind, ...]:
    """Sections that must not come: "no intro"."""
    return tuple(dict.fromkeys(term.value for term in terms if term.kind == "section" and term.is_negated))


def wanted_sections(prompt: Prompt, language: str, terms: Sequence[Term]) -> tuple[SectionKind, ...]:
    """Sections that must come, without an order: "with a bridge and a guitar solo".

    Only what follows a word such as "with", with nothing but articles, instruments and other sections between.
    """
    withs = find_phrases(prompt, words_of(language, "section_withs"))
    found: list[SectionKind] = []
    passed = {*words_of(language, "fillers"), *words_of(language, "and_words"), *words_of(language, "sequence_words")}
    passed |= {
        word for term in terms if term.kind in ("instrument", "role", "mood", "tempo") for word in term.text.split()
    }
    passed |= {word for term in terms if term.kind == "section" for word in term.text.split()}
    for term in terms:
        if term.kind != "section" or term.is_negated or term.value not in _ASKED_ALONE:
            continue
        before = [end for _, end, _ in withs if end <= term.start]
        between = prompt.plain[before[-1] : term.start] if before else None
        after = next((other for other in terms if other.start >= term.end), None)
        is_only_word = (
            term.value == "solo" and after is not None and after.kind == "instrument" and after.start - term.end <= 1
        )
        if between is not None and not is_only_word and set(phrase_key(between).split()) <= passed:
            found.append(term.value)
    return tuple(dict.fromkeys(found))


def form_with(
    style: Style, wanted: Collection[SectionKind], excluded: Collection[SectionKind], duration_s: float
) -> tuple[SectionKind, ...]:
    """The style's form that has most of the ``wanted`` kinds, the others put where songs have them."""
    forms: list[list[SectionKind]] = [[kind for kind in form if kind not in excluded] for form in style.forms]
    kinds: list[SectionKind] = max(forms, key=lambda form: (len(set(form) & set(wanted)), -len(form)))
    limit = max(round(duration_s / SECTION_S), 2)
    keep = [kind for kind in kinds if kind not in wanted]
    while len(kinds) > max(limit, len(wanted) + 2) and len(keep) > 2:
        gone = keep.pop(len(keep) // 2)
        kinds.remove(gone)
    for kind in wanted:
        if kind not in kinds and kind not in excluded:
            kinds.insert(_place_of(kind, kinds), kind)
    return tuple(kinds[:STRUCTURE_MAX])


def _place_of(kind: SectionKind, kinds: Sequence[SectionKind]) -> int:
    """Openings first, endings last, what leads to a chorus before the first, what contrasts before the last."""
    if kind == "intro":
        return 0
    if kind == "outro":
        return len(kinds)
    hooks = [place for place, other in enumerate(kinds) if other in ("chorus", "drop")]
    if kind in ("pre_chorus", "build"):
        return hooks[0] if hooks else 0
    last = hooks[-1] if hooks and hooks[-1] > 0 else max(len(kinds) - 1, 1)
    return last if kind != "chorus" else min(2, len(kinds))


def form_without(style: Style, excluded: Collection[SectionKind], duration_s: float) -> tuple[SectionKind, ...]:
    """The style's first form without some kinds, its middle repeated or cut to suit the length."""
    kinds = [kind for kind in style.forms[0] if kind not in excluded]
    if not kinds:
        kinds = [kind for kind in ("verse", "chorus", "interlude") if kind not in excluded][:2] or ["verse"]
    wanted = max(round(duration_s / SECTION_S), 2)
    middle = [kind for kind in kinds if kind not in ("intro", "outro")] or kinds
    head = [kind for kind in kinds[:1] if kind == "intro"]
    tail = [kind for kind in kinds[-1:] if kind == "outro"]
    room = min(max(wanted - len(head) - len(tail), 1), STRUCTURE_MAX - 2)
    body = [middle[i % len(middle)] for i in range(room)]
    return (*head, *body, *tail)


def _is_joined(between: str, joins: set[str]) -> bool:
    if re.search(r"[.;!?\n]", between.replace("...", " ")):
        return False
    return len(between) < 40 and set(phrase_key(between).split()) <= joins


def _letters(prompt: Prompt) -> tuple[SectionKind, ...]:
    """ "AABA" and "ABABCB" by their letters."""
    match = re.search(r"(?<![\w])(A[ABCD]{3,9})(?![\w])", prompt.raw)
    if match is None or len(set(match.group(1))) < 2 or match.group(1) == "ABBA":
        return ()
    if match.group(1) == "AABA":
        return tuple(common()["aaba"])
    return tuple(common()["letter_forms"][letter] for letter in match.group(1))
