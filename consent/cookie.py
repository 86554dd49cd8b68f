"""The signed choice cookie: how it is found, verified, written and expired (R113-R119).

Its value is dotted ASCII: schema, key, notice seen, consent id, one field a category, signature.
Days instead of seconds, so that two visitors who refuse on one day carry the same bytes (R43).
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from binascii import b2a_base64
from collections.abc import Iterable, Sequence
from hashlib import sha256
from hmac import compare_digest, digest
from typing import TYPE_CHECKING

from itsdangerous import Signer

from .choice import Answer, Memory, Stored

_VALUE = re.compile(
    rb"1\.[A-Za-z0-9_-]{4}\.(?P<seen>-|[0-9]{4}_[1-9][0-9]{0,3})"
    rb"\.(?P<id>-|[A-Za-z0-9_-]{22})(?P<answers>(?:\.[gd][0-9a-f]{16})+)"
)
# A value longer than this was not written here, and is not worth a hash.
_LONGEST = 1024
_REMEMBERED = 4096
_SEEN = len(b"1.key1.")
_IDS = (len(b".-"), len(b".abcdefghijklmnopqrst_-"))
_URLSAFE = bytes.maketrans(b"+/", b"-_")

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

Header = tuple[bytes, bytes]
Said = bytes
"""What a cookie says, as written, without its id and signature."""


def find(headers: Iterable[Header], name: bytes) -> bytes | None:
    """The raw value of the cookie `name`, from one or several Cookie fields.

    Two different values under one name are nobody's choice: then None, as for none.
    """
    found: bytes | None = None
    mark = name + b"="
    for key, value in headers:
        if key != b"cookie" or mark not in value:
            continue
        for part in value.split(b";"):
            pair = part.strip(b" \t")
            if pair.startswith(mark):
                content = pair[len(mark) :]
                if found is not None and found != content:
                    return None
                found = content
    return found


def find_in(field: bytes, mark: bytes) -> bytes | None:
    """As `find`, in the only Cookie field of a request; `mark` is the cookie's name and `=`."""
    before, found, after = field.partition(mark)
    if not found:
        return None
    if (before and before[-2:] != b"; ") or after.find(mark) >= 0:
        return find([(b"cookie", field)], mark[:-1])
    return after.partition(b";")[0].rstrip(b" \t")


