"""The host's HTML responses on their way out: banner, settings link and gates go into the stream.

A page is never collected. The start of a response is held until the place for the banner is found,
the first 16 KiB have passed or the page has ended; so its length is known when it is sent. From
then on every chunk is passed on at once, but for what may be a gate or the last `</body>`. What
goes in depends on offsets in the body alone, so that any chunking gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator, MutableMapping
from functools import partial
from typing import Any, cast

from .encoded import recoding
from .fitting import (
    Fitted,
    filled,
    fitted,
    gates_for,
    insertion_for,
    refilled,
    through,
)
from .headers import KEEP, Fields, Head, head, latest, listed, sniffed
from .late import LateGates, Seen, known, marked
from .places import Search, Top, is_document, recall, tailed
from .plan import Insertion as Insertion
from .plan import Plan as Plan
from .plan import Reading
from .request import FILES, Scope, holds_state

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_START = "http.response.start"
_BODY = "http.response.body"
_NOWHERE = Top()
_NEVER: Iterator[None] = iter(())


class _Done:
    """What is awaited where nothing is sent; one object for all, since it has no state."""

    __slots__ = ()
    __await__ = cast("Callable[[_Done], Generator[None, None, None]]", _NEVER.__iter__)


_DONE = _Done()


def responder(
    plan: Plan,
    send: Send,
    scope: Scope,
    visitor: Reading | None = None,
    given: Scope | None = None,
) -> Send:
    """The `send` to give to the app, which rewrites the response to one request.

    `scope` is the request as it came, before `prepared`, and `given` as the app was given it;
    `visitor` is what the app is given to ask for the visitor's choice, if it is given anything.
    """
    return _Response(plan, send, scope, visitor, given or scope).send


# One object a request: a closure would need one for each variable.
class _Response:
    """The response to one request, until its first bytes tell what becomes of it."""

    __slots__ = ("cookies", "found", "given", "out", "plan", "scope", "start", "then", "visitor")

    def __init__(
        self, plan: Plan, out: Send, scope: Scope, visitor: Reading | None, given: Scope
    ) -> None:
        self.plan = plan
        self.out = out
        self.scope = scope
        self.visitor = visitor
        self.given = given
        self.start: Message | None = None
        self.found = latest[0]
        self.then: Send | None = None
        self.cookies: Fields | None = None  # those that pass, if any came

    def send(self, message: Message) -> Awaitable[None]:
        """Take a message of the app's, and give what is to be awaited for it."""
        if self.then is not None:
            return self.then(message)
        plan = self.plan
        if self.start is None:
            # Most often it begins as the response before did: a page, without a cookie.
            found = latest[0]
            if (
                found.came == message.get("headers")
                and found.given == message.get("status")  # which nothing but a start has
                and found.tag is plan.tag
                and found.hosts is plan.hosts
                and (found.page and not found.filtered and plan.rewrites)
                and self.scope["method"] != "HEAD"
            ):
                self.start, self.found = message, found
                return _DONE
            return self._begin(message)
        # A whole page that is remembered has no gates, and its places are known. Most often it is
        # the one that came with this head before.
        visitor, found, start = self.visitor, self.found, self.start
        data, seen = message.get("body"), found.seen
        if seen is None or seen.data != data:
            seen = found.seen = known(data)
        if seen is None or seen.top is None or message.get("more_body", False):
            return self._rewrite(start, message)
        self.then = self.out
        body = seen.data
        gated = (plan.hosts is not None and seen.concerns(plan.hosts)) or (
            seen.marked and plan.allows is not None
        )
        if plan.adds or gated:
            page = plan.page(self.scope, visitor) if plan.page else None
            insertion = insertion_for(plan, page, seen.top) if plan.adds else None
            if insertion is not None or gated:
                policies, top = found.policies, seen.top
                body, _, _ = refilled(seen, True, insertion, plan, page, policies, top)
                message = {**message}  # and then the body: in one step it takes longer
                message["body"] = body
        changed, cookies = body is not seen.data, self.cookies
        private = plan.private or (visitor is not None and visitor.read)
        if changed or private or found.filtered or cookies is not None:
            headers = found.revised(changed, private, len(body) if changed else KEEP)
            if cookies:
                headers.extend(cookies)
            start = {**start}
            start["headers"] = headers
        return _both(self.out, start, message)

    def _begin(self, message: Message) -> Awaitable[None]:
        if message["type"] != _START:
            return self.out(message)
        plan, out, visitor = self.plan, self.out, self.visitor
        message = listed(message)
        found, came = head(message["status"], message["headers"], plan.tag, plan.hosts)
        self.found = found
        if found.encoded and plan.rewrites:
            again = partial(responder, plan, scope=self.scope, visitor=visitor, given=self.given)
            self.then = recoding(found.encoded, plan, out, self.scope, again)
            if self.then is not None:
                return self.then(message)
        cookies: Fields | None = None
        if came:
            wall = plan.firewall
            cookies = came if wall is None else wall.kept(came, self.given, visitor)
            self.cookies = cookies
        if found.filtered and visitor is not None:
            visitor.read = True  # others may be given what was left out
        if found.page and plan.rewrites and self.scope["method"] != "HEAD":
            self.start = message
            return _DONE
        self.then = out
        if found.filtered or cookies is not None:
            message = {**message, "headers": [*found.fields]}
        message = _unread(message, found, plan, self.scope, visitor)
        if cookies:
            message["headers"].extend(cookies)
        return out(message)

    def _rewrite(self, start: Message, message: Message) -> Awaitable[None]:
        found, out, cookies = self.found, self.out, self.cookies
        if found.filtered or cookies is not None:
            start = {**start, "headers": [*found.fields]}
            out = _adding(cookies, out) if cookies else out
        rewriting = _rewriting(self.plan, out, self.scope, self.visitor, found, start)
        next(rewriting)
        self.then = rewriting.send
        return self.then(message)


