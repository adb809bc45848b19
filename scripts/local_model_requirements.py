"""Prints what local models need, one requirement a line, from the extra `ml` of pyproject.toml: `make models` feeds it
to pip. The project itself is not installed beside them: the two speak over a socket.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

if __name__ == "__main__":
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    sys.stdout.write("\n".join(told["project"]["optional-dependencies"]["ml"]) + "\n")
