"""Context paths of what the system decided and music logic reads: seed, re-rolls, routing.

Belongs here: those names, apart from the asset table: whoever imports the table depends on all of music logic, and its
result keys with it. Does not belong here: which asset reads which (graph.declarations).
"""

from __future__ import annotations

SEED = "ai_decisions.generation.seed"
REROLLS = "ai_decisions.generation.rerolls"
TAKE_STREAM = "take"
"""Re-rolled, another engine is asked for the same song once more; the built-in one plays it the same every time."""
ROUTING = "ai_decisions.generation.routing"
