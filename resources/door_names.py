"""Names for compositions: two words and five characters, easy to say, to type and to tell apart.

Belongs here: drawing names. Does not belong here: keeping them.
"""

from __future__ import annotations

import secrets

ADJECTIVES = """
amber ancient autumn azure blue bold brave bright bronze calm clear cobalt copper coral crimson crystal dancing deep
distant dusky early electric emerald endless faded fearless floating flying forest fragile frosty gentle gilded glad
glowing golden grand green hazel hidden hollow humble indigo ivory jade kind late lilac little lively lone lucky
lunar mellow merry misty morning mossy noble northern olive opal patient pearl quiet rapid restless rising rosy ruby
rustic sandy scarlet secret shining silent silver sleepy slow snowy soft solar southern sparkling starry steady still
stormy summer sunny swift tender tidal topaz velvet violet wandering warm western whispering wild winter young
"""
NOUNS = """
acorn anchor arbor aurora badger bay beacon bell birch bird bloom breeze bridge brook canyon castle cedar cliff cloud
comet coast cove creek crow dawn deer delta dove dune dusk eagle echo ember falcon fern field finch fjord flame forest
fox garden glade grove harbor hare harvest hawk heron hill horizon island lagoon lake lantern lark leaf light lily
lynx maple marsh meadow mesa moon mountain nest oak ocean orchard otter owl path peak pebble pine plain planet pond
prairie rain raven reef ridge river robin rose sail sea shadow shore sky sparrow spring star stone storm stream sun
swallow swan thunder tide tower trail tree valley wave willow wind wolf wren
"""
CHARACTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are read as another one."""

SUFFIX_LENGTH = 5
_FIRST, _SECOND = ADJECTIVES.split(), NOUNS.split()


def new_name() -> str:
    """A name such as "sunny-river-k3f9a": one of 300 billion; whoever keeps it finds out if it is taken."""
    suffix = "".join(secrets.choice(CHARACTERS) for _ in range(SUFFIX_LENGTH))
    return f"{secrets.choice(_FIRST)}-{secrets.choice(_SECOND)}-{suffix}"
