"""Logging: one logger "musicgen" to standard error, plain or JSON lines, secrets masked.

Belongs here: handlers and masking. Does not belong here: progress (the CLI draws it), events (the registry).
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TextIO

from resources.settings import Settings

LOGGER = "musicgen"
MASK = "********"

_SHORTEST_SECRET = 4
"""Shorter values would mask half of every message."""


class MaskSecrets(logging.Filter):
    """Replaces every known secret in a record's message, arguments and traceback."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = sorted({text for text in secrets if len(text) >= _SHORTEST_SECRET}, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record; always lets it pass."""
        record.msg, record.args = self.mask(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.mask(record.exc_text)
        return True

    def mask(self, text: str) -> str:
        """``text`` without secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC ISO-8601), level, logger, message, and what was passed as ``extra``."""

    _OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        row = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            row["error"] = record.exc_text
        row |= {name: value for name, value in record.__dict__.items() if name not in self._OWN}
        return json.dumps(row, ensure_ascii=False, default=str)


def configure_logging(
    settings: Settings, level: str = "INFO", *, is_json: bool = False, stream: TextIO | None = None
) -> logging.Logger:
    """Send the "musicgen" logger to ``stream`` (standard error by default); calling it again replaces that."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(MaskSecrets(settings.secret_values()))
    plain = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    handler.setFormatter(JsonLines() if is_json else plain)
    logger = logging.getLogger(LOGGER)
    logger.handlers = [handler]
    logger.setLevel(level)
    logger.propagate = False
    return logger
