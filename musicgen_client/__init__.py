"""The Python client of the API: make a song, follow it, download it, change it (docs/client.md).

It needs httpx and httpx-sse and nothing else of this project, so it can be copied to where songs are asked for.

Belongs here: what programs import. Does not belong here: anything that only works beside the server.
"""

from musicgen_client.client import MusicGen
from musicgen_client.errors import ApiError, NotMadeError, UnreachableError
from musicgen_client.songs import Song

__all__ = ["ApiError", "MusicGen", "NotMadeError", "Song", "UnreachableError"]
