"""The log's tables in PostgreSQL, who may do what to them, and the triggers that see to it (R39).

All stands in a schema of its own. Its owner, whoever runs `consent log create`, can do anything and
is no role of the site's. The *application* adds and reads; the *maintenance* may besides remove
content that an expiry entry names.
"""

# The statements are joined from constants that stand here.
# ruff: noqa: S608

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from psycopg import sql

from consent.errors import LogError
from consent.log import Roles
from consent.log.postgres_server import FORMAT, Session, connect, shown, translated
from consent.log.tree import EMPTY_ROOT

TABLES = {
    "meta": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
    # The tree: its size, the root over it, and the right edge that the next entry grows from.
    "head": """one INT PRIMARY KEY CHECK (one = 1),
        size BIGINT NOT NULL, root BYTEA NOT NULL, edge BYTEA NOT NULL""",
    # Hashes only: these rows stay for as long as the log does (R128).
    # Those of consents stand joined in the row of the first of them: see `postgres_batch`.
    "entries": """seq BIGINT PRIMARY KEY, kind TEXT NOT NULL,
        leaves BYTEA NOT NULL CHECK (length(leaves) > 0 AND length(leaves) % 32 = 0)""",
    # The roots of whole tiles, so that a proof need not read what is in them. See `proofs`.
    "tiles": """level INT NOT NULL, at BIGINT NOT NULL, root BYTEA NOT NULL,
        PRIMARY KEY (level, at)""",
    # What a person can be told from: to be removed when its time has come. The marks are what ids
    # and keys are found by, see `postgres_batch.mark`.
    "contents": """seq BIGINT PRIMARY KEY, id_mark BIGINT, key_mark BIGINT,
        consent_id TEXT COLLATE "C", key BYTEA,
        salt BYTEA NOT NULL CHECK (length(salt) = 16), body BYTEA NOT NULL""",
    "artifacts": "hash TEXT PRIMARY KEY, media_type TEXT NOT NULL, body BYTEA NOT NULL",
    "checkpoints": "size BIGINT PRIMARY KEY, note TEXT NOT NULL",
    # What expiry entries name: only that can be removed.
    "expired": """start BIGINT NOT NULL, stop BIGINT NOT NULL, seq BIGINT NOT NULL,
        PRIMARY KEY (start, stop)""",
    "dropped": "hash TEXT NOT NULL, seq BIGINT NOT NULL, PRIMARY KEY (hash, seq)",
    "counters": "day TEXT NOT NULL, name TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (day, name)",
}
INDEXES = {
    # Few entries are not consents; looking those up must not read through all that are.
    "entries_rare": "INDEX entries_rare ON consent.entries (kind, seq) WHERE kind <> 'consent'",
    "contents_ids": """INDEX contents_ids ON consent.contents (id_mark, seq)
        WHERE id_mark IS NOT NULL""",
    "contents_keys": """INDEX contents_keys ON consent.contents (key_mark)
        WHERE key_mark IS NOT NULL""",
}

_READ, _ADD = frozenset({"SELECT"}), frozenset({"SELECT", "INSERT"})
_COUNT, _MOVE = frozenset({"SELECT", "INSERT", "UPDATE"}), frozenset({"SELECT", "UPDATE"})
_REMOVE = frozenset({"SELECT", "INSERT", "DELETE"})
APPLICATION = dict.fromkeys(TABLES, _ADD) | {
    "meta": _READ,
    "head": _MOVE,
    "counters": _COUNT,
    "expired": _READ,
    "dropped": _READ,
}
MAINTENANCE = APPLICATION | {
    "contents": _REMOVE,
    "artifacts": _REMOVE,
    "expired": _ADD,
    "dropped": _ADD,
}
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")

_REFUSED = "RAISE EXCEPTION 'the log is append-only';"
FUNCTIONS = {
    "refuse": f"BEGIN {_REFUSED} END",
    "refuse_unless_expired": f"""BEGIN
        IF (SELECT stop FROM consent.expired WHERE start <= OLD.seq AND stop > OLD.seq
            ORDER BY start DESC LIMIT 1) IS NULL THEN {_REFUSED} END IF;
        RETURN OLD;
    END""",
    "refuse_unless_dropped": f"""BEGIN
        IF NOT EXISTS (SELECT 1 FROM consent.dropped WHERE hash = OLD.hash)
            THEN {_REFUSED} END IF;
        RETURN OLD;
    END""",
    # A run that began elsewhere would let entries in twice, or leave a gap.
    "refuse_unless_next": """BEGIN
        IF NEW.seq <> coalesce((SELECT seq + length(leaves) / 32 FROM consent.entries
            ORDER BY seq DESC LIMIT 1), 0)
            THEN RAISE EXCEPTION 'entries follow one another'; END IF;
        RETURN NEW;
    END""",
    "refuse_to_go_back": """BEGIN
        IF NEW.size <= OLD.size
            THEN RAISE EXCEPTION 'the head only moves forward'; END IF;
        RETURN NEW;
    END""",
}


