"""What a visitor has chosen, over every combination of answers, scopes, days and signals."""

from dataclasses import replace
from itertools import product

import pytest

from consent.choice import Answer, Choice, Event, Memory, Rules, State, Stored

TODAY = 20_000
CATEGORIES = ("preferences", "statistics", "marketing")
SCOPES = {c: f"{n}{n}" * 6 for n, c in enumerate(CATEGORIES)}
OLDER = {c: f"{n}a" * 6 for n, c in enumerate(CATEGORIES)}
"""Scopes shown earlier that cover the present ones: wording or order of a wider declaration."""
WIDENED = "f" * 12
"""A scope that no longer covers the present one: not accepted."""

RULES = Rules(
    optional=CATEGORIES,
    accepted={**{s: c for c, s in SCOPES.items()}, **{s: c for c, s in OLDER.items()}},
    services={"meter": "statistics", "pixel": "marketing", "chat": "preferences"},
    always=frozenset({"necessary", "session"}),
    denied_by={"gpc": frozenset({"marketing"})},
    known={**{s: c for c, s in SCOPES.items()}, **{s: c for c, s in OLDER.items()}},
)
MEMORY = RULES.memory

HISTORY = {
    "never asked": None,
    "granted": (True, TODAY - 10, SCOPES),
    "granted under a wider scope": (True, TODAY - MEMORY.grant + 1, OLDER),
    "denied": (False, TODAY - 10, SCOPES),
    "grant expired": (True, TODAY - MEMORY.grant, SCOPES),
    "refusal expired": (False, TODAY - MEMORY.refusal, SCOPES),
    "granted before the scope was widened": (True, TODAY - 10, None),
}
COUNTS = {"granted", "granted under a wider scope", "denied"}
GRANTED = {"granted", "granted under a wider scope"}
ALIVE = GRANTED | {"granted before the scope was widened"}
EVERY_HISTORY = list(product(HISTORY, repeat=len(CATEGORIES)))
EVERY_SUBSET = [
    {c for c, on in zip(CATEGORIES, flags, strict=True) if on}
    for flags in product((False, True), repeat=len(CATEGORIES))
]


def stored(history):
    answers = []
    for category, name in zip(CATEGORIES, history, strict=True):
        if (entry := HISTORY[name]) is not None:
            granted, day, scopes = entry
            answers.append(Answer(granted, day, scopes[category] if scopes else WIDENED))
    grants = any(answer.granted for answer in answers)
    return Stored(tuple(answers), "2026.1", "i" * 22 if grants else "")


def decide(before, granted, *, asked=CATEGORIES, today=TODAY, scopes=SCOPES):
    return RULES.decide(before, today, asked=asked, granted=granted, scopes=scopes)


def kept(decision, before):
    return replace(before, answers=tuple(decision.answers.values()))


@pytest.mark.parametrize("granted", EVERY_SUBSET, ids=lambda s: "+".join(sorted(s)) or "none")
def test_saving_stores_exactly_what_was_ticked(granted):
    """R6, R31: each category is granted or denied as shown, whatever was before."""
    for history in EVERY_HISTORY:
        before = stored(history)
        decision = decide(before, granted)
        choice = RULES.choice(kept(decision, before), TODAY)
        assert {c for c in CATEGORIES if choice.allows(c)} == granted
        assert decision.states(CATEGORIES) == {
            c: "granted" if c in granted else "denied" for c in CATEGORIES
        }
        assert choice.asked == ()


def test_each_category_is_judged_by_its_own_answer_alone():
    """R24, R31: unset, expired and widened ones are asked again; the others keep their state."""
    for history in EVERY_HISTORY:
        choice = RULES.choice(stored(history), TODAY)
        for category, name in zip(CATEGORIES, history, strict=True):
            expected = (
                State.GRANTED
                if name in GRANTED
                else State.DENIED
                if name in COUNTS
                else State.UNSET
            )
            assert choice.states[category] is expected
            assert choice.allows(category) is (name in GRANTED)
            assert (category in choice.asked) is (name not in COUNTS)


def test_answering_some_categories_never_changes_or_extends_another():
    """R23, R24: what a form did not ask keeps its state and its day."""
    for history, asked, granted in product(EVERY_HISTORY, EVERY_SUBSET, EVERY_SUBSET):
        before = stored(history)
        valid = RULES.answers(before, TODAY)
        decision = decide(before, granted, asked=asked)
        for category in set(CATEGORIES) - asked:
            assert decision.answers.get(category) == valid.get(category)
            assert category not in decision.changed
        for category in asked:
            assert decision.answers[category].granted is (category in granted)


