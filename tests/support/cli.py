"""Calling ``musicgen`` as a person does: another process, its own home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MUSICGEN = Path(sys.executable).with_name("musicgen")

PROMPT = "upbeat pop song with piano"
ASK = ("compose", PROMPT, "--duration", "30", "--seed", "5", "--json")
"""The song that tests of whole songs share."""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def musicgen(home: Path, *arguments: str, **env: str) -> Said:
    environment = {**os.environ, "MUSICGEN_HOME": str(home), **env}
    environment.pop("DAGSTER_HOME", None)
    done = subprocess.run(
        [str(MUSICGEN), *arguments], capture_output=True, text=True, env=environment, cwd=home.parent, timeout=300
    )
    return Said(done.returncode, done.stdout, done.stderr)
