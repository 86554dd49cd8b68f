"""Why a visitor is asked again: what was added since they answered, in words (R24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..declaration import Category, Declaration, Scope, Widening, Wider
from ..settings.services import default_categories
from ..texts import listing, texts
from ..texts.countries import country_name

# As long as the general reason: more would take more of a small phone than the banner may, and
# stands beside the switch instead.
_LONGEST = 75


def additions(
    declaration: Declaration,
    known: Mapping[str, Scope],
    again: Iterable[tuple[str, str]],
    lang: str,
) -> dict[str, str]:
    """What each category has more than was answered to, one sentence a category.

    `again` is as `Choice.again`, `known` every scope by its short hash. What only ran out, and what
    nobody knows any more, has no sentence.
    """
    categories = {category.id: category for category in declaration.categories}
    found: dict[str, str] = {}
    for name, short in again:
        if name and (more := list(known[short].widened(declaration.scopes[name]))):
            found[name] = _sentence(declaration, categories[name], more, lang)
    return found


def reason(
    again: Sequence[tuple[str, str]], added: Mapping[str, str], lang: str
) -> tuple[str, bool]:
    """Why the banner asks, and whether that says all that `added` does."""
    t = texts(lang)["again"]
    said = " ".join(added.values())
    if not all(name for name, _ in again):
        return t["unknown"], False
    if not added:
        return t["expired"], True
    if len(said) > _LONGEST or len(added) < len(again):
        return t["unknown" if len(added) < len(again) else "changed"], False
    return said, True


def _sentence(
    declaration: Declaration, category: Category, more: Sequence[Widening], lang: str
) -> str:
    words, name = texts(lang)["again"], category.name[lang]
    names = {service.id: service.name for service in declaration.services}
    new = [names[one.service] for one in more if one.kind is Wider.SERVICE]
    changed = dict.fromkeys(one.service for one in more if one.kind is not Wider.SERVICE)
    parts = [_changed(names[s], [one for one in more if one.service == s], lang) for s in changed]
    if new:
        shipped = default_categories().get(category.id, {}).get("name")
        own = isinstance(shipped, Mapping) and shipped.get(lang) == name
        added = words[f"added-{category.id}" if own else "added"]
        parts.insert(0, added.format(category=name, services=listing(new, lang)))
    else:
        parts[0] = f"{name}: {parts[0]}"
    return f"{'; '.join(parts)}."


def _changed(service: str, more: Sequence[Widening], lang: str) -> str:
    words = texts(lang)["again"]
    countries = [country_name(one.what, lang) for one in more if one.kind is Wider.TRANSFER]
    said: dict[str, str] = {}
    for one in more:
        many = one.kind is Wider.TRANSFER and len(countries) > 1
        said[one.kind] = words[f"{one.kind}s" if many else one.kind].format(
            provider=one.now, countries=listing(countries, lang)
        )
    return f"{service} {listing(list(said.values()), lang)}"
