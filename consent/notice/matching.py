"""What two sequences have in common, in work that stays bounded whatever they hold.

`difflib` finds it well, and takes the square of the length and more where much repeats; it is asked
only about what is small, after the ends that agree are taken off and what stands once in both has
cut the rest into pieces (patience diff).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from difflib import SequenceMatcher

Run = tuple[int, int, int]
"""`(i, j, n)`: n elements from i of the one on are equal to those from j of the other on."""

_PAIRS = 10_000
"""So many equal pairs of elements `difflib` may be given at a time: a paragraph of 700 words."""
_CELLS = 2_500
"""So many pairs of cells of two rows are compared."""
_DEPTH = 8
_WINDOW = 40


def matching(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[Run]:
    """List the runs that two sequences have in common, each in order and none twice."""
    runs: list[Run] = []
    todo = [(0, len(a), 0, len(b), 0)]
    while todo:
        low, high, low2, high2, depth = todo.pop()
        begin = low
        while low < high and low2 < high2 and a[low] == b[low2]:
            low, low2 = low + 1, low2 + 1
        if low > begin:
            runs.append((begin, low2 - (low - begin), low - begin))
        end = high
        while low < high and low2 < high2 and a[high - 1] == b[high2 - 1]:
            high, high2 = high - 1, high2 - 1
        if high < end:
            runs.append((high, high2, end - high))
        if low == high or low2 == high2:
            continue
        one, other = a[low:high], b[low2:high2]
        counts = Counter(other)
        if sum(counts[element] for element in one) <= _PAIRS:
            found = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
            runs += [(low + i, low2 + j, n) for i, j, n in found if n]
        elif depth < _DEPTH:
            begin, begin2 = low, low2
            for i, j in [*_anchors(one, other, counts), (high - low, high2 - low2)]:
                todo.append((begin, low + i, begin2, low2 + j, depth + 1))
                begin, begin2 = low + i, low2 + j
    runs.sort()
    return runs


def increasing(numbers: Sequence[int]) -> list[int]:
    """Give the places of a longest strictly increasing part of `numbers`."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(tails, number)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [number]
        ends[length : length + 1] = [place]
    chain = []
    place = ends[-1] if ends else -1
    while place >= 0:
        chain.append(place)
        place = before[place]
    return chain[::-1]


def alike(
    a: Sequence[AbstractSet[str]], b: Sequence[AbstractSet[str]], least: float
) -> list[tuple[int, int]]:
    """Pair sets of words, each with the other that it is most alike, where that is mutual.

    `least` is how alike a pair must be, above 0 and up to 1 (Dice). Each is compared with some 40
    others at the same place of the way, or with all where there are few; of two that are as much
    alike, with the one nearer to that place.
    """
    few = len(a) * len(b) <= _WINDOW * _WINDOW
    best: dict[int, tuple[float, int, int]] = {}
    mutual: dict[int, tuple[float, int, int]] = {}
    nobody = (least, -len(a) * len(b), -1)
    for i, words in enumerate(a):
        begin = 0 if few else max(0, i * len(b) // len(a) - _WINDOW // 2)
        for j, other in enumerate(b[begin:] if few else b[begin : begin + _WINDOW], begin):
            shared = len(words & other)
            score = 2 * shared / (len(words) + len(other)) if shared else 0.0
            if score >= least:
                away = -abs(i * len(b) - j * len(a))
                best[i] = max(best.get(i, nobody), (score, away, j))
                mutual[j] = max(mutual.get(j, nobody), (score, away, i))
    return [(i, j) for i, (_, _, j) in sorted(best.items()) if j >= 0 and mutual[j][2] == i]


def aligned(
    a: Sequence[AbstractSet[str]], b: Sequence[AbstractSet[str]]
) -> list[tuple[int | None, int | None]]:
    """Pair every set of words of the shorter row with one of the longer, in order, as alike as can.

    Gives places in both, None where there is none. Rows of many hundreds are paired from the left.
    """
    if len(a) > len(b):
        return [(i, j) for j, i in aligned(b, a)]
    room = len(b) - len(a)
    if not room or len(a) * room > _CELLS:
        return [(i if i < len(a) else None, i) for i in range(len(b))]
    # How alike the first i can be with places among the first i + k, and where the last then is.
    best, places = [0.0] * (room + 1), []
    for i, words in enumerate(a):
        found = [best[k] + _dice(words, b[i + k]) for k in range(room + 1)]
        places.append([max(range(k + 1), key=found.__getitem__) for k in range(room + 1)])
        best = [found[k] for k in places[-1]]
    k, pairs = room, {}
    for i in range(len(a) - 1, -1, -1):
        k = places[i][k]
        pairs[i + k] = i
    return [(pairs.get(j), j) for j in range(len(b))]


def _dice(a: AbstractSet[str], b: AbstractSet[str]) -> float:
    # What has no words is like what has none: the end of a line, an empty cell.
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0


def _anchors(
    a: Sequence[Hashable], b: Sequence[Hashable], counts: Counter[Hashable]
) -> list[tuple[int, int]]:
    ours = Counter(a)
    places = {element: j for j, element in enumerate(b) if counts[element] == 1}
    once = [(i, places[e]) for i, e in enumerate(a) if ours[e] == 1 and e in places]
    return [once[place] for place in increasing([j for _, j in once])]