def test_the_same_answer_again_keeps_its_day_and_makes_no_event():
    """R23, R46: the lifetime runs from the decision, not from its repetition."""
    for history in product(COUNTS, repeat=len(CATEGORIES)):
        before = stored(history)
        granted = {c for c, h in zip(CATEGORIES, history, strict=True) if h in GRANTED}
        decision = decide(before, granted)
        assert tuple(decision.answers.values()) == before.answers
        assert (decision.event, decision.changed, decision.withdrawn) == (None, (), ())


def test_the_event_follows_from_what_stood_before_and_what_holds_after():
    """R35, R44: a grant begins a consent, a change goes on with it, a withdrawal ends it."""
    for history, asked, granted in product(EVERY_HISTORY, EVERY_SUBSET, EVERY_SUBSET):
        before = stored(history)
        decision = decide(before, granted, asked=asked)
        alive = bool(ALIVE & set(history))
        grants = any(answer.granted for answer in decision.answers.values())
        assert decision.held == ("i" * 22 if alive else "")
        if decision.event is None:
            assert not decision.changed
        else:
            assert (
                decision.event
                is {
                    (False, True): Event.GRANT,
                    (True, True): Event.CHANGE,
                    (True, False): Event.WITHDRAWAL,
                    (False, False): Event.REFUSAL,
                }[alive, grants]
            )
        assert decision.grants() == any(decision.answers[c].granted for c in decision.changed)


def test_denying_what_was_ever_granted_withdraws_it():
    """R29: the cookies of an expired or outgrown grant are expired as well."""
    once = ALIVE | {"grant expired"}
    for history in EVERY_HISTORY:
        decision = decide(stored(history), set())
        for category, name in zip(CATEGORIES, history, strict=True):
            if name in once - {"granted before the scope was widened"}:
                assert category in decision.withdrawn
            elif name == "denied":
                assert category not in decision.withdrawn
        if "granted before the scope was widened" not in history:
            assert set(decision.withdrawn) == {
                c for c, h in zip(CATEGORIES, history, strict=True) if h in once
            }
        else:  # the category of an unknown scope is not known either: any open one may be it
            open_ones = {c for c, h in zip(CATEGORIES, history, strict=True) if h not in COUNTS}
            assert open_ones <= set(decision.withdrawn)


def test_a_consent_whose_scope_was_widened_ends_with_a_refusal():
    """R44: the record of the withdrawal points to the consent that it ends."""
    before = stored(("denied", "granted before the scope was widened", "denied"))
    decision = decide(before, set(), asked=("statistics",))
    assert decision.event is Event.WITHDRAWAL
    assert decision.held == before.consent_id


def test_a_form_that_asks_nothing_decides_nothing():
    """R11, R82: no event and no change, even where a consent is open to be asked again."""
    for history in EVERY_HISTORY:
        decision = decide(stored(history), set(CATEGORIES), asked=())
        assert decision.event is None
        assert decision.changed == ()


def test_ticks_for_unasked_unknown_or_unshown_categories_are_not_read():
    """R6: nothing is granted that the form did not put to the visitor."""
    decision = decide(Stored(), {"marketing", "necessary", "meter", "x"}, asked=("statistics", "x"))
    assert {c for c, a in decision.answers.items() if a.granted} == set()
    assert set(decision.answers) == {"statistics"}
    assert decide(Stored(), {"statistics"}, scopes={}).answers == {}


def test_a_grant_lasts_its_days_and_a_refusal_its_own():
    """R21, R22: 183 and 365 days from the decision, counted for each category."""
    before = kept(decide(Stored(), {"statistics"}, today=100), Stored())
    for day in (100, 100 + 182):
        assert RULES.choice(before, day).asked == ()
        assert RULES.choice(before, day).allows("statistics")
    choice = RULES.choice(before, 100 + 183)
    assert choice.asked == ("statistics",)
    assert not choice.allows("statistics")
    assert RULES.choice(before, 100 + 364).states["marketing"] is State.DENIED
    assert RULES.choice(before, 100 + 365).asked == CATEGORIES


def test_visits_leave_the_expiry_where_it_is():
    """R23: reading a choice, however often, changes nothing in it."""
    before = stored(("granted", "denied", "never asked"))
    ends = [MEMORY.end(a) for a in before.answers]
    for day in range(TODAY, TODAY + 400):
        assert [MEMORY.end(a) for a in RULES.choice(before, day).stored.answers] == ends


