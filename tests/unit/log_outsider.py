"""Somebody who may do everything to the file of a log, and goes past its triggers."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any


@contextmanager
def outsider(path: str) -> Iterator[sqlite3.Connection]:
    """Open the file without triggers; they are put back afterwards."""
    with closing(sqlite3.connect(path)) as connection:
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in triggers:
            with suppress(sqlite3.OperationalError):  # its table was dropped
                connection.execute(sql)
        connection.commit()


@contextmanager
def changed(path: str) -> Iterator[list[dict[str, Any]]]:
    """Give the entries in order, to be changed or dropped, and write them back in runs."""
    with outsider(path) as connection:
        entries = list(_read(connection))
        yield entries
        connection.execute("DELETE FROM entries")
        connection.execute("DELETE FROM contents")
        run: list[dict[str, Any]] = []
        for entry in sorted(entries, key=lambda entry: entry["seq"]):
            if run and (entry["seq"], entry["kind"]) != (run[-1]["seq"] + 1, run[-1]["kind"]):
                _write(connection, run)
                run = []
            run.append(entry)
        _write(connection, run)


def change(path: str, seq: int, **values: object) -> None:
    """Change one entry; a body of b"" is one that has been removed."""
    with changed(path) as entries:
        entries[seq].update(values)


def _read(connection: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    query = """SELECT first, kind, leaves, consent_ids, keys, salts, sizes, bodies
        FROM entries JOIN contents USING (first) ORDER BY first"""
    for first, kind, leaves, ids, keys, salts, sizes, bodies in connection.execute(query):
        at = 0
        for i, (size,) in enumerate(struct.iter_unpack("<I", sizes)):
            yield {
                "seq": first + i,
                "kind": kind,
                "leaf": leaves[i * 32 : i * 32 + 32],
                "consent_id": ids[i * 22 : i * 22 + 22],
                "key": keys[i * 16 : i * 16 + 16],
                "salt": salts[i * 16 : i * 16 + 16],
                "body": bodies[at : at + size],
            }
            at += size


def _write(connection: sqlite3.Connection, run: list[dict[str, Any]]) -> None:
    first, kind = run[0]["seq"], run[0]["kind"]
    leaves, keys, salts, bodies = (
        b"".join([entry[name] for entry in run]) for name in ("leaf", "key", "salt", "body")
    )
    ids = "".join([entry["consent_id"] for entry in run])
    sizes = struct.pack(f"<{len(run)}I", *[len(entry["body"]) for entry in run])
    connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (first, kind, leaves))
    packed = (first, ids, keys, salts, sizes, bodies)
    connection.execute("INSERT INTO contents VALUES (?, ?, ?, ?, ?, ?)", packed)