# A generator tells the story of one response in its order, where a class would need a flag for each
# point of it.
def _rewriting(
    plan: Plan, send: Send, scope: Scope, visitor: Reading | None, found: Head, begun: Message
) -> Generator[Awaitable[None], Message, None]:
    """Takes each message of a page after its start and gives what is to be awaited for it."""
    # The start and the first bytes are held until it is known where something goes.
    start: Message | None = begun
    declared, data, ended = found.declared, b"", False
    top: Top | None = None
    search: Search | None = None
    allows = plan.allows
    inserts = plan.insertion is not None or plan.page is not None
    out: Awaitable[None] = _DONE
    while True:
        message = yield out
        kind = message["type"]
        if kind != _BODY:
            if kind in FILES:  # a file that the server sends by itself, and all that follows it
                if start is not None:  # nothing is held in it: no cache may give it to others
                    start = _headed(start, found, False, bool(plan.tag), KEEP)
                out = _all(send, start, _more(data) if data else None, message)
                break
            if start is None:
                out = send(message)
            else:  # an early hint, a push, or what is yet unknown: it goes behind the start
                start = _headed(
                    start, found, True, plan.private or (visitor is not None and visitor.read), None
                )
                out = _both(send, start, message)
                start, declared = None, -1
            continue
        chunk = message.get("body", b"")
        data = data + bytes(chunk) if data or type(chunk) is not bytes else chunk
        # What a declared length has been reached by is the whole page, whatever else is announced.
        ended = not message.get("more_body", False) or len(data) == declared
        seen = known(data)
        if seen is not None and seen.top is not None and seen.top.body >= 0:
            top = seen.top
            break
        if search is None:
            if inserts and (top := recall(data)):
                break
            document = is_document(data, ended)
            if document is None:
                out = _DONE
                continue
            if not document:  # a fragment has no place of its own, but gates and hosts like a page
                inserts = False
            if not inserts:
                looked = allows is not None and (found.typed or sniffed(data))
                top = _NOWHERE if document or looked else None
                break
            search = Search()
        if top := search.look(data, ended):
            break
        out = _DONE

    if top is None:
        if message["type"] == _BODY:
            if start is not None and visitor is not None and visitor.read:
                start = _headed(start, found, False, True, KEEP)
            out = _all(send, start, {**message, "body": data})
        while True:
            message = yield out
            out = send(message)

    # What goes in is known now. A whole page without gates is done with at once.
    begin = top if inserts else None
    hosts = plan.hosts if not ended or (plan.hosts and plan.hosts.concerns(data)) else None
    clean = allows is None or (hosts is None and not marked(data, begin, seen))
    whole = ended and clean
    adds = plan.adds and inserts
    page = plan.page(scope, visitor) if plan.page and (adds or not whole) else None
    insertion = insertion_for(plan, page, top) if adds else None
    gates: LateGates | None = None
    gated = False
    passed: list[Seen] = []  # what has passed before there are gates
    body, held, tail = data, b"", b""
    if seen is None and hosts is not None:
        marked(data, begin)  # remembers it, if it came before
    if seen is not None and seen.top is not None and ended:
        if insertion is not None or not clean:
            policies = found.policies
            body, held, tail = refilled(seen, True, insertion, plan, page, policies, top)
    else:
        passes = True
        gated = not whole and allows is not None
        if gated and seen is not None and clean and seen.whole == len(data):
            passed = [seen]
        elif gated:
            gates = gates_for(plan, page, found.policies, top, awake=ended)
            passes = gates.passes(data, begin)
        if passes and insertion is not None and seen is not None:
            policies = found.policies
            body, held, tail = refilled(seen, False, insertion, plan, page, policies, top)
        else:
            fit = Fitted()
            if insertion is not None:
                fit = fitted(insertion, plan, found.policies, top, page)
            if gates is not None and not passes:
                tail = fit.tail
                body, held = through(gates, data, ended, fit, top)
            elif insertion is not None:
                body, held, tail = filled(data, whole, fit, top)

    changed = gated or bool(tail) or body is not data
    if body is not message.get("body"):
        message = {**message, "body": body}
    if start is None:
        out = send(message)
    else:
        private = plan.private or (visitor is not None and visitor.read)
        if changed or private:
            length: int | None = len(body)
            if not ended:
                more = len(body) + len(held) + len(tail) - len(data)
                length = declared + more if declared >= 0 and not gated else None
            elif length == declared:
                length = KEEP
            start = _headed(start, found, changed, private, length)
        out = _both(send, start, message) if body or ended else send(start)
    if ended or not (tail or gated):
        while True:
            message = yield out
            out = send(message)

    size = len(data)
    while True:
        # What came last time after the same bytes, and holds no gate, is compared before anything
        # else is asked.
        follows: Seen | None = None
        if not held and declared < 0:
            follows = passed[-1].follows if passed else gates.follows if gates else None
        message, data, body, chunk, new = {}, b"", b"", b"", b""  # what was sent is not kept
        message = yield out
        came = False
        while follows is not None and message.get("body") == follows.data:
            if not message.get("more_body", False):
                break
            passed.append(follows)
            came = follows.ends and bool(tail)
            if came:  # the end of the page may stand in it
                break
            follows = follows.follows
            message = yield send(message)
        kind = message["type"]
        if kind != _BODY and kind not in FILES:
            out = send(message)
            continue
        new = chunk = message.get("body", b"")
        if type(chunk) is not bytes:
            new = bytes(chunk)
        if gated and new and gates is None and not came:
            gates = gates_for(plan, page, found.policies, top)
        if gates is not None:
            gates.passed(passed)
            passed = []
        if kind != _BODY:
            rest = gates.feed(b"", True) if gates is not None else b""
            rest, held = tailed(held + rest, tail, top.close, True)
            out = _all(send, None, _more(rest) if rest else None, message)
            break
        ended = not message.get("more_body", False)
        if declared >= 0:
            size += len(chunk)
            ended = ended or size == declared
        if gates is not None and not came and not gates.passes(new):
            new = gates.feed(new, ended)
        if tail:
            new, held = tailed(held + new if held else new, tail, top.close, ended)
        if new is not chunk:
            message = {**message, "body": new}
        out = send(message) if new or ended else _DONE
        if ended:
            break
    while True:
        message = yield out
        out = send(message)


