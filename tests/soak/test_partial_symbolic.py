"""After any edits, a partial re-run is what the same context comes to from scratch: the score and all before it.

Hundreds of sequences as far as the arrangement; benchmarks.soak.partial does the same with whole songs.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.soak.symbolic import differences, symbolic_studio

pytestmark = pytest.mark.soak


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(rng=st.randoms(use_true_random=False))
def test_a_partial_rerun_is_the_same_context_from_scratch(rng: random.Random) -> None:
    with tempfile.TemporaryDirectory(prefix="musicgen-symbolic-") as folder:
        root = Path(folder)
        with symbolic_studio(root / "parent") as parent, symbolic_studio(root / "fresh") as fresh:
            assert differences(parent, fresh, rng) == []
