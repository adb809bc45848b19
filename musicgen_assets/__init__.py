"""The music pipeline: vocabulary, music logic, and the Dagster asset graph built from them.

Which folder stands on which floor is drawn in docs/architecture.md and held by tests/test_floors.py.
"""
