"""Shared fixtures. tests/ itself is importable, so that helpers live in tests/support."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
