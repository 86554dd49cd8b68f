"""A log in memory whose tree always fits: what somebody can write who may do everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from consent.log import Counter, Head, Row, Run
from consent.log.runs import NO_ID, NO_KEY, RUN, pack
from consent.log.tree import SALT_SIZE, Edge, Tile


class MemorySnapshot:
    """Rows, artifacts and kept checkpoints; head, edge and tiles are made of the rows."""

    def __init__(
        self,
        rows: Sequence[Row],
        artifacts: Sequence[tuple[str, str, bytes]] = (),
        kept: Sequence[tuple[int, str]] = (),
        meta: Mapping[str, str] | None = None,
    ) -> None:
        self._rows, self._artifacts, self._kept = rows, artifacts, kept
        self.meta = meta or {"id": "00" * 16, "site": "example.fi"}
        tree = Edge()
        self._tiles: list[Tile] = tree.extend([row.leaf for row in rows])
        self._head, self._edge = Head(tree.size, tree.root()), tree.pack()

    def head(self) -> Head:
        return self._head

    def edge(self) -> bytes:
        return self._edge

    def rows(
        self, start: int = 0, stop: int | None = None, consent_id: str | None = None
    ) -> Iterator[Row]:
        for row in self._rows[start:stop]:
            if consent_id is None or row.consent_id == consent_id:
                yield row

    def runs(self, start: int = 0, stop: int | None = None) -> Iterator[Run]:
        for kind, same in groupby(self.rows(start, stop), lambda row: row.kind):
            rows: list[Row] = []
            for row in same:
                if rows and (row.seq != rows[-1].seq + 1 or len(rows) == RUN):
                    yield _run(kind, rows)
                    rows = []
                rows.append(row)
            yield _run(kind, rows)

    def of_kind(self, kind: str) -> Iterator[Row]:
        return (row for row in self._rows if row.kind == kind)

    def leaves(self, start: int, stop: int) -> Sequence[bytes]:
        return [row.leaf for row in self._rows[start:stop]]

    def tiles(self, level: int, start: int = 0, stop: int = 2**62) -> Iterator[bytes]:
        return (
            tile.root for tile in self._tiles if tile.level == level and start <= tile.at < stop
        )

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        return iter(self._kept)

    def artifacts(self) -> Iterator[tuple[str, str, bytes]]:
        return iter(self._artifacts)

    def counts(self) -> Iterator[Counter]:
        return iter(())

    def faults(self) -> Iterator[str]:
        return iter(())


def _run(kind: str, rows: Sequence[Row]) -> Run:
    ids = [row.consent_id or NO_ID for row in rows]
    salts = b"".join([row.salt or bytes(SALT_SIZE) for row in rows])
    packed = pack(ids, [NO_KEY] * len(rows), salts, [row.body or b"" for row in rows])
    leaves = b"".join([row.leaf for row in rows])
    return Run(rows[0].seq, kind, leaves, packed.consent_ids, *packed[2:])
