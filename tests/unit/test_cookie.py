"""The choice cookie: anything but an intact value of ours is no choice, and never a consent."""

import random
from dataclasses import replace
from http.cookies import SimpleCookie

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import Signer

from consent.choice import Answer, Memory, Rules, Stored
from consent.cookie import ChoiceCookie, expiring, find

TODAY = 20_780
OLD, KEY, FOREIGN = "old-" * 10, "key-" * 10, "foreign-" * 5
SCOPES = {f"category-{n}": f"{n:012x}" for n in range(8)}
GRANTED = Stored(
    tuple(Answer(n % 2 == 0, TODAY - n, scope) for n, scope in enumerate(SCOPES.values())),
    seen="2026.1",
    consent_id="abcdefghijklmnopqrst_-",
)
REFUSED = Stored(tuple(Answer(False, TODAY, scope) for scope in SCOPES.values()))
RULES = Rules(
    optional=tuple(SCOPES),
    accepted={scope: category for category, scope in SCOPES.items()},
    services={},
    always=frozenset(),
    denied_by={},
)


def cookie(keys=(KEY,), site="www.example.fi", **options):
    return ChoiceCookie("choices", keys, site, Memory(), **options)


def raw(stored=GRANTED, **options):
    return cookie(**options).value(stored).encode()


def signed(text, key=KEY, site="www.example.fi"):
    """Sign any text as this site would."""
    from hashlib import sha256

    salt = f"consent.choice.1:{site}"
    return Signer([key], salt=salt, key_derivation="hmac", digest_method=sha256).sign(text)


def attributes(header):
    name, value = header
    assert name == b"set-cookie"
    (morsel,) = SimpleCookie(value.decode()).values()
    return morsel


ANSWERS = st.builds(
    Answer,
    granted=st.booleans(),
    day=st.integers(0, TODAY + 1),
    scope=st.text("0123456789abcdef", min_size=12, max_size=12),
)
STORED = st.builds(
    Stored,
    answers=st.lists(ANSWERS, min_size=1, max_size=8).map(tuple),
    seen=st.just("") | st.builds("{}.{}".format, st.integers(2000, 2999), st.integers(1, 9999)),
    consent_id=st.just("") | st.just("abcdefghijklmnopqrst_-"),
)


@given(STORED)
def test_what_is_written_is_read_again(stored):
    """The id goes only while something is granted (R43)."""
    grants = any(answer.granted for answer in stored.answers)
    expected = stored if grants else replace(stored, consent_id="")
    one = cookie()
    assert one.read(raw(stored), TODAY) == expected
    said = one.said(raw(stored))
    assert said is not None
    assert one.reading(said, TODAY) == replace(expected, consent_id="")


def test_no_cookie_is_no_choice():
    assert cookie().read(None, TODAY) == Stored()


NAMED = raw().split(b".")[1]
BODY = b"1.%b.2026_1.abcdefghijklmnopqrst_-.g512c000000000001" % NAMED
UNREADABLE = {
    "empty": b"",
    "a dot": b".",
    "cut at the end": raw()[:-1],
    "cut at the start": raw()[1:],
    "without signature": raw().rpartition(b".")[0],
    "with an empty signature": raw().rpartition(b".")[0] + b".",
    "quoted": b'"' + raw() + b'"',
    "one state turned": raw(REFUSED).replace(b".d", b".g", 1),
    "day moved": raw().replace(b"g512c", b"g512d", 1),
    "signed by a foreign key": raw(keys=(FOREIGN,)),
    "signed for another site": raw(site="www.example.se"),
    "signed with another salt": Signer(KEY).sign(BODY),
    "signed with SHA-1": Signer(
        KEY, salt="consent.choice.1:www.example.fi", key_derivation="hmac"
    ).sign(BODY),
    "of a later schema": signed(b"2" + BODY[1:]),
    "without a schema": signed(BODY[2:]),
    "without an answer": signed(b"1.%b.2026_1.-" % NAMED),
    "without the name of a key": signed(BODY.replace(b"." + NAMED, b"")),
    "naming a key that is unknown": signed(BODY.replace(NAMED, b"AAAA")),
    "naming another key than signed it": signed(
        BODY.replace(NAMED, raw(keys=(OLD,)).split(b".")[1])
    ),
    "with a half answer": signed(BODY + b".g51"),
    "with a third state": signed(BODY.replace(b"g512c", b"x512c")),
    "with a date for a day": signed(BODY.replace(b"512c", b"2026-11-23")),
    "with upper-case digits": signed(BODY.replace(b"512c", b"512C")),
    "with a short id": signed(BODY.replace(b"_-", b"_")),
    "with a version that is none": signed(BODY.replace(b"2026_1", b"2026_0")),
    "with a line end": signed(BODY + b"\n"),
    "not ASCII": signed(BODY + "ä".encode()),
    "not UTF-8": signed(BODY) + b"\xff",
    "decided the day after tomorrow": raw(Stored((Answer(True, TODAY + 2, "0" * 12),))),
    "decided at the end of days": raw(Stored((Answer(True, 0xFFFF, "0" * 12),))),
    "one of many answers from the future": raw(
        replace(GRANTED, answers=(*GRANTED.answers[:7], Answer(False, TODAY + 2, "7" * 12)))
    ),
    "longer than any of ours": signed(BODY + b".g512c000000000001" * 100),
}


