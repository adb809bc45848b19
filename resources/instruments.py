"""Which engine and which SoundFont play: found on this machine, checked, and identified by version and content.

Belongs here: where they are looked for, in which order, and what is said when none can be used. Does not
belong here: playing them (musicgen_assets.production.sampler).
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import threading
from pathlib import Path
from typing import TypedDict

from musicgen_assets.context.failures import PermanentFailure
from musicgen_assets.production.sampler import ENGINES, FLUIDSYNTH, TINYSOUNDFONT
from musicgen_assets.production.sampler_fluidsynth import library_version

AUTOMATIC = "auto"
PIP_ENGINE = TINYSOUNDFONT
"""The engine that comes with the packages: it is always there."""
LAST_RESORT_PACKAGE = "pretty_midi"
LAST_RESORT_NAME = "TimGM6mb.sf2"
PREFERRED = ("FluidR3Mono_GM.sf3", "MuseScore_General*.sf3", "FluidR3_GM.sf2")
"""Best first. FluidR3 plays as its makers meant on both engines; MuseScore's piano relies on modulators that
TinySoundFont leaves out, and sounds 30 dB too soft there."""
CHECKOUT = Path(__file__).resolve().parents[1]
FOLDERS = (
    CHECKOUT / ".cache" / "soundfonts",
    Path("/usr/share/sounds/sf3"),
    Path("/usr/share/sounds/sf2"),
    Path("/usr/share/soundfonts"),
)
_RIFF_HEADER_BYTES = 12
_GET_ONE = (
    "Install one (Debian and Ubuntu: `apt install fluidr3mono-gm-soundfont`), put a .sf2 or .sf3 file into "
    f"{FOLDERS[0]}, or set `soundfont` in the settings to its path."
)


class Instruments(TypedDict):
    """What music logic is told about the instruments. ``font_path`` is of this machine, the rest is identity."""

    engine: str
    engine_version: str
    font_name: str
    font_path: str
    font_sha256: str
    is_last_resort: bool


def instruments_of(font_setting: Path | None = None, engine_setting: str = AUTOMATIC) -> Instruments:
    """The engine and the font that this machine plays with.

    ``font_setting``: a path a person set; it wins, and is not replaced by another font when it cannot be used.
    Else the first of ``PREFERRED`` found in ``FOLDERS``, else the small font that comes with the packages.
    ``engine_setting``: one of ``ENGINES``, or "auto" for the best of those that are here.

    Raises:
        PermanentFailure: the engine is not installed, no font is found, or the one found is not a SoundFont.
    """
    engine, version = find_engine(engine_setting)
    path = find_font(font_setting)
    check_font(path)
    return Instruments(
        engine=engine,
        engine_version=version,
        font_name=path.name,
        font_path=str(path),
        font_sha256=_sha256(path),
        is_last_resort=font_setting is None and path.name == LAST_RESORT_NAME,
    )


def find_font(font_setting: Path | None = None) -> Path:
    """Where the font lies; see ``instruments_of``. Raises PermanentFailure where there is none."""
    if font_setting is not None:
        path = font_setting.expanduser().absolute()
        if not path.is_file():
            raise PermanentFailure(
                f"The SoundFont {path}, named by the setting `soundfont`, does not exist.",
                way_out="Correct the path, or remove the setting to let a font be found.",
            )
        return path
    for pattern in PREFERRED:
        for folder in FOLDERS:
            for path in sorted(folder.glob(pattern)):
                if path.is_file():
                    return path
    path_or_none = last_resort()
    if path_or_none is None:
        raise PermanentFailure(f"No SoundFont was found in {', '.join(map(str, FOLDERS))}.", way_out=_GET_ONE)
    return path_or_none


def last_resort() -> Path | None:
    """The small General MIDI font inside the pretty_midi wheel, which is not imported for it."""
    spec = importlib.util.find_spec(LAST_RESORT_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / LAST_RESORT_NAME
    return path if path.is_file() else None


def check_font(path: Path) -> None:
    """Refuse what is no SoundFont, or only the beginning of one: its RIFF header says type and length.

    Raises:
        PermanentFailure: names the path, what was found in it, and the way out.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(_RIFF_HEADER_BYTES)
    except OSError as error:
        raise PermanentFailure(f"The SoundFont {path} cannot be read: {error}.", way_out=_GET_ONE) from error
    if len(header) < _RIFF_HEADER_BYTES or header[:4] != b"RIFF" or header[8:12] != b"sfbk":
        raise PermanentFailure(f"{path} is not a SoundFont: it begins with {header[:12]!r}.", way_out=_GET_ONE)
    stated = int.from_bytes(header[4:8], "little") + 8
    if size < stated:
        raise PermanentFailure(
            f"The SoundFont {path} is cut short: {size} of {stated} bytes.", way_out=f"Get it again. {_GET_ONE}"
        )


def engines() -> dict[str, str]:
    """The engines that are here, best first, with their versions."""
    found: dict[str, str] = {}
    for name in ENGINES:
        version = library_version() if name == FLUIDSYNTH else _pip_version()
        if version is not None:
            found[name] = version
    return found


def find_engine(engine_setting: str = AUTOMATIC) -> tuple[str, str]:
    """The engine that plays, and its version; see ``instruments_of``. Raises PermanentFailure where it is not here."""
    found = engines()
    if engine_setting == AUTOMATIC and found:
        return next(iter(found.items()))
    if engine_setting in found:
        return engine_setting, found[engine_setting]
    if engine_setting == FLUIDSYNTH:
        raise PermanentFailure(
            "The setting `sampler` asks for fluidsynth, and its library is not on this machine.",
            way_out="Install it (Debian and Ubuntu: `apt install libfluidsynth3`), or set `sampler` to auto.",
        )
    raise PermanentFailure(
        f"The package {PIP_ENGINE} is not installed, and it plays all instruments.", way_out="Run `make` again."
    )


def _pip_version() -> str | None:
    try:
        return importlib.metadata.version(PIP_ENGINE)
    except importlib.metadata.PackageNotFoundError:
        return None


_hashes: dict[tuple[str, int, int], str] = {}
_hashes_lock = threading.Lock()


def _sha256(path: Path) -> str:
    """Content hash, computed once a process for a file of this path, size and time of change."""
    stat = path.stat()
    known_as = (str(path), stat.st_size, stat.st_mtime_ns)
    with _hashes_lock:
        known = _hashes.get(known_as)
        if known is None:
            with path.open("rb") as file:
                known = hashlib.file_digest(file, "sha256").hexdigest()
            _hashes[known_as] = known
    return known
