"""What a visitor has chosen, and how a decision changes it.

Pure values: days are whole days since 1970-01-01 UTC, `scope` is the short hash of a scope.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """The state of one category; unset counts as denied everywhere (R31)."""

    GRANTED = "granted"
    DENIED = "denied"
    UNSET = "unset"


class Event(StrEnum):
    """What a decision is to the log (R35)."""

    GRANT = "grant"
    CHANGE = "change"
    WITHDRAWAL = "withdrawal"
    REFUSAL = "refusal"


@dataclass(frozen=True, slots=True)
class Answer:
    """One category answered on `day`, as `scope` was shown."""

    granted: bool
    day: int
    scope: str


@dataclass(frozen=True, slots=True)
class Memory:
    """How long an answer is remembered, in days from its decision day (R22, R23)."""

    grant: int = 183
    refusal: int = 365

    def end(self, answer: Answer) -> int:
        """The first day on which the answer no longer counts."""
        return answer.day + (self.grant if answer.granted else self.refusal)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the choice cookie carries: answers, the newest notice seen, and perhaps a consent id.

    The id is there only while something is granted (R43).
    """

    answers: tuple[Answer, ...] = ()
    seen: str = ""
    consent_id: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The choice in effect for one request.

    `states` holds every optional category; `asked` the categories that the banner asks now;
    `signalled` those that the browser's signal denies (R88); `allowed` the ids of categories and
    services that may run; `stored` what the cookie said; `again` the categories asked
    that were answered before, each with the short hash of the scope that was answered to (R24), and
    without a name for a scope that nobody knows; `signal` the names of the signals that came,
    separated by spaces.
    """

    states: Mapping[str, State]
    allowed: frozenset[str]
    asked: tuple[str, ...] = ()
    signalled: tuple[str, ...] = ()
    stored: Stored = field(default_factory=Stored)
    again: tuple[tuple[str, str], ...] = ()
    signal: str = ""

    def allows(self, name: str) -> bool:
        """Whether a category or a service may run; an unknown name may not."""
        return name in self.allowed


@dataclass(frozen=True, slots=True)
class Rules:
    """What an answer is judged by.

    `optional` are the category ids in the order shown; `accepted` maps the short hash of every
    scope that covers the present one to its category (R24), `known` that of every scope that ever
    was; `services` maps a service id to its category; `always` are the ids that need no consent;
    `denied_by` maps the name of a signal of the browser's to the categories that it denies.
    """

    optional: tuple[str, ...]
    accepted: Mapping[str, str]
    services: Mapping[str, str]
    always: frozenset[str]
    denied_by: Mapping[str, frozenset[str]]
    memory: Memory = field(default_factory=Memory)
    known: Mapping[str, str] = field(default_factory=dict)

    def answers(self, stored: Stored, today: int) -> dict[str, Answer]:
        """The stored answers that still count today, by category."""
        found: dict[str, Answer] = {}
        for answer in stored.answers:
            category = self.accepted.get(answer.scope)
            if category is not None and today < self.memory.end(answer):
                found[category] = answer
        return found

    def choice(self, stored: Stored, today: int, *, signal: str = "") -> Choice:
        """Judge what a cookie says today; `signal` names the signals that came with it."""
        answers = self.answers(stored, today)
        states = {
            category: (State.GRANTED if answers[category].granted else State.DENIED)
            if category in answers
            else State.UNSET
            for category in self.optional
        }
        unset = tuple(c for c in self.optional if states[c] is State.UNSET)
        denied = frozenset().union(*(self.denied_by[name] for name in signal.split()))
        signalled = tuple(c for c in unset if c in denied)
        granted = {c for c in self.optional if states[c] is State.GRANTED}
        # Where the signal has answered everything that is open, there is nothing to ask.
        asked = unset if len(signalled) < len(unset) else ()
        before = ((self.known.get(a.scope, ""), a.scope) for a in stored.answers)
        return Choice(
            states=states,
            allowed=self.always | granted | {s for s, c in self.services.items() if c in granted},
            asked=asked,
            signalled=signalled,
            stored=stored,
            again=tuple(
                (category, scope if category else "")
                for category, scope in before
                if asked and (category in asked or not category)
            ),
            signal=signal,
        )

    def choice_of_nobody(self) -> Choice:
        """The choice of somebody who comes for the first time."""
        return self.choice(Stored(), 0)

    def held(self, stored: Stored, today: int) -> str:
        """The consent id that still stands for a grant, though its scope may have widened."""
        alive = any(a.granted and today < self.memory.end(a) for a in stored.answers)
        return stored.consent_id if alive else ""

    def _granted_once(self, stored: Stored, category: str) -> bool:
        # A grant whose scope has widened or whose time is over has left its cookies behind too;
        # the hash of a scope that is not accepted does not tell the category, so it may be any.
        return any(
            a.granted and self.accepted.get(a.scope, category) == category for a in stored.answers
        )

    def decide(
        self,
        stored: Stored,
        today: int,
        *,
        asked: Collection[str],
        granted: Collection[str],
        scopes: Mapping[str, str],
    ) -> Decision:
        """Apply a submitted form.

        `asked` are the categories that the form put to the visitor and `granted` those ticked;
        `scopes` the short hashes that the form showed. A category not asked, or answered as
        before, keeps its answer with its day (R23).
        """
        before = self.answers(stored, today)
        after = dict(before)
        answered = [c for c in self.optional if c in asked and c in scopes]
        for category in answered:
            wanted = category in granted
            if category not in before or before[category].granted is not wanted:
                after[category] = Answer(wanted, today, scopes[category])
        held = self.held(stored, today)
        grants = any(answer.granted for answer in after.values())
        changed = tuple(c for c in self.optional if after.get(c) != before.get(c))
        # A consent that stands, though nothing of it is accepted any more, ends with a refusal.
        ends = bool(held and answered) and not grants
        return Decision(
            answers=after,
            changed=changed,
            withdrawn=tuple(
                c for c in changed if not after[c].granted and self._granted_once(stored, c)
            ),
            event=_event(held, grants=grants) if changed or ends else None,
            held=held,
        )


def _event(held: str, *, grants: bool) -> Event:
    if held:
        return Event.CHANGE if grants else Event.WITHDRAWAL
    return Event.GRANT if grants else Event.REFUSAL


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome of a form: the answers that now hold and the event to log, if anything changed.

    `withdrawn` are the categories now denied that were granted at some time, whose cookies are to
    be expired (R29); `held` is the consent id that the event continues or ends.
    """

    answers: Mapping[str, Answer]
    changed: tuple[str, ...]
    withdrawn: tuple[str, ...]
    event: Event | None
    held: str = ""

    def grants(self) -> bool:
        """Whether some category that changed is now granted: this needs a record first (R34)."""
        return any(self.answers[c].granted for c in self.changed)

    def states(self, optional: Iterable[str]) -> dict[str, str]:
        """The state of every optional category after the decision."""
        return {c: _state(self.answers.get(c)) for c in optional}


def _state(answer: Answer | None) -> str:
    if answer is None:
        return State.UNSET.value
    return (State.GRANTED if answer.granted else State.DENIED).value
