"""The asset table: what each of the 18 assets reads, needs and yields. The one source for validation,
result keys, revision plans, docs and the Dagster graph.

Belongs here: the table and its lookups. Does not belong here: computing keys (graph.keys), running anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from musicgen_assets.context.decided import REROLLS, ROUTING, SEED, TAKE_STREAM
from musicgen_assets.context.request import STAGES, Stage
from musicgen_assets.graph.gate import GATE_CHECKS, SCORE_CHECKS

Kind = Literal["JSON", "MIDI", "audio", "PNG", "directory"]


@dataclass(frozen=True)
class Upstream:
    """A dependency. ``roles`` None means all content roles; else only those enter the key and may be loaded.

    ``is_optional``: the roles are there only for some versions, and enter the key only where they are.
    """

    asset: str
    roles: tuple[str, ...] | None = None
    is_optional: bool = False


@dataclass(frozen=True)
class Declaration:
    """One asset.

    ``reads``: context paths it may read, each of which enters its result key.
    ``edits``: the same for what people do by hand; such a path enters the key only where there is something in it.
    ``streams``: its random streams; each adds the seed and its own re-roll count to the reads.
    ``data``: identities that enter its key ("request", "styles", "all_styles", "version", "instruments",
    "voice", "standings", "reroutes").
    ``entry``: its music logic, "package.module:function", (Job) -> Outcome.
    ``checks``: names of the checks it reports; those in ``warnings`` do not block.
    """

    stage: Stage
    name: str
    description: str
    entry: str
    upstreams: tuple[Upstream, ...] = ()
    reads: tuple[str, ...] = ()
    edits: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ("JSON",)
    checks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """ "stage/name"."""
        return f"{self.stage}/{self.name}"

    def may_draw(self, stream: str) -> bool:
        """Whether it may draw from ``stream``: one of its own, or one of a section of it ("melody/verse 2")."""
        whole, _, section = stream.partition("/")
        return stream in self.streams or (bool(section) and f"{REROLLS}.{whole}/*" in self.edits)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every context path that enters the key, sorted: reads, the seed, own re-roll counts, and edits."""
        streams = (SEED, *(f"{REROLLS}.{stream}" for stream in self.streams))
        return tuple(sorted({*self.reads, *(streams if self.streams else ()), *self.edits}))


def _up(*assets: str) -> tuple[Upstream, ...]:
    return tuple(Upstream(asset) for asset in assets)


_TEMPO = ("musical.tempo_bpm", "musical.time_signature")
_TONAL = ("musical.key", "musical.scale")


def _takes(stream: str) -> tuple[str, ...]:
    """Re-roll counts of single sections of a stream, "melody/verse 2", each of them a stream of its own."""
    return (f"{REROLLS}.{stream}/*",)


_HARMONY = Upstream("composition/chord_progression", ("main", "takes"))
_RHYTHM = Upstream("composition/rhythm_pattern", ("main",))
_RHYTHM_AND_TAKES = Upstream("composition/rhythm_pattern", ("main", "takes"))
_MELODY = Upstream("composition/melody", ("main", "takes"))
_BASS = Upstream("composition/bass_line", ("main", "takes"))
_SCORE = Upstream("arrangement/arrangement", ("main",))
_VOCAL = Upstream("arrangement/vocal_line", ("main",))
_INSTRUMENTATION = Upstream("production/instrumentation", ("main",))
_ENGINE_BRIEF = Upstream("ideation/context", ("engine_brief",), is_optional=True)
_LYRICS_WISHES = Upstream("ideation/context", ("lyrics_wishes",), is_optional=True)
_SINGER = ("creative.language", "creative.voice", "creative.singer", "creative.delivery")
_TAKE_READS = ("technical.sample_rate_hz", ROUTING, *_SINGER)
_TAKE_EDITS = ("edits.stems",)
_MIX_READS = ("ai_decisions.generation.frozen",)
_MIX_EDITS = ("edits.tracks", "edits.buses", "edits.mix", "edits.held_mix")
"""Also read by the release: its packages have parts of the song played and mixed by themselves."""

