"""What is installed, what optional parts would add, and what is wrong: the checks behind ``musicgen doctor``.

Belongs here: looking. Does not belong here: repairing, or printing.
"""

from __future__ import annotations

import secrets
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, text

from musicgen_assets.context.failures import Failure, MissingArtifact
from musicgen_assets.engines.capabilities import capabilities_of
from musicgen_assets.graph.manifest import Manifest
from resources.disk import disk_failure, free_bytes, make_folder, remove_quietly, write_durably
from resources.registry import HEAD, Registry, Result
from resources.registry.queries import list_compositions
from resources.settings import Settings
from resources.store import ArtifactStore

_GIGABYTE = 1024**3
_TIGHT_BYTES = 3 * _GIGABYTE
"""A 10-minute song with its stems takes about 1 GB on the way."""
_TOO_LITTLE_BYTES = _GIGABYTE // 2

_SAMPLED_RESULTS = 20
_SAMPLED_BYTES = 200 * 1024**2


@dataclass(frozen=True)
class Finding:
    """One answer. ``way_out`` says what to do where the status is not "ok", or what an optional part would add."""

    name: str
    status: Literal["ok", "warning", "error"]
    detail: str
    way_out: str = ""


def checks(settings: Settings) -> list[Finding]:
    """Look at everything a song needs. Never raises: what breaks becomes a finding."""
    looks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("python", _python), ("home", _home), ("disk space", _disk_space), ("registry", _registry),
        ("artifact store", _store), ("versions", _versions), ("samplers", _samplers), ("soundfont", _soundfont),
        ("guide voice", _voice), ("ffmpeg", _ffmpeg), ("local models", _local_models), ("engines", _keys),
    )  # fmt: skip
    return [_looked(name, look, settings) for name, look in looks]


def _looked(name: str, look: Callable[[Settings], Finding], settings: Settings) -> Finding:
    try:
        return look(settings)
    except Failure as failure:
        return Finding(name, "error", failure.message, failure.way_out)


def _python(_settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 12):
        return Finding("python", "ok", f"{version} at {sys.executable}")
    return Finding("python", "error", f"{version} at {sys.executable}", "Use Python 3.11 or 3.12.")


def _home(settings: Settings) -> Finding:
    make_folder(settings.home)
    probe = settings.home / f".probe.{secrets.token_hex(6)}"
    try:
        write_durably(probe, b"probe")
    except OSError as error:
        raise disk_failure(error, settings.home, "write in") from error
    finally:
        remove_quietly(probe)
    return Finding("home", "ok", f"{settings.home} can be written; Dagster's home is {settings.dagster_home}")


def _disk_space(settings: Settings) -> Finding:
    free = free_bytes(settings.home)
    detail = f"{free / _GIGABYTE:.1f} GB free at {settings.home}"
    way_out = "Free some space, or point MUSICGEN_HOME at a larger disk."
    if free < _TOO_LITTLE_BYTES:
        return Finding("disk space", "error", detail, way_out)
    return (
        Finding("disk space", "warning", detail, way_out)
        if free < _TIGHT_BYTES
        else Finding("disk space", "ok", detail)
    )


def _registry(settings: Settings) -> Finding:
    registry = Registry(settings.registry_url)
    try:
        revision = registry.revision()
        if registry.engine.dialect.name == "sqlite":
            with registry.reading() as session:
                answer = str(session.scalar(text("PRAGMA quick_check(1)")))
            if answer != "ok":
                return Finding("registry", "error", f"it is damaged: {answer}", "Restore it from a backup.")
        with registry.reading() as session:
            count = len(list_compositions(session, limit=500).items)
    finally:
        registry.close()
    shown = f"{count} compositions" if count < 500 else "500 compositions or more"
    if revision != HEAD:
        return Finding(
            "registry", "error", f"it stands at {revision}, not at {HEAD}", "Open it with this release again."
        )
    return Finding("registry", "ok", f"{registry.engine.dialect.name} at revision {revision}, {shown}")


def _store(settings: Settings) -> Finding:
    store = ArtifactStore(settings.artifacts_url)
    registry = Registry(settings.registry_url)
    try:
        with registry.reading() as session:
            rows = session.scalars(select(Result.manifest).order_by(Result.created_at.desc()).limit(_SAMPLED_RESULTS))
            manifests = [Manifest.model_validate(row) for row in rows]
    finally:
        registry.close()
    return _sampled(store, manifests)


def _sampled(store: ArtifactStore, manifests: list[Manifest]) -> Finding:
    """Read the newest artifacts, up to a bound, and verify them."""
    looked_at: set[str] = set()
    read_bytes = 0
    broken: list[str] = []
    for manifest in manifests:
        for sha256 in manifest.objects():
            if sha256 in looked_at or read_bytes > _SAMPLED_BYTES:
                continue
            looked_at.add(sha256)
            try:
                read_bytes += len(store.get(sha256))
            except MissingArtifact as failure:
                broken.append(f"{manifest.asset}: {failure.message}")
    if broken:
        way_out = "Delete corrupt files and run `musicgen retry` on the version: what is gone is made anew."
        return Finding("artifact store", "error", f"{len(broken)} of {len(looked_at)} broken; {broken[0]}", way_out)
    return Finding("artifact store", "ok", f"{store.url}: {len(looked_at)} of the newest objects read and verified")