class ChoiceCookie:
    """Reads and writes the choice cookie of one site.

    `keys` are the secrets from oldest to newest: the newest signs, all verify (R116); `site` binds
    a signature to this site (R33); `secure` gives the `__Host-` prefix (R114), and is off only for
    plain HTTP on the loopback; `memory` the lifetimes of answers.
    """

    def __init__(
        self, name: str, keys: Sequence[str], site: str, memory: Memory, *, secure: bool = True
    ) -> None:
        self.name = f"__Host-{name}" if secure else name
        self.field = self.name.encode("ascii")
        self.mark = self.field + b"="
        self.memory = memory
        self._secure = secure
        self._signer = Signer(
            list(keys),
            salt=f"consent.choice.1:{site}",
            key_derivation="hmac",
            digest_method=sha256,
        )
        # What itsdangerous would derive from the secrets anew for each cookie.
        derived = [self._signer.derive_key(key) for key in self._signer.secret_keys]
        self._macs = {_key_id(key): _mac(key) for key in derived}
        self._key_id = _key_id(derived[-1]).decode("ascii")
        self._verified: dict[bytes, Stored] = {}

    def read(self, raw: bytes | None, today: int) -> Stored:
        """Verify a raw value; anything but an intact value of ours reads as no choice (R32)."""
        if raw is None:
            return Stored()
        stored = self._verified.get(raw)
        if stored is None:
            if self.said(raw) is None:
                return Stored()
            stored = _stored(raw.rpartition(b".")[0])
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[raw] = stored
        return _sound(stored, today)

    def said(self, raw: bytes) -> Said | None:
        """Verify a raw value as `read` does, and give what it says without reading it further.

        Visitors who answered alike say the same, whatever their ids.
        """
        mac = self._macs.get(raw[2:6])
        if mac is None or len(raw) > _LONGEST:
            return None
        # As Signer.verify_signature does, in an eighth of its time: the keys are derived already,
        # and hashed (RFC 2104, section 4).
        signed, _, signature = raw.rpartition(b".")
        inner, outer = mac[0].copy(), mac[1].copy()
        inner.update(signed)
        outer.update(inner.digest())
        # The text is compared, since several texts would decode to the same bytes.
        wanted = b2a_base64(outer.digest()).translate(_URLSAFE, b"=\n")
        if not compare_digest(signature, wanted):
            return None
        # What else was signed, of another schema, says nothing that `reading` can read.
        at = signed.find(b".", _SEEN)
        end = signed.find(b".", at + 1)
        return signed[:at] + signed[end:] if end - at in _IDS else None

    def reading(self, said: Said, today: int) -> Stored:
        """What is read of a value that was verified, apart from its id."""
        at = said.find(b".", _SEEN)
        return _sound(_stored(said[:at] + b".-" + said[at:]), today)

    def value(self, stored: Stored) -> str:
        """The signed value for a choice; an id that stands for no grant is left out (R43)."""
        grants = any(answer.granted for answer in stored.answers)
        fields = [
            "1",
            self._key_id,
            stored.seen.replace(".", "_") or "-",
            (stored.consent_id if grants else "") or "-",
            *(f"{'g' if a.granted else 'd'}{a.day:04x}{a.scope}" for a in stored.answers),
        ]
        return self._signer.sign(".".join(fields)).decode("ascii")

    def header(self, stored: Stored, today: int) -> Header:
        """The Set-Cookie field for a choice; it lives until the last answer ends (R22, R23)."""
        days = max((self.memory.end(a) for a in stored.answers), default=today) - today
        return self._set(self.value(stored), max(days, 0) * 86_400)

    def expire(self) -> Header:
        """The Set-Cookie field that removes the choice cookie."""
        return self._set("", 0)

    def _set(self, value: str, max_age: int) -> Header:
        secure = "; Secure" if self._secure else ""
        text = f"{self.name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}"
        return b"set-cookie", text.encode("ascii")


def expiring(name: str, *, path: str = "/", domain: str = "", partitioned: bool = False) -> Header:
    """The Set-Cookie field that removes a cookie of the site by its exact name (R29).

    A browser takes it only with the attributes that the name's prefix asks for, whatever its case
    (RFC 6265bis, section 4.1.3), and a partitioned one only with `Secure`.
    """
    place = f"; Domain={domain}" if domain else ""
    text = f"{name}=; Path={path}{place}; Max-Age=0"
    prefix = name.lower()
    if partitioned or prefix.startswith(("__host-", "__secure-", "__http-")):
        text += "; Secure"
    if prefix.startswith(("__http-", "__host-http-")):
        text += "; HttpOnly"
    if partitioned:
        text += "; Partitioned"
    return b"set-cookie", text.encode("ascii")


def _key_id(key: bytes) -> bytes:
    """What names a key in a value: as good as random, and no help in finding the key (R116)."""
    return urlsafe_b64encode(digest(key, b"key id", "sha256")[:3])


def _mac(key: bytes) -> tuple[Hash, Hash]:
    # The states of HMAC-SHA-256 after its key; of a key of 32 bytes, as SHA-256 makes them.
    block = key.ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    return sha256(inner), sha256(outer)


def _stored(signed: bytes) -> Stored:
    # Of another schema it is no choice, though we have signed it.
    match = _VALUE.fullmatch(signed)
    if match is None:
        return Stored()
    seen, consent_id, fields = match.group("seen", "id", "answers")
    return Stored(
        answers=tuple(
            Answer(field[0] == "g", int(field[1:5], 16), field[5:])
            for field in fields[1:].decode("ascii").split(".")
        ),
        seen="" if seen == b"-" else seen.decode("ascii").replace("_", "."),
        consent_id="" if consent_id == b"-" else consent_id.decode("ascii"),
    )


def _sound(stored: Stored, today: int) -> Stored:
    # A decision from the future is not one. Another machine may be a moment past midnight.
    return Stored() if any(answer.day > today + 1 for answer in stored.answers) else stored