class Trigger(NamedTuple):
    """When what is refused, by which function."""

    table: str
    event: str
    function: str = "refuse"

    @property
    def name(self) -> str:
        """Its name, of which a table has one each."""
        return f"{self.table}_{self.event.lower()}"

    @property
    def kind(self) -> int:
        """What the catalogue has as its type."""
        row, before = int(self.event != "TRUNCATE"), 2
        return row | before | {"INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}[self.event]

    @property
    def statement(self) -> str:
        """The statement that makes it."""
        each = "ROW" if self.kind & 1 else "STATEMENT"
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.event} ON consent.{self.table}"
            f" FOR EACH {each} EXECUTE FUNCTION consent.{self.function}()"
        )


TRIGGERS = [
    *(
        Trigger(table, event)
        for table in ("meta", "entries", "tiles", "checkpoints", "expired", "dropped")
        for event in ("UPDATE", "DELETE")
    ),
    *(Trigger(table, "TRUNCATE") for table in TABLES if table != "counters"),
    Trigger("contents", "UPDATE"),
    Trigger("artifacts", "UPDATE"),
    # Content goes after an entry that names it (R128).
    Trigger("contents", "DELETE", "refuse_unless_expired"),
    Trigger("artifacts", "DELETE", "refuse_unless_dropped"),
    Trigger("entries", "INSERT", "refuse_unless_next"),
    Trigger("head", "UPDATE", "refuse_to_go_back"),
    Trigger("head", "DELETE"),
]


def create(address: str, site: str, like: Mapping[str, str], roles: Roles) -> None:
    """Make an empty log; see `consent.log.create_log`. The address is an administrator's."""
    if roles.application == roles.maintenance:
        raise LogError(f"the role {roles.application} cannot be both application and maintenance")
    with translated(address):
        session = connect(address, None)
        try:
            with session.transaction():
                _create(session, address, site, like, roles)
        finally:
            session.let_go()


def _create(
    session: Session, address: str, site: str, like: Mapping[str, str], roles: Roles
) -> None:
    schema = "SELECT 1 FROM information_schema.schemata WHERE schema_name = 'consent'"
    if session.ask(schema):
        raise LogError(f"a schema consent exists in {shown(address)}; a log is made anew only")
    session.execute("CREATE SCHEMA consent")
    for table, columns in TABLES.items():
        session.execute(f"CREATE TABLE consent.{table} ({columns})")
    for index in INDEXES.values():
        session.execute(f"CREATE {index}")
    session.execute("INSERT INTO consent.head VALUES (1, 0, %s, '')", (EMPTY_ROOT,))
    meta = {
        "created": like.get("created") or datetime.now(UTC).isoformat(timespec="seconds"),
        "format": FORMAT,
        "id": like.get("id") or os.urandom(16).hex(),
        "site": site,
        # Of this database alone, see `faults`.
        "application": roles.application,
        "maintenance": roles.maintenance,
        "triggers": "yes" if roles.triggers else "no",
    }
    for item in meta.items():
        session.execute("INSERT INTO consent.meta VALUES (%s, %s)", item)
    if roles.triggers:
        for name, body in FUNCTIONS.items():
            head = f"CREATE FUNCTION consent.{name}() RETURNS trigger LANGUAGE plpgsql"
            session.execute(f"{head} AS $body${body}$body$")
        for trigger in TRIGGERS:
            session.execute(trigger.statement)
    for role, rights in _rights(roles).items():
        _grant(session, role, rights)
    for fault in _privileges(session, roles):
        raise LogError(
            f"{fault}: a role of the site is neither a superuser, nor the owner of the tables, nor"
            " a member of one; name others with --application and --maintenance"
        )


def _rights(roles: Roles) -> dict[str, dict[str, frozenset[str]]]:
    return {roles.application: APPLICATION, roles.maintenance: MAINTENANCE}


def _grant(session: Session, role: str, rights: Mapping[str, frozenset[str]]) -> None:
    name = sql.Identifier(role)
    if not session.ask("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", role):
        # Without a password: who may log in as it, and how, is the administrator's to say.
        session.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
    session.execute(sql.SQL("GRANT USAGE ON SCHEMA consent TO {}").format(name))
    for table, privileges in rights.items():
        granted = sql.SQL(", ").join(map(sql.SQL, sorted(privileges)))
        place = sql.Identifier("consent", table)
        session.execute(sql.SQL("GRANT {} ON {} TO {}").format(granted, place, name))