DECLARATIONS: tuple[Declaration, ...] = (
    Declaration(
        "ideation", "brief", "The request as accepted: validated, moderated, seed fixed, overrides.",
        "musicgen_assets.ideation.brief:make_brief",
        data=("request",), checks=("brief_is_legal",),
    ),
    Declaration(
        "ideation", "enhanced_prompt",
        "Intent, musical elements, preferences, theory, parameters, template; with trace and confidence.",
        "musicgen_assets.ideation.enhancer:make_enhanced_prompt",
        upstreams=(Upstream("ideation/brief", ("wording",)),), data=("all_styles", "standings", "reroutes"),
    ),
    Declaration(
        "ideation", "context", "The resolved CompositionContext: proposal, defaults, overrides (overrides win).",
        "musicgen_assets.ideation.context_asset:make_context",
        upstreams=(Upstream("ideation/brief", ("main",)), Upstream("ideation/enhanced_prompt")),
        data=("all_styles", "standings"),
        checks=("context_is_consistent",),
    ),
    Declaration(
        "composition", "chord_progression", "Harmony per section type, with cadences.",
        "musicgen_assets.composition.chord_progression:make_chord_progression",
        reads=(*_TONAL, "musical.time_signature", "musical.genres", "musical.mood", "musical.chord_progression"),
        edits=_takes("chord_progression"), streams=("chord_progression",), data=("styles",), kinds=("JSON", "MIDI"),
        checks=("harmonic_consistency",),
    ),
    Declaration(
        "composition", "rhythm_pattern", "Groove: drums and comping per energy level.",
        "musicgen_assets.composition.rhythm_pattern:make_rhythm_pattern",
        reads=(*_TEMPO, "musical.genres", "musical.mood", "musical.excluded_roles"),
        edits=_takes("rhythm_pattern"), streams=("rhythm_pattern",), data=("styles",), kinds=("JSON", "MIDI"),
        checks=("rhythmic_stability",),
    ),
    Declaration(
        "composition", "lyrics", "Words per section, rhyme scheme, syllables and stress, language.",
        "musicgen_assets.composition.lyrics:make_lyrics",
        upstreams=(_LYRICS_WISHES,),
        reads=("creative.title", "creative.theme", "creative.language", "creative.has_vocals", "creative.lyrics",
               "musical.mood", "musical.genres", "musical.time_signature"),
        edits=(f"{ROUTING}.lyrics", *_takes("lyrics")), streams=("lyrics",), data=("styles", "reroutes"),
        checks=("lyric_quality",),
    ),
    Declaration(
        "composition", "melody", "Hook, themes, motifs per section type.",
        "musicgen_assets.composition.melody:make_melody",
        upstreams=(_HARMONY, _RHYTHM,
                   Upstream("composition/lyrics", ("prosody",))),
        reads=(*_TONAL, *_TEMPO, "musical.genres", "musical.mood", "creative.voice"),
        edits=("edits.melody", *_takes("melody")), streams=("melody",), data=("styles",), kinds=("JSON", "MIDI"),
        checks=("melodic_coherence",),
    ),
    Declaration(
        "composition", "bass_line", "Bass material per section type and energy level.",
        "musicgen_assets.composition.bass_line:make_bass_line",
        upstreams=(_HARMONY, _RHYTHM),
        reads=("musical.time_signature", "musical.genres", "musical.excluded_roles"),
        edits=_takes("bass_line"), streams=("bass_line",), data=("styles",), kinds=("JSON", "MIDI"),
    ),
    Declaration(
        "arrangement", "arrangement", "The full score: structure, energy, dynamics, transitions, who plays when.",
        "musicgen_assets.arrangement.arrangement:make_arrangement",
        upstreams=(_HARMONY, _RHYTHM_AND_TAKES, Upstream("composition/lyrics", ("prosody",)), _MELODY, _BASS),
        reads=(*_TONAL, *_TEMPO, "musical.genres", "musical.mood", "musical.structure", "musical.instruments",
               "musical.excluded_roles", "musical.hit_points", "technical.duration_s", "creative.title",
               f"{REROLLS}.arrangement/*"),
        streams=("arrangement",), data=("styles",), kinds=("MIDI", "JSON"),
        checks=("structural_integrity",),
    ),
    Declaration(
        "arrangement", "vocal_line", "Syllables on notes, and harmony voices.",
        "musicgen_assets.arrangement.vocal_line:make_vocal_line",
        upstreams=(_SCORE, _MELODY,
                   Upstream("composition/lyrics", ("main", "prosody"))),
        reads=("musical.time_signature", "musical.genres", "creative.voice"), data=("styles",),
        kinds=("MIDI", "JSON"), checks=SCORE_CHECKS,
    ),
    Declaration(
        "production", "instrumentation", "Instrument, effects, layers and textures per track.",
        "musicgen_assets.production.instrumentation:make_instrumentation",
        upstreams=(_SCORE,),
        reads=("musical.genres", "musical.mood"), data=("styles",),
    ),
    Declaration(
        "production", "preview", "About 10 s of the hook, quickly.",
        "musicgen_assets.production.preview:make_preview",
        upstreams=(_SCORE, _VOCAL, _INSTRUMENTATION),
        reads=("technical.sample_rate_hz", *_SINGER), data=("instruments", "voice"), kinds=("audio",),
    ),
    Declaration(
        "production", "take", "What the chosen engine produced, as it came: one dry file per track.",
        "musicgen_assets.production.take:make_take",
        upstreams=(_SCORE, _VOCAL, _INSTRUMENTATION, _ENGINE_BRIEF),
        reads=_TAKE_READS, edits=(*_TAKE_EDITS, f"{REROLLS}.{TAKE_STREAM}"), data=("instruments", "voice", "reroutes"),
        kinds=("audio",),
    ),
    Declaration(
        "production", "stems", "One dry audio file per track, the engine's own by reference.",
        "musicgen_assets.production.stems:make_stems",
        upstreams=(*_up("production/take"), _ENGINE_BRIEF), edits=(f"{ROUTING}.stem_separation",), data=("reroutes",),
        kinds=("audio",), checks=("stems_are_sound",),
    ),
    Declaration(
        "mixing", "mix", "The mix, its plan, and the post-mix stems that sum to it.",
        "musicgen_assets.mixing.mix:make_mix",
        upstreams=(Upstream("production/stems"), _SCORE,
                   _INSTRUMENTATION),
        reads=_MIX_READS, edits=_MIX_EDITS, kinds=("audio", "JSON"),
        checks=("stems_sum_to_mix",),
    ),
    Declaration(
        "mastering", "master", "Masters per delivery target with their lossy encodings, and their plan.",
        "musicgen_assets.mastering.master:make_master",
        upstreams=(Upstream("mixing/mix", ("main", "plan")),),
        reads=("musical.genres", "technical.loudness_target_lufs", "technical.true_peak_ceiling_dbtp",
               "technical.targets", "technical.reference", "technical.formats", "technical.mp3_quality",
               "technical.duration_s", "technical.bit_depth", "technical.channels"),
        edits=("edits.held_master",), data=("styles",), kinds=("audio", "JSON"),
    ),
    Declaration(
        "mastering", "analysis", "Measured tempo, key, loudness, spectrum, structure; the verdict of the gate.",
        "musicgen_assets.mastering.analysis:make_analysis",
        upstreams=(Upstream("mastering/master"), Upstream("mixing/mix"), Upstream("production/stems"), _SCORE,
                   Upstream("arrangement/vocal_line", ("main", "critic"))),
        reads=("musical.tempo_bpm", "musical.key", "musical.scale", "musical.genres", "technical.duration_s",
               "technical.loudness_target_lufs", "technical.true_peak_ceiling_dbtp", "technical.targets",
               "technical.reference"),
        data=("styles",), kinds=("JSON", "PNG"),
        checks=GATE_CHECKS,
    ),
    Declaration(
        "finalization", "release", "The delivery package: masters, stems, MIDI, lyrics, tags, report, checksums.",
        "musicgen_assets.finalization.release:make_release",
        upstreams=(Upstream("mastering/master"), Upstream("mastering/analysis"), Upstream("mixing/mix"),
                   Upstream("arrangement/arrangement"), Upstream("arrangement/vocal_line"),
                   Upstream("production/take", ("record",)), Upstream("composition/lyrics", ("main",)), _RHYTHM,
                   _INSTRUMENTATION,
                   Upstream("ideation/brief"), Upstream("ideation/enhanced_prompt"), Upstream("ideation/context")),
        reads=(*_TAKE_READS, *_MIX_READS), edits=(*_TAKE_EDITS, *_MIX_EDITS),
        data=("version", "waivers", "instruments", "reroutes"), kinds=("directory",),
        checks=("release_is_intact",),
    ),
)  # fmt: skip

BY_KEY: dict[str, Declaration] = {declaration.key: declaration for declaration in DECLARATIONS}


def declaration_of(asset: str) -> Declaration:
    """The declaration of "stage/name". Raises KeyError."""
    return BY_KEY[asset]


def of_stage(stage: Stage) -> tuple[Declaration, ...]:
    """Declarations of one stage, in graph order."""
    return tuple(declaration for declaration in DECLARATIONS if declaration.stage == stage)


def until(stage: Stage) -> tuple[Declaration, ...]:
    """Declarations of all stages up to and including ``stage``."""
    last = STAGES.index(stage)
    return tuple(declaration for declaration in DECLARATIONS if STAGES.index(declaration.stage) <= last)


def part_of_graph(stage: Stage) -> tuple[str, ...] | None:
    """The assets ("stage/name") of a run that stops after ``stage``; None for all of them."""
    return None if stage == STAGES[-1] else tuple(declaration.key for declaration in until(stage))