def _unread(
    message: Message, found: Head, plan: Plan, scope: Scope, visitor: Reading | None
) -> Message:
    """The start of a response that is sent as it is, but for its header fields."""
    private, changed = visitor is not None and visitor.read, False
    if found.page or found.encoded:
        private, changed = private or plan.private, found.page and plan.rewrites
    elif found.status == 304:
        changed = holds_state(scope, plan.tag)  # as the page was that it speaks of
        private = private or (plan.private and changed)
    if not (private or changed):
        return message
    return _headed(message, found, changed, private, None if changed else KEEP)


def _headed(
    start: Message, found: Head, changed: bool, private: bool, length: int | None
) -> Message:
    return {**start, "headers": found.revised(changed, private, length)}


def _more(data: bytes) -> Message:
    return {"type": _BODY, "body": data, "more_body": True}


def _adding(cookies: Fields, send: Send) -> Send:
    def adding(message: Message) -> Awaitable[None]:
        if message["type"] == _START:  # its header fields are a list of ours by now
            message["headers"].extend(cookies)
        return send(message)

    return adding


async def _both(send: Send, start: Message, message: Message) -> None:
    await send(start)
    await send(message)


async def _all(send: Send, *messages: Message | None) -> None:
    for message in messages:
        if message is not None:
            await send(message)
