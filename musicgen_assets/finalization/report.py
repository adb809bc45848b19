"""report.html: the song on one page, for people. It asks for nothing from outside the release.

Belongs here: what the page says and in which words and units. Does not belong here: how it looks
(templates/report.html.j2), and anything that identifies a composition (metadata.json): equal songs have equal
pages.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from dsp.dark import dark_png
from musicgen_assets.finalization import licence
from musicgen_assets.finalization.encode import MEDIA_TYPES
from musicgen_assets.finalization.metadata import SongFacts, engines, sections, tracks
from musicgen_assets.finalization.stems import StemSet
from musicgen_assets.finalization.words import section_label
from musicgen_assets.score.pictures import ROLE_COLOURS

if TYPE_CHECKING:
    import jinja2

_MINUS = re.compile(r"(?<![\w.])-(?=\d)")
_CAPTIONS = {
    "waveform": ("Waveform", "Outside the peaks, inside the average level; one lane a channel."),
    "piano_roll": ("Piano roll", "Every note of the arrangement by pitch and time, one colour a part, drums below."),
    "spectrogram": (
        "Mel spectrogram",
        "Which frequencies sound when, spaced as ears space them; what stands out is loud.",
    ),
    "loudness": ("Loudness", "Short-term loudness (3 s) over time, and the target of the whole as a dashed line."),
    "spectrum": ("Spectrum", "Level in each third of an octave, and the corridor of the style around it."),
    "energy": (
        "Energy",
        "Planned for each section as areas; what its loudness came to as lines, fitted to the same scale.",
    ),
    "phase": (
        "Stereo",
        "How left and right move together: upright is mono, flat is wide; and their correlation over time.",
    ),
}
_CHECK_LABELS = {
    "loudness": "Loudness", "true_peak": "True peak", "decoded_true_peak": "True peak, lossy files decoded",
    "dynamic_range": "Dynamic range", "spectrum": "Spectrum", "phase": "Phase", "mono_fold_down": "Mono fold-down",
    "clipping": "Clipping", "dc_offset": "DC offset", "silence": "Silence inside", "duration": "Duration",
    "tempo": "Tempo", "key": "Key", "stems_null": "Stems sum to the mix", "melodic_score": "Melody",
    "harmonic_score": "Harmony", "rhythmic_score": "Rhythm", "structural_score": "Structure", "lyric_score": "Words",
}  # fmt: skip


def report_html(
    song: SongFacts,
    *,
    stems: StemSet,
    checks: Sequence[Mapping[str, Any]],
    enhanced: Mapping[str, Any],
    master_plan: Mapping[str, Any],
    masters: Sequence[str],
    pictures: Mapping[str, bytes],
) -> str:
    """The page as text.

    Args:
        song: the song's facts.
        stems: its stem files.
        checks: of the verdict.
        enhanced: ideation/enhanced_prompt.
        master_plan: mastering/master's plan.
        masters: paths of the master files.
        pictures: PNG bytes by name; those of mastering/analysis, in any order.
    """
    waived = {waiver["check"] for waiver in song.waivers}
    return _template().render(
        song=song,
        language=song.context.creative.language if song.lines else "",
        headline=_headline(song),
        verdict=_verdict(checks, waived),
        masters=_playable(masters),
        stems=_stem_rows(song, stems),
        stems_gain=_stems_gain(stems.gain_db),
        stem_bits=stems.packing.bits,
        understood=_understood(song),
        confidence=float(enhanced.get("confidence", 0.0)),
        reasoning=[str(step) for step in enhanced.get("reasoning_trace", ())],
        sections=_section_rows(song),
        tiles=_tiles(song, master_plan),
        checks=[_check_row(check, waived) for check in checks],
        waivers=[{**waiver, "label": check_label(waiver["check"])} for waiver in song.waivers],
        lyrics=_lyric_blocks(song),
        made_by=engines(song.context, song.record, song.reroutes),
        mastering=_mastering_steps(master_plan),
        licence=licence.short_of(song.record),
        pictures={name: _picture(name, pictures[name]) for name in _CAPTIONS if name in pictures},
    )


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("musicgen_assets.finalization", "templates"),
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    environment.filters["clock"] = clock
    return environment.get_template("report.html.j2")


def clock(time_s: float) -> str:
    """Seconds as people say them: 75.4 -> "1:15"."""
    whole = int(max(time_s, 0.0) + 1e-6)
    return f"{whole // 60}:{whole % 60:02d}"


def number(value: float, unit: str = "", *, digits: int = 1, signed: bool = False) -> str:
    """A number with a real minus sign, and its unit behind a space that does not break."""
    text = f"{value:{'+' if signed else ''}.{digits}f}".replace("-", "−")
    return f"{text}\u00a0{unit}" if unit else text


def _headline(song: SongFacts) -> list[str]:
    musical = song.context.musical
    return [
        f"{musical.key} {musical.scale}",
        f"{musical.tempo_bpm:g} BPM",
        musical.time_signature,
        clock(float(song.measures["duration_s"])),
        " + ".join(genre.name.replace("_", " ") for genre in musical.genres),
    ]


def _verdict(checks: Sequence[Mapping[str, Any]], waived: set[str]) -> dict[str, Any]:
    passed = sum(1 for check in checks if check["passed"])
    return {"passed": passed, "total": len(checks), "waived": len(waived)}


def _playable(masters: Sequence[str]) -> list[dict[str, str]]:
    """Files of the master as players should try them: what all know first, then the smaller ones."""
    order = ("mp3", "m4a", "opus", "ogg", "flac", "wav")
    found = sorted(masters, key=lambda path: order.index(path.rsplit(".", 1)[-1]))
    return [
        {"path": path, "type": MEDIA_TYPES[path.rsplit(".", 1)[-1]], "name": path.rsplit(".", 1)[-1].upper()}
        for path in found
    ]


def _stem_rows(song: SongFacts, stems: StemSet) -> list[dict[str, Any]]:
    """One row a stem file; joined tracks share one."""
    rows: dict[str, dict[str, Any]] = {}
    colours: Mapping[str, str] = {str(role): colour for role, colour in ROLE_COLOURS.items()}
    for track in tracks(song.tracks, stems.file_of):
        if track["stem"] is None:
            continue
        row = rows.setdefault(
            track["stem"], {"path": track["stem"], "names": [], "instruments": [], "colour": colours[track["role"]]}
        )
        row["names"].append(track["name"].replace("_", " "))
        instrument = track["instrument"].replace("_", " ")
        if instrument.casefold() != row["names"][-1].casefold():
            row["instruments"].append(instrument)
    return [
        {**row, "names": ", ".join(row["names"]), "instruments": ", ".join(row["instruments"])} for row in rows.values()
    ]


def _understood(song: SongFacts) -> list[tuple[str, str]]:
    musical, technical, creative = song.context.musical, song.context.technical, song.context.creative
    genres = ", ".join(
        genre.name.replace("_", " ") + (f" {genre.weight:.0%}" if len(musical.genres) > 1 else "")
        for genre in musical.genres
    )
    rows = [
        ("Genre", genres),
        ("Mood", _mood_words(musical.mood.valence, musical.mood.arousal)),
        ("Key", f"{musical.key} {musical.scale}"),
        ("Tempo", f"{musical.tempo_bpm:g} BPM"),
        ("Meter", musical.time_signature),
        ("Length", clock(technical.duration_s)),
        ("Theme", creative.theme),
        ("Words", _words_row(song)),
        ("Band", ", ".join(dict.fromkeys(track.instrument.replace("_", " ") for track in song.tracks))),
        ("Left out", ", ".join(musical.excluded_roles)),
        ("Loudness", number(technical.loudness_target_lufs, "LUFS")),
    ]
    return [(label, text) for label, text in rows if text]


def _words_row(song: SongFacts) -> str:
    creative = song.context.creative
    if not song.lines:
        return "none, an instrumental"
    names = {"en": "English", "es": "Spanish", "fr": "French", "de": "German", "pt": "Portuguese"}
    return names[creative.language] + (", as given" if creative.lyrics else ", written for this song")


def _mood_words(valence: float, arousal: float) -> str:
    feeling = "dark" if valence < 0.35 else "bright" if valence > 0.65 else "balanced"
    drive = "calm" if arousal < 0.35 else "energetic" if arousal > 0.65 else "moderate"
    return f"{feeling}, {drive} (valence {valence:.2f}, arousal {arousal:.2f})"


def _section_rows(song: SongFacts) -> list[dict[str, Any]]:
    rows = []
    for section in sections(song.score):
        rows.append(
            {
                **section,
                "label": section_label(section["name"]),
                "seconds": round(section["end_s"] - section["start_s"], 3),
                "percent": round(section["energy"] * 100),
            }
        )
    return rows


def _tiles(song: SongFacts, master_plan: Mapping[str, Any]) -> list[dict[str, str]]:
    measures = song.measures
    plan = master_plan["streaming"]
    target = number(plan["target_lufs"], "LUFS", digits=0)
    rows = [
        ("Loudness", number(measures["integrated_lufs"], "LUFS"), f"asked for {target}"),
        ("True peak", number(measures["true_peak_dbtp"], "dBTP"), "highest between samples"),
        ("Loudness range", number(measures["loudness_range_lu"], "LU"), "soft to loud passages"),
        ("Dynamic range", number(measures["dynamic_range_db"], "dB"), "peaks over loud passages"),
        ("Stereo", number(measures["correlation"], digits=2), "correlation of left and right"),
    ]
    for encode in master_plan.get("encodes", ()):
        peak = encode["attempts"][-1]["decoded_true_peak_dbtp"]
        rows.append((f"{encode['format'].upper()}, decoded", number(peak, "dBTP"), "true peak as played"))
    return [{"label": label, "value": value, "hint": hint} for label, value, hint in rows]


def _check_row(check: Mapping[str, Any], waived: set[str]) -> dict[str, Any]:
    measured = check["measured"]
    status = "passed" if check["passed"] else "waived" if check["name"] in waived else "failed"
    return {
        "name": check["name"],
        "label": check_label(check["name"]),
        "status": status,
        "measured": _with_minus(measured if isinstance(measured, str) else f"{measured:.4g}"),
        "expected": _with_minus(str(check["expected"])),
        "note": _with_minus(str(check.get("note", ""))),
    }


def check_label(name: str) -> str:
    """A check's name for people."""
    return _CHECK_LABELS.get(name, name.replace("_", " ").capitalize())


