"""Log lines as JSON, one object a line, for who collects and searches them.

Every line of the component carries the name of an event, which stays as it is while its words may
change. No line has an address, a browser, a page or a consent id in it (R125).
"""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime
from pathlib import Path


def event(name: str, /, **fields: str | int) -> dict[str, object]:
    """What a call for a log line passes as `extra`: the event, and its values by name."""
    return {"event": name, "fields": fields}


class JsonFormatter(logging.Formatter):
    """Formats a record as `time`, `level`, `logger`, `event`, `message` and the event's fields.

    An exception is told by its type and place: its words may hold what somebody sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give one line of JSON without the newline."""
        when = datetime.fromtimestamp(record.created, UTC)
        fields = getattr(record, "fields", None)
        told: dict[str, object] = dict(fields) if isinstance(fields, dict) else {}
        told |= {
            "time": f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": getattr(record, "event", ""),
            "message": record.getMessage(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            told["exception"] = record.exc_info[0].__name__
            if frames := traceback.extract_tb(record.exc_info[2]):
                told["at"] = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
        return json.dumps(told, ensure_ascii=False, default=str)
