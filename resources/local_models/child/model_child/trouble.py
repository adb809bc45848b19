"""What goes wrong with a model, in a form that crosses to the other process.

Belongs here: that class. Does not belong here: what becomes of it (resources.local_models.jobs).
"""

from __future__ import annotations


class ModelError(Exception):
    """A model can't do what it was asked. ``is_transient``: the same may succeed later."""

    def __init__(self, message: str, way_out: str = "", *, is_transient: bool = False) -> None:
        super().__init__(message)
        self.message, self.way_out, self.is_transient = message, way_out, is_transient
