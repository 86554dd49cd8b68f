"""A scope is what a consent covers: only what is new or longer goes beyond it (R24, R25)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.declaration import Category, Declaration, Item, Kind, Service, Widening, Wider

TEXT = {"fi": "Teksti", "sv": "Text", "en": "Text"}
ITEM = Item("_pk_id", Kind.COOKIE, 393, TEXT)
STORAGE = Item("draft", Kind.LOCAL_STORAGE, 30, TEXT)
SERVICE = Service(
    id="meter",
    name="Meter",
    provider="Meter Oy",
    category="statistics",
    purposes=("audience-measurement",),
    purpose=TEXT,
    items=(ITEM, STORAGE),
    hosts=("meter.example",),
    transfers=("US",),
    mechanism="dpf",
    third_party=False,
)
OTHER = replace(SERVICE, id="other", name="Other", items=())
CATEGORIES = (
    Category("necessary", TEXT, TEXT, necessary=True),
    Category("statistics", TEXT, TEXT),
    Category("marketing", TEXT, TEXT, gpc=True),
)


def scope(*services, category="statistics"):
    return Declaration(CATEGORIES, services).scope(category)


def with_items(*items):
    return replace(SERVICE, items=items)


WIDER = {
    "a service more": ((SERVICE, OTHER), Widening(Wider.SERVICE, "other")),
    "an item more": (
        (with_items(ITEM, STORAGE, Item("_pk_ses", Kind.COOKIE, 0, TEXT)),),
        Widening(Wider.ITEM, "meter", "cookie _pk_ses"),
    ),
    "the same name in another storage": (
        (with_items(ITEM, STORAGE, replace(ITEM, kind=Kind.LOCAL_STORAGE)),),
        Widening(Wider.ITEM, "meter", "local-storage _pk_id"),
    ),
    "the same name at another domain": (
        (with_items(ITEM, STORAGE, replace(ITEM, domain="meter.example")),),
        Widening(Wider.ITEM, "meter", "cookie _pk_id meter.example"),
    ),
    "a purpose more": (
        (replace(SERVICE, purposes=("audience-measurement", "profiling")),),
        Widening(Wider.PURPOSE, "meter", "profiling"),
    ),
    "another purpose": (
        (replace(SERVICE, purposes=("profiling",)),),
        Widening(Wider.PURPOSE, "meter", "profiling"),
    ),
    "a country more": (
        (replace(SERVICE, transfers=("IN", "US")),),
        Widening(Wider.TRANSFER, "meter", "IN"),
    ),
    "another provider": (
        (replace(SERVICE, provider="Meter Inc."),),
        Widening(Wider.PROVIDER, "meter", before="Meter Oy", now="Meter Inc."),
    ),
    "access by third parties": (
        (replace(SERVICE, third_party=True),),
        Widening(Wider.THIRD_PARTY, "meter"),
    ),
    "a longer lifetime": (
        (with_items(replace(ITEM, days=394), STORAGE),),
        Widening(Wider.LIFETIME, "meter", "cookie _pk_id", "393", "394"),
    ),
    "storage that stays until it is removed": (
        (with_items(ITEM, replace(STORAGE, days=None)),),
        Widening(Wider.LIFETIME, "meter", "local-storage draft", "30", None),
    ),
    "a longer lifetime at one of two paths": (
        (with_items(replace(ITEM, days=500, path="/shop"), ITEM, STORAGE),),
        Widening(Wider.LIFETIME, "meter", "cookie _pk_id", "393", "500"),
    ),
}
NOT_WIDER = {
    "no service": (),
    "an item less": (with_items(ITEM),),
    "a shorter lifetime": (with_items(replace(ITEM, days=0), STORAGE),),
    "no purpose": (replace(SERVICE, purposes=()),),
    "no transfer": (replace(SERVICE, transfers=(), mechanism=""),),
    "another order": (with_items(STORAGE, ITEM),),
    "other words": (
        replace(
            with_items(replace(ITEM, purpose={"fi": "Uusi"}, reason={"fi": "Uusi"}), STORAGE),
            name="The Meter",
            purpose={"fi": "Uusi"},
            policy="https://meter.example/new",
        ),
    ),
}


@pytest.mark.parametrize(("services", "widening"), WIDER.values(), ids=list(WIDER))
def test_a_widened_scope_is_not_covered_and_says_in_what(services, widening):
    assert not scope(SERVICE).covers(scope(*services))
    assert list(scope(SERVICE).widened(scope(*services))) == [widening]
    assert scope(SERVICE).hash != scope(*services).hash


@pytest.mark.parametrize("services", NOT_WIDER.values(), ids=list(NOT_WIDER))
def test_a_narrowed_or_reworded_scope_is_covered(services):
    assert scope(SERVICE).covers(scope(*services))
    assert list(scope(SERVICE).widened(scope(*services))) == []


def test_everything_that_is_wider_is_told_in_the_order_of_the_services():
    changed = replace(SERVICE, purposes=("profiling",), transfers=("US", "IN"), third_party=True)
    assert [(w.kind, w.service) for w in scope(SERVICE).widened(scope(OTHER, changed))] == [
        (Wider.SERVICE, "other"),
        (Wider.THIRD_PARTY, "meter"),
        (Wider.PURPOSE, "meter"),
        (Wider.TRANSFER, "meter"),
    ]


@pytest.mark.parametrize("key", ["another order", "other words"])
def test_wording_and_order_leave_the_hash_as_it_is(key):
    assert scope(*NOT_WIDER[key]).hash == scope(SERVICE).hash


def test_new_names_and_texts_of_a_category_leave_its_scope_as_it_is():
    changed = tuple(replace(c, name={"fi": "Uusi"}, text={"fi": "Uusi"}) for c in CATEGORIES)
    assert Declaration(changed, (SERVICE,)).scopes == Declaration(CATEGORIES, (SERVICE,)).scopes


def test_a_change_in_one_category_leaves_the_other_scopes_as_they_are():
    tag = replace(OTHER, category="marketing")
    other = replace(tag, id="another")
    before = Declaration(CATEGORIES, (SERVICE, tag)).scopes
    after = Declaration(CATEGORIES, (SERVICE, tag, other)).scopes
    assert after["statistics"].hash == before["statistics"].hash
    assert not before["marketing"].covers(after["marketing"])


def test_a_scope_covers_no_other_category():
    assert not scope(category="statistics").covers(scope(category="marketing"))


def test_only_what_is_asked_has_a_scope():
    """A category without services is not asked until it has one."""
    tag = replace(OTHER, category="marketing")
    assert list(Declaration(CATEGORIES, (SERVICE,)).scopes) == ["statistics"]
    assert list(Declaration(CATEGORIES, (tag, SERVICE)).scopes) == ["statistics", "marketing"]
    assert Declaration(CATEGORIES, ()).optional == ()


def test_a_service_whose_notice_is_not_in_force_is_outside_the_scope():
    """R81: the new facts are neither asked nor covered before their date."""
    later = replace(OTHER, since="2027.1")
    declared = Declaration(CATEGORIES, (SERVICE, later))
    assert declared.without(lambda version: version == "2027.1").scopes == {
        **declared.scopes,
        "statistics": scope(SERVICE),
    }
    assert declared.without(lambda _: False) == declared


def test_the_body_of_a_declaration_holds_its_texts():
    assert b"Teksti" in Declaration(CATEGORIES, (SERVICE,)).body
    reworded = Declaration(CATEGORIES, (replace(SERVICE, purpose={"fi": "Uusi"}),))
    assert reworded.hash != Declaration(CATEGORIES, (SERVICE,)).hash


ITEMS = st.builds(
    Item,
    name=st.sampled_from(["a", "b", "c*"]),
    kind=st.sampled_from(Kind),
    days=st.sampled_from([0, 1 / 48, 1, 30, 365, 730, None]),
    purpose=st.just(TEXT),
    domain=st.sampled_from(["", "x.example"]),
)
SERVICES = st.builds(
    Service,
    id=st.sampled_from(["one", "two", "three"]),
    name=st.just("S"),
    provider=st.sampled_from(["P", "Q"]),
    category=st.just("statistics"),
    purposes=st.lists(st.sampled_from(["session", "chat", "profiling"])).map(tuple),
    purpose=st.just(TEXT),
    items=st.lists(ITEMS, max_size=4).map(tuple),
    transfers=st.lists(st.sampled_from(["US", "IN"])).map(tuple),
    third_party=st.booleans(),
)
SCOPES = st.lists(SERVICES, max_size=3, unique_by=lambda s: s.id).map(lambda s: scope(*s))


@given(SCOPES, SCOPES, SCOPES)
def test_covering_is_an_order(one, two, three):
    """A scope covers itself, and what is covered by a covered one is covered."""
    assert one.covers(one)
    if one.covers(two) and two.covers(three):
        assert one.covers(three)


@given(SCOPES)
def test_a_short_hash_begins_the_hash_of_the_canonical_bytes(one):
    assert one.hash.startswith(one.short)
    assert len(one.short) == 12


def test_services_and_categories_are_found_by_name():
    declared = Declaration(CATEGORIES, (SERVICE, replace(OTHER, category="marketing")))
    assert declared.category_of["meter"] == "statistics"
    assert declared.category_of["marketing"] == "marketing"
    assert [service.id for service in declared.of("marketing")] == ["other"]
    assert [(s.id, i.name) for s, i in declared.items()] == [
        ("meter", "_pk_id"),
        ("meter", "draft"),
    ]
