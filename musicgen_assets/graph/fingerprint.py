"""Code fingerprints: a hash of everything in the source that can shape a result.

For an entry point "package.module:function" that is the source of its module and of every project module that
it imports or names as a task, directly or through others; the data folder of a package whose module names it; and
the versions of the libraries those modules import. Style files stay out: keys take the styles a song uses one by
one.

Belongs here: reading source to find what a computation depends on. Does not belong here: importing or running it.
"""

from __future__ import annotations

import ast
import hashlib
import platform
import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib import metadata
from pathlib import Path

PROJECT_PACKAGES = ("musicgen_assets", "dsp")
"""Packages whose source counts. ``resources`` moves bytes and never shapes them."""

_ROOT = Path(__file__).resolve().parents[2]
_STYLES = "musicgen_assets.styles"
_DATA_FOLDERS = ("data", "templates")
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+[\w.]+[ \t]+import[ \t]+(?:\([^)]*\)|[^\n(]+)|import[ \t]+[^\n]+)", re.MULTILINE
)

LIBRARIES = {
    "PIL": "pillow",
    "espeakng_loader": "espeakng-loader", "jinja2": "jinja2", "matplotlib": "matplotlib", "mido": "mido",
    "mutagen": "mutagen", "numpy": "numpy", "pedalboard": "pedalboard", "py3langid": "py3langid",
    "pyworld": "pyworld-prebuilt", "rapidfuzz": "rapidfuzz", "reportlab": "reportlab", "scipy": "scipy",
    "soundfile": "soundfile", "soxr": "soxr", "text_to_num": "text2num", "tinysoundfont": "tinysoundfont",
    "verovio": "verovio", "yaml": "pyyaml",
}  # fmt: skip
"""Import name to distribution, for the libraries that shape results."""

_TASK_ENTRY = re.compile(rb'"((?:musicgen_assets|dsp)(?:\.\w+)+):\w+"')
"""A task's entry, named as text: an asset depends on the code of its tasks as if it imported them."""


def code_fingerprint(entry: str, root: Path = _ROOT) -> str:
    """sha256 of all that ``entry`` ("package.module:function") depends on in source, as hexadecimal.

    ``root`` is the folder that holds the packages. Raises FileNotFoundError if the module has no source there.
    """
    module = entry.partition(":")[0]
    digest = hashlib.sha256(f"python {sys.version_info[:2]} {platform.machine()}".encode())
    libraries: set[str] = set()
    for name in dependencies(module, root):
        source = _source(name, root)
        digest.update(f"\n{name} {_file_hash(source, source.stat().st_mtime_ns)}".encode())
        libraries |= _imports(source, source.stat().st_mtime_ns)[1]
        for data in _data_files(name, source):
            digest.update(f"\n{data.relative_to(root)} {_file_hash(data, data.stat().st_mtime_ns)}".encode())
    for library in sorted(libraries & LIBRARIES.keys()):
        digest.update(f"\n{library} {_version(LIBRARIES[library])}".encode())
    return digest.hexdigest()


def dependencies(module: str, root: Path = _ROOT) -> tuple[str, ...]:
    """``module`` and every project module it reaches by imports, sorted. Imports inside functions count."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        source = _source(name, root)
        for candidate, parent in _imports(source, source.stat().st_mtime_ns)[0]:
            found = candidate if _exists(candidate, root) else parent
            if found and found not in seen:
                waiting.append(found)
    return tuple(sorted(seen))


def _source(module: str, root: Path) -> Path:
    base = root.joinpath(*module.split("."))
    package = base / "__init__.py"
    return package if package.exists() else base.with_suffix(".py")


def _exists(module: str, root: Path) -> bool:
    return _source(module, root).exists()


@lru_cache(maxsize=4096)
def _imports(source: Path, mtime_ns: int) -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
    """Project imports as (module, parent to fall back to), and top-level names of the other imports.

    ``mtime_ns`` is part of the cache key only, so that an edited file is read again.
    """
    del mtime_ns
    others: set[str] = set()
    text = source.read_bytes()
    project = {(match.decode(), "") for match in _TASK_ENTRY.findall(text)}
    for node in _import_statements(text):
        if isinstance(node, ast.Import):
            for alias in node.names:
                _sort_import(alias.name, "", project, others)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                _sort_import(f"{node.module}.{alias.name}", node.module, project, others)
    return frozenset(project), frozenset(others)


def _import_statements(source: bytes) -> Iterator[ast.stmt]:
    """Every import at any depth, and maybe a line of a docstring that reads like one, which does no harm.

    Parsing only what looks like an import takes a tenth of parsing a file; where that does not parse, the file is.
    """
    snippets = [match.group().strip() for match in _IMPORT.finditer(source)]
    try:
        found = [statement for snippet in snippets for statement in ast.parse(snippet).body]
    except SyntaxError:
        found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt)]
    yield from found


def _sort_import(name: str, parent: str, project: set[tuple[str, str]], others: set[str]) -> None:
    top = name.partition(".")[0]
    if top in PROJECT_PACKAGES:
        project.add((name, parent))
    else:
        others.add(top)


def _data_files(module: str, source: Path) -> list[Path]:
    """Files of the data folders beside ``source`` that its text names; none for styles."""
    if module.startswith(_STYLES):
        return []
    text = source.read_text(encoding="utf-8")
    folders = [source.parent / folder for folder in _DATA_FOLDERS if f'"{folder}"' in text or f"{folder}/" in text]
    return sorted(path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.is_file())


@lru_cache(maxsize=4096)
def _file_hash(path: Path, mtime_ns: int) -> str:
    del mtime_ns
    return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(maxsize=64)
def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "absent"
