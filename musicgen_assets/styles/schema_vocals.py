"""How a style sings: harmony groups and slurs.

Belongs here: the model of a style's vocal habits. Does not belong here: words (styles.schema_lyrics), writing vocal
parts (arrangement.vocal_harmony).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from musicgen_assets.context.frozen import Frozen

HarmonyGroup = Literal["none", "thirds", "sixths", "block", "drone"]
"""thirds: a voice a third above; sixths: one a sixth below; block: two voices under the lead, close; drone: a held
tonic or fifth below.
"""


class VocalHabits(Frozen):
    """What listeners of a style are used to; rules of thumb, all of them."""

    harmony: HarmonyGroup = "thirds"
    melisma: float = Field(0.1, ge=0.0, le=1.0)
    """0 a note a syllable; 1 the last long syllable of every line turns."""
