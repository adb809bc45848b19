"""Messages between this project and the process that models run in: one JSON object, then its arrays as bytes.

Belongs here: that form; both sides import it. Does not belong here: what messages mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Sequence[NDArray[np.float32]]


def send(connection: Connection, message: Mapping[str, Any], arrays: Arrays = ()) -> None:
    """Send ``message`` (JSON-able) and float32 arrays of shape (channels, samples). Raises OSError."""
    head = {**message, "shapes": [list(array.shape) for array in arrays]}
    connection.send_bytes(json.dumps(head, allow_nan=False).encode())
    for array in arrays:
        connection.send_bytes(np.ascontiguousarray(array, np.float32).tobytes())


def receive(connection: Connection) -> tuple[dict[str, Any], list[NDArray[np.float32]]]:
    """The next message and its arrays. Raises EOFError where the other side is gone."""
    message = json.loads(connection.recv_bytes())
    arrays = []
    for shape in message.pop("shapes"):
        arrays.append(np.frombuffer(connection.recv_bytes(), np.float32).reshape(shape))
    return message, arrays
