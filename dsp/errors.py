"""The one error of the audio rooms: the samples, or a parameter beside them, cannot be used.

Belongs here: that class. It says what was tried, what was found and what is allowed; turning it into a failure
with a retry rule is the caller's business.
"""

from __future__ import annotations


class AudioError(ValueError):
    """Audio, encoded bytes or a parameter that a function of ``dsp`` cannot work with."""