@pytest.mark.parametrize("value", UNREADABLE.values(), ids=list(UNREADABLE))
def test_a_cookie_is_no_choice_when_it_is(value):
    """R32, R33, R116: altered, expired, foreign, future-dated or of another schema."""
    one = cookie(keys=(OLD, KEY))
    assert one.read(value, TODAY) == Stored()
    said = one.said(value)
    assert said is None or one.reading(said, TODAY) == Stored()


def test_what_the_unreadable_ones_are_made_from_is_readable():
    assert cookie().read(signed(BODY), TODAY).consent_id


def test_a_value_that_was_read_before_is_judged_by_its_days_again():
    one = cookie()
    value = one.value(GRANTED).encode()
    assert one.read(value, TODAY) == GRANTED
    assert one.read(value, TODAY - 2) == Stored()
    assert one.read(value, TODAY) == GRANTED


def test_another_machine_may_be_past_midnight_already():
    tomorrow = Stored((Answer(True, TODAY + 1, "0" * 12),), consent_id="i" * 22)
    assert cookie().read(raw(tomorrow), TODAY) == tomorrow


def test_an_expired_answer_grants_nothing():
    """R32: the cookie reads, but its time is over."""
    stored = cookie().read(raw(), TODAY + 183)
    assert not RULES.choice(stored, TODAY + 183).allowed


def test_a_new_key_signs_and_the_old_one_still_verifies():
    """R116: rotation; once the old key is gone, its cookies are no choice."""
    before = raw(keys=(OLD,))
    both = cookie(keys=(OLD, KEY))
    assert both.read(before, TODAY) == GRANTED
    assert both.value(GRANTED).encode() == raw(keys=(KEY,))
    assert cookie(keys=(KEY,)).read(before, TODAY) == Stored()


def test_a_value_names_its_key_without_telling_about_it():
    """R116: all who were signed for by one key carry the same name, each key another one."""
    names = {
        key: {raw(one, keys=(key,)).split(b".")[1] for one in (GRANTED, REFUSED)}
        for key in (OLD, KEY, FOREIGN)
    }
    assert all(len(found) == 1 for found in names.values())
    assert len(set.union(*names.values())) == 3
    for key, (name,) in names.items():
        assert len(name) == 4
        assert name not in key.encode()


def test_every_other_writing_of_a_signature_is_refused():
    """R32: base64 decoders take other last characters and skip strange ones; we do not."""
    value = raw()
    body, _, signature = value.rpartition(b".")
    others = [signature[:-1] + bytes([c]) for c in range(256) if c != signature[-1]]
    others += [signature[:5] + strange + signature[5:] for strange in (b"!", b" ", b"\n", b"=")]
    others += [signature + b"=", signature + b"==", signature.replace(b"_", b"/") + b"="]
    for other in others:
        assert cookie().read(body + b"." + other, TODAY) == Stored()


def mutated(value, rng):
    """Change a value at one to four places: bytes turned, cut, doubled, moved or mixed."""
    out = bytearray(value)
    for _ in range(rng.randint(1, 4)):
        at, to = sorted((rng.randrange(len(out) + 1), rng.randrange(len(out) + 1)))
        match rng.randrange(6):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                del out[at:to]
            case 2:
                out[at:at] = out[at:to]
            case 3:
                out[at:at] = rng.randbytes(rng.randint(1, 5))
            case 4:
                fields = bytes(out).split(b".")
                rng.shuffle(fields)
                out = bytearray(b".".join(fields))
            case _:
                out[at:to] = bytes(out[at:to]).swapcase()
    return bytes(out)


def test_ten_thousand_mutated_cookies_grant_nothing():
    """R32: no exception escapes, and only the very value of ours is read."""
    rng = random.Random(20261123)
    one, valid = cookie(), [raw(GRANTED), raw(REFUSED), raw(GRANTED, keys=(FOREIGN,))]
    read = {valid[0]: GRANTED, valid[1]: REFUSED}
    for _ in range(10_000):
        value = mutated(rng.choice(valid), rng)
        stored = one.read(value, TODAY)
        if value not in read:
            assert stored == Stored(), value
            assert not RULES.choice(stored, TODAY).allowed


@given(st.binary(max_size=2000))
def test_arbitrary_bytes_are_no_choice(value):
    assert cookie().read(value, TODAY) == Stored()


@given(st.text("1.-_gd0123456789abcdef2026", max_size=80))
def test_arbitrary_text_under_a_true_signature_never_raises(text):
    cookie().read(signed(text), TODAY)


def test_a_flood_of_valid_cookies_keeps_the_memory_bounded():
    one = cookie()
    for n in range(5_000):
        one.read(raw(Stored((Answer(False, TODAY, f"{n:012x}"),))), TODAY)
        assert len(one._verified) <= 4096