_MAY = """SELECT role, place, privilege
    FROM unnest(%s::text[]) AS roles (role), unnest(%s::text[]) AS tables (place),
        unnest(%s::text[]) AS privileges (privilege)
    WHERE CASE WHEN privilege IN ('DELETE', 'TRUNCATE', 'TRIGGER')
        THEN has_table_privilege(role, 'consent.' || place, privilege)
        ELSE has_any_column_privilege(role, 'consent.' || place, privilege) END"""
_OTHERS = """SELECT coalesce(rolname, 'PUBLIC'), relname, privilege_type
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace AND nspname = 'consent'
    CROSS JOIN LATERAL aclexplode(relacl) AS acl
    LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = acl.grantee
    WHERE acl.grantee <> relowner AND privilege_type <> 'SELECT'
        AND coalesce(rolname, 'PUBLIC') <> ALL (%s::text[])
    ORDER BY 1, 2, 3"""
_TRIGGERS = """SELECT relname, tgname, tgtype::int, tgenabled::text, tgqual IS NULL, proname, prosrc
    FROM pg_catalog.pg_trigger AS t
    JOIN pg_catalog.pg_class AS c ON c.oid = tgrelid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace AND nspname = 'consent'
    JOIN pg_catalog.pg_proc AS p ON p.oid = tgfoid
    WHERE NOT tgisinternal"""
_RULES = "SELECT tablename, rulename FROM pg_catalog.pg_rules WHERE schemaname = 'consent'"
_INDEXED = "SELECT indexname FROM pg_catalog.pg_indexes WHERE schemaname = 'consent'"
_CARELESS = """SELECT name FROM unnest(ARRAY['fsync', 'full_page_writes']) AS careful (name)
    WHERE current_setting(name, true) = 'off'"""


def faults(session: Session) -> Iterator[str]:
    """Name what is missing or changed of indexes, grants and triggers, and unsafe settings."""
    meta = dict(session.ask("SELECT name, value FROM consent.meta"))
    roles = Roles(
        meta.get("application", ""), meta.get("maintenance", ""), meta.get("triggers") != "no"
    )
    wanted = {*INDEXES, *(f"{table}_pkey" for table in TABLES)}
    for index in sorted(wanted - {name for (name,) in session.ask(_INDEXED)}):
        yield f"schema: the index {index} is missing"
    yield from _privileges(session, roles)
    yield from _triggers(session, roles)
    for table, rule in session.ask(_RULES):
        yield f"schema: the rule {rule} on {table} is none of the log's"
    for (name,) in session.ask(_CARELESS):
        yield f"server: {name} is off, so that a power cut can lose or tear what was acknowledged"


def _privileges(session: Session, roles: Roles) -> Iterator[str]:
    """Name what the roles, and everybody else, may do too much or too little."""
    rights = _rights(roles)
    there = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY (%s)"
    known = {name for (name,) in session.ask(there, list(rights))}
    for role in rights.keys() - known:
        yield f"grants: the role {role} is missing"
    asked = [*sorted(known), "public"]
    may = set(session.ask(_MAY, asked, list(TABLES), list(PRIVILEGES)))
    for role in asked:
        for table in TABLES:
            for privilege in PRIVILEGES:
                right = privilege in rights.get(role, {}).get(table, ())
                if ((role, table, privilege) in may) != right:
                    verb = "may not" if right else "may"
                    yield f"grants: {role} {verb} {privilege} on {table}"
    for role, table, privilege in session.ask(_OTHERS, [*rights, "PUBLIC"]):
        yield f"grants: {role} may {privilege} on {table}"


def _triggers(session: Session, roles: Roles) -> Iterator[str]:
    wanted = {
        (trigger.table, trigger.name): (trigger.kind, trigger.function, FUNCTIONS[trigger.function])
        for trigger in (TRIGGERS if roles.triggers else [])
    }
    for table, name, kind, enabled, always, function, body in session.ask(_TRIGGERS):
        expected = wanted.pop((table, name), None)
        if expected is None:
            yield f"schema: the trigger {name} on {table} is none of the log's"
        elif expected != (kind, function, body) or enabled not in "OA" or not always:
            yield f"schema: the trigger {name} on {table} was changed or switched off"
    for table, name in sorted(wanted):
        yield f"schema: the trigger {name} on {table} is missing"