def test_a_site_may_set_other_lifetimes():
    assert Memory(grant=30, refusal=395).end(Answer(True, 1, WIDENED)) == 31
    assert Memory(grant=30, refusal=395).end(Answer(False, 1, WIDENED)) == 396


def test_a_widened_scope_asks_again_for_its_category_only():
    """R24, R25: the others keep their answers; a reworded scope, still accepted, asks nothing."""
    before = stored(("granted", "granted", "denied"))
    assert RULES.choice(before, TODAY).asked == ()
    widened = replace(
        RULES, accepted={s: c for s, c in RULES.accepted.items() if c != "statistics"}
    )
    choice = widened.choice(before, TODAY)
    assert choice.asked == ("statistics",)
    assert choice.states == {
        "preferences": State.GRANTED,
        "statistics": State.UNSET,
        "marketing": State.DENIED,
    }


def test_services_run_with_their_category_and_unknown_names_never():
    """R31: necessary ones always; a name that nobody declared is not allowed."""
    choice = RULES.choice(stored(("never asked", "granted", "denied")), TODAY)
    assert choice.allowed == {"necessary", "session", "statistics", "meter"}
    assert not choice.allows("tracker")
    assert not Choice({}, frozenset()).allows("")


def test_without_a_choice_nothing_optional_runs():
    """R1, R89: neither with the browser's signal nor without it."""
    for signal in ("", "gpc"):
        choice = RULES.choice(Stored(), TODAY, signal=signal)
        assert choice.allowed == RULES.always
        assert set(choice.states.values()) == {State.UNSET}


def test_the_signal_denies_only_what_is_unset_and_said_to_be_denied():
    """R87-R89: an own choice on this site wins; the signal is never stored as one."""
    for history in EVERY_HISTORY:
        before = stored(history)
        plain = RULES.choice(before, TODAY)
        signalled = RULES.choice(before, TODAY, signal="gpc")
        assert signalled.states == plain.states
        assert signalled.allowed == plain.allowed
        assert signalled.stored == before
        assert plain.signalled == ()
        open_to_it = plain.states["marketing"] is State.UNSET
        assert signalled.signalled == (("marketing",) if open_to_it else ())


def test_the_banner_stays_away_only_when_the_signal_answers_all_that_is_open():
    """R88: and else it asks for every open category, those of the signal included."""
    for history in EVERY_HISTORY:
        plain = RULES.choice(stored(history), TODAY).asked
        asked = RULES.choice(stored(history), TODAY, signal="gpc").asked
        assert asked == (() if plain == ("marketing",) else plain)


def test_a_site_without_optional_categories_asks_nothing():
    rules = replace(RULES, optional=(), accepted={}, services={})
    assert rules.choice(Stored(), TODAY).asked == ()
    assert rules.decide(Stored(), TODAY, asked=["x"], granted=["x"], scopes={}).event is None


def test_only_an_answer_to_what_is_asked_makes_it_asked_again():
    """R24: who allowed one embed and was asked nothing else is not asked "again"."""
    held = Answer(granted=True, day=TODAY - 10, scope=SCOPES["preferences"])
    assert RULES.choice(Stored((held,)), TODAY).again == ()
    over = Answer(granted=False, day=TODAY - MEMORY.refusal, scope=SCOPES["statistics"])
    assert RULES.choice(Stored((held, over)), TODAY).again == (("statistics", over.scope),)
    widened = replace(RULES, known={**RULES.known, WIDENED: "marketing"})
    before = Stored((held, replace(over, scope=WIDENED)))
    assert widened.choice(before, TODAY).again == (("marketing", WIDENED),)
    gone = replace(RULES, known={**RULES.known, WIDENED: "chat"})
    assert gone.choice(before, TODAY).again == ()


def test_an_answer_to_a_scope_that_nobody_knows_is_asked_again_without_a_name():
    """R24: it was to some category that is asked now, but none can tell which."""
    foreign = Answer(granted=True, day=TODAY, scope=WIDENED)
    assert RULES.choice(Stored((foreign,)), TODAY).again == (("", ""),)
    answered = tuple(Answer(granted=True, day=TODAY, scope=s) for s in SCOPES.values())
    assert RULES.choice(Stored((foreign, *answered)), TODAY).again == ()