def test_two_who_refuse_on_one_day_have_the_same_bytes():
    """R43: no identifier, no second of refusing, nothing to tell them apart."""
    first, second = cookie(), cookie()
    assert first.header(REFUSED, TODAY) == second.header(REFUSED, TODAY)
    named = replace(REFUSED, consent_id="i" * 22)
    assert first.header(named, TODAY) == second.header(REFUSED, TODAY)


def test_the_largest_value_stays_under_250_bytes():
    """R117: eight categories, a long version number and a consent id."""
    assert len(raw(replace(GRANTED, seen="2026.9999"))) < 250


def test_the_header_has_the_attributes_of_a_host_cookie():
    """R113, R114: Secure, Path=/, no Domain, SameSite=Lax, HttpOnly, set by the server."""
    header = attributes(cookie().header(REFUSED, TODAY))
    assert header.key == "__Host-choices"
    assert (header["path"], header["samesite"]) == ("/", "Lax")
    assert header["secure"] is True
    assert header["httponly"] is True
    assert not header["domain"]


def test_plain_http_on_the_loopback_has_a_plain_name():
    header = attributes(cookie(secure=False).header(REFUSED, TODAY))
    assert header.key == "choices"
    assert not header["secure"]
    assert header["httponly"] is True


def test_the_cookie_lives_until_its_last_answer_ends():
    """R22, R23: from the decision day, so that answering later extends nothing."""
    day = 86_400
    assert attributes(cookie().header(REFUSED, TODAY))["max-age"] == str(365 * day)
    grant = Stored((Answer(True, TODAY, "0" * 12),))
    assert attributes(cookie().header(grant, TODAY))["max-age"] == str(183 * day)
    assert attributes(cookie().header(grant, TODAY + 100))["max-age"] == str(83 * day)
    both = Stored((Answer(True, TODAY, "0" * 12), Answer(False, TODAY - 300, "1" * 12)))
    assert attributes(cookie().header(both, TODAY))["max-age"] == str(183 * day)
    assert attributes(cookie().header(grant, TODAY + 500))["max-age"] == "0"


def test_expiring_our_own_cookie_names_it_as_it_was_set():
    header = attributes(cookie().expire())
    assert (header.key, header.value, header["max-age"]) == ("__Host-choices", "", "0")
    assert header["secure"] is True
    assert header["path"] == "/"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"name": "_ga"}, b"_ga=; Path=/; Max-Age=0"),
        (
            {"name": "_ga", "path": "/shop", "domain": "example.fi"},
            b"_ga=; Path=/shop; Domain=example.fi; Max-Age=0",
        ),
        ({"name": "__Secure-x"}, b"__Secure-x=; Path=/; Max-Age=0; Secure"),
        ({"name": "__Host-x"}, b"__Host-x=; Path=/; Max-Age=0; Secure"),
    ],
)
def test_a_declared_cookie_is_expired_by_its_exact_name(arguments, expected):
    assert expiring(**arguments) == (b"set-cookie", expected)


NAME = b"__Host-choices"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], None),
        ([b""], None),
        ([b"__Host-choices=a"], b"a"),
        ([b"a=1; __Host-choices=a; b=2"], b"a"),
        ([b"a=1;__Host-choices=a;b=2"], b"a"),
        ([b"a=1;\t__Host-choices=a "], b"a"),
        ([b"a=1", b"__Host-choices=a", b"b=2"], b"a"),  # split, as HTTP/2 allows
        ([b"__Host-choices=a; __Host-choices=a"], b"a"),
        ([b"__Host-choices=a", b"__Host-choices=a"], b"a"),
        ([b"__Host-choices=a; __Host-choices=b"], None),
        ([b"__Host-choices=a", b"__Host-choices=b"], None),
        ([b"__Host-choices=", b"__Host-choices=b"], None),
        ([b"__Host-choices=a=b"], b"a=b"),
        ([b"__Host-choices"], None),
        ([b"x__Host-choices=a"], None),
        ([b"__Host-choices2=a"], None),
        ([b"__host-choices=a"], None),
        ([b"a=__Host-choices=b"], None),
    ],
)
def test_the_cookie_is_found_by_its_exact_name_once(fields, expected):
    assert find([(b"cookie", field) for field in fields], NAME) == expected


def test_other_header_fields_are_not_read():
    assert (
        find([(b"x-cookie", b"__Host-choices=a"), (b"referer", b"__Host-choices=a")], NAME) is None
    )


def test_a_value_cut_over_two_fields_is_no_choice():
    """HTTP/2 splits between cookies, never inside one."""
    value = raw()
    fields = [(b"cookie", NAME + b"=" + value[:100]), (b"cookie", value[100:])]
    assert cookie().read(find(fields, NAME), TODAY) == Stored()


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_arbitrary_cookie_fields_are_searched_without_an_exception(fields):
    found = find([(b"cookie", field) for field in fields], b"a")
    assert found is None or any(b"a=" + found in field for field in fields)