def _versions(settings: Settings) -> Finding:
    from resources.troubles import troubles, waiting_for_you

    registry = Registry(settings.registry_url)
    try:
        found, waiting = troubles(registry, settings), waiting_for_you(registry)
    finally:
        registry.close()
    stuck = sum(trouble.is_stuck for trouble in found)
    detail = f"{len(found) - stuck} failed, {stuck} stuck, {len(waiting)} stopped at a check"
    if not found:
        return Finding("versions", "ok", detail)
    return Finding("versions", "warning", detail, "See why, and what to do: musicgen failed")


def _samplers(settings: Settings) -> Finding:
    from musicgen_assets.production.sampler import FLUIDSYNTH
    from resources.instruments import engines, find_engine

    used, _ = find_engine(settings.sampler)
    here = engines()
    detail = ", ".join(f"{name} {version}{' (plays)' if name == used else ''}" for name, version in here.items())
    if FLUIDSYNTH in here:
        return Finding("samplers", "ok", detail)
    way_out = "libfluidsynth interpolates better and starts sooner (Debian: apt-get install libfluidsynth3)."
    return Finding("samplers", "ok", f"{detail}; optional, not installed: fluidsynth", way_out)


def _soundfont(settings: Settings) -> Finding:
    from resources.instruments import instruments_of

    found = instruments_of(settings.soundfont, settings.sampler)
    detail = f"{found['font_path']} played by {found['engine']} {found['engine_version']}"
    if found["is_last_resort"]:
        way_out = "Install a larger SoundFont (on Debian: apt-get install fluidr3mono-gm-soundfont) for a better sound."
        return Finding("soundfont", "warning", f"{detail}; it is the small font of last resort", way_out)
    return Finding("soundfont", "ok", detail)


def _voice(_settings: Settings) -> Finding:
    from resources.voices import guide_voice

    found = guide_voice()
    if found["is_available"]:
        return Finding("guide voice", "ok", f"{found['engine']} ({found['version']})")
    way_out = "Songs are made without it: a lead instrument plays what would be sung. Set up again to get it."
    return Finding("guide voice", "warning", f"it cannot sing here: {found['why']}", way_out)


def _ffmpeg(_settings: Settings) -> Finding:
    place = shutil.which("ffmpeg")
    if place is not None:
        return Finding("ffmpeg", "ok", f"{place} (optional; benchmarks compare with it)")
    return Finding("ffmpeg", "ok", "not installed (optional)", "With it, `make bench` can compare with a shell chain.")


def _local_models(settings: Settings) -> Finding:
    """What lies in the folders of weights, and whether it could be run. Loads nothing."""
    from resources.local_models.demucs import LocalDemucs
    from resources.local_models.environment import why_no_environment
    from resources.local_models.musicgen import LocalMusicGen

    told, faults = [], []
    for engine in (LocalMusicGen(settings), LocalDemucs(settings)):
        if engine.path is None:
            told.append(f"{engine.variable} is not set (optional)")
            continue
        folder = engine.folder()
        faults += [f"{engine.variable} {engine.path}: {problem}" for problem in folder.problems]
        if not folder.problems:
            told.append(f"{engine.name}: {folder.title}, {folder.backend}, {folder.weights_bytes / 1e9:.2f} GB")
            lacking = why_no_environment(settings, folder.backend)
            faults += [lacking] if lacking and lacking not in faults else []
    if faults:
        way_out = "What belongs into each folder stands in docs/local-models.md; or unset the variable."
        return Finding("local models", "warning", "; ".join([*faults, *told]), way_out)
    way_out = "" if told and "not set" not in told[0] else "MusicGen and Demucs can run here: make models."
    return Finding("local models", "ok", "; ".join(told), way_out)


def _keys(settings: Settings) -> Finding:
    """Which engines outside are ready, and what a key for each of the others would add. Asks nobody."""
    from resources.providers.adapters import ConfiguredAdapters

    adapters = ConfiguredAdapters(settings)
    ready = [name for name in adapters.names() if not adapters.missing(name)]
    absent = [f"{adapters.missing(name)} ({_adds(name)})" for name in adapters.names() if name not in ready]
    detail = f"ready: {', '.join(ready)}" if ready else "none set (none needed: the built-in engine does everything)"
    return Finding("engines", "ok", detail, f"More with a key: {'; '.join(absent)}." if absent else "")


def _adds(name: str) -> str:
    """What an engine would add, in a few words."""
    engine = capabilities_of(name)
    return f"{engine.title}: {', '.join(task.replace('_', ' ') for task in engine.tasks)}"
