"""The environment that models run in: an interpreter with torch, beside this one.

Belongs here: where it is and whether it has what a backend needs, without starting it. Does not belong here: making it
(make models), talking to it (process).
"""

from __future__ import annotations

from pathlib import Path

from resources.local_models.folders import Backend
from resources.settings import Settings, checkout_root

NEEDED: dict[Backend, tuple[str, ...]] = {
    "transformers": ("torch", "transformers"),
    "audiocraft": ("torch", "transformers", "audiocraft"),
    "demucs": ("torch", "demucs", "soxr"),
}
"""What each backend imports first."""


def models_python(settings: Settings) -> Path | None:
    """The interpreter that the settings name, else that of .venv-ml in the checkout; None where there is none."""
    if settings.models_python is not None:
        return settings.models_python if settings.models_python.is_file() else None
    root = checkout_root()
    default = root / ".venv-ml" / "bin" / "python" if root is not None else None
    return default if default is not None and default.is_file() else None


def lacking(python: Path, backend: Backend) -> tuple[str, ...]:
    """Packages that ``backend`` needs and the environment of ``python`` does not have. Looks at folders alone."""
    places = list(python.parent.parent.glob("lib/python3*/site-packages"))
    if not places:  # no virtual environment: only starting it could tell
        return ()
    return tuple(name for name in NEEDED.get(backend, ()) if not any((place / name).is_dir() for place in places))


def why_no_environment(settings: Settings, backend: Backend) -> str:
    """What is missing before ``backend`` can run, for people; "" where nothing is."""
    python = models_python(settings)
    if python is None:
        if settings.models_python is not None:
            return f"MUSICGEN_MODELS_PYTHON is {settings.models_python}, which is no file"
        return "the environment for local models is not set up: make models"
    missing = lacking(python, backend)
    return f"{python} has no {', '.join(missing)}: make models" if missing else ""