def _with_minus(text: str) -> str:
    """Hyphens before figures as minus signs."""
    return _MINUS.sub("−", text)


def _stems_gain(gain_db: float) -> str:
    """Where the stems lie relative to the mix, in words; "" where it is no difference."""
    if abs(gain_db) < 0.05:
        return ""
    return f"only {number(abs(gain_db), 'dB')} {'louder' if gain_db > 0 else 'softer'}"


def _lyric_blocks(song: SongFacts) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    for line in song.lines:
        if not blocks or blocks[-1]["section"] != line.section:
            blocks.append({"section": line.section, "label": section_label(line.section), "lines": []})
        blocks[-1]["lines"].append(line)
    return blocks


def _mastering_steps(master_plan: Mapping[str, Any]) -> list[str]:
    plan = master_plan["streaming"]
    bands = ", ".join(f"{number(band['gain_db'], 'dB', signed=True)} at {_hertz(band['hz'])}" for band in plan["tone"])
    steps = [f"Tone: {bands}." if bands else "Tone: left as mixed."]
    if plan["glue_ratio"] > 1:
        threshold = number(plan["glue_threshold_dbfs"], "dBFS")
        steps.append(f"Glue: compressor {plan['glue_ratio']:g} : 1 from {threshold}.")
    limiting = number(plan["limiting_db"], "dB")
    ceiling = number(plan["ceiling_dbtp"], "dBTP", digits=2)
    steps.append(
        f"Level: {number(plan['gain_db'], 'dB', signed=True)}; the highest peak limited by {limiting} to {ceiling}."
    )
    return steps + [str(note) for note in plan.get("notes", ())]


def _hertz(value: float) -> str:
    return f"{value / 1000:.1f}\u00a0kHz" if value >= 1000 else f"{value:.0f}\u00a0Hz"


def _picture(name: str, png: bytes) -> dict[str, str]:
    label, caption = _CAPTIONS[name]
    light, dark = (base64.b64encode(data).decode("ascii") for data in (png, dark_png(png)))
    return {"label": label, "caption": caption, "data": light, "dark": dark}
