"""The one partitions definition: a key per version, ``<composition>@v<N>``.

A flat dynamic dimension, composition first, so that a prefix search in the UI finds all versions of one song
and cost does not grow with a cross product. The registry, not this list, is the authority on what exists.
"""

from __future__ import annotations

import dagster as dg

VERSIONS = dg.DynamicPartitionsDefinition(name="versions")
