"""Match file names into pairs: equal names, or names that differ by a role word or zeros.

A/scan001.png    B/scan001.jpg       the same name
A/scan001_in.png B/scan001_out.png   a role word at either end
A/1.png          B/001.png           zero padding
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# Common names of input and target, in this order
ROLE_PAIRS = (
    ("a", "b"),
    ("x", "y"),
    ("in", "out"),
    ("input", "output"),
    ("input", "target"),
    ("inputs", "targets"),
    ("input", "gt"),
    ("source", "target"),
    ("src", "dst"),
    ("src", "tgt"),
    ("src", "target"),
    ("before", "after"),
    ("image", "label"),
    ("image", "labels"),
    ("image", "mask"),
    ("image", "gt"),
    ("img", "label"),
    ("img", "mask"),
    ("photo", "label"),
    ("photo", "labels"),
    ("photo", "mask"),
    ("label", "photo"),
    ("sketch", "photo"),
    ("edge", "photo"),
    ("edges", "photo"),
    ("gray", "color"),
    ("grey", "colour"),
    ("noisy", "clean"),
    ("lr", "hr"),
    ("lq", "gt"),
    ("day", "night"),
)
ROLE_WORDS = frozenset(word for pair in ROLE_PAIRS for word in pair)

_LAST = re.compile(r"(?P<rest>.*[^_\-. ])[_\-. ]+(?P<word>[^\W\d_]+)")
_LAST_LETTER = re.compile(r"(?P<rest>.*\d)(?P<word>[abAB])")  # 12a.png, 12b.png
_FIRST = re.compile(r"(?P<word>[^\W\d_]+)[_\-. ]+(?P<rest>[^_\-. ].*)")
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")

Stems = Mapping[str, Sequence[Path]]  # paths by stem
Pair = tuple[str, Path, Path]  # name, input, target


def split_words(stem: str) -> list[tuple[str, str]]:
    """The ways to remove one word from a stem: (rest, word in lower case), last word first."""
    folder, slash, name = stem.rpartition("/")
    found = (pattern.fullmatch(name) for pattern in (_LAST, _LAST_LETTER, _FIRST))
    return [(f"{folder}{slash}{m['rest']}", m["word"].lower()) for m in found if m]


def plain(stem: str) -> str:
    """The stem in lower case, without leading zeros in numbers."""
    return _ZEROS.sub("", stem.lower())


def match_folders(a: Stems, b: Stems, folders: Sequence[Path]) -> tuple[list[Pair], int, list[str]]:
    """The pairs of two folders, the number of pairs with different names, and the problems.

    Files without a partner of the same name are matched ignoring role words and leading zeros, and
    if no names are equal, also ignoring a word that most names of a folder share. Several
    candidates for one file are a problem.
    """
    same = [stem for stem in a if stem in b]
    problems = [
        f"{paths[0]}: has a namesake beside it, {', '.join(p.name for p in paths[1:])}"
        for stems in (a, b)
        for paths in stems.values()
        if len(paths) > 1
    ]
    pairs = [(s, a[s][0], b[s][0]) for s in same if len(a[s]) == len(b[s]) == 1]
    left = tuple({s: x[s][0] for s in x if s not in same} for x in (a, b))
    keyed = _by_key(left[0], left[1], any_word=not same)
    shared = [key for key in keyed[0] if len(keyed[0][key]) == len(keyed[1].get(key, ())) == 1]
    for key in shared:
        ours, theirs = (side[key][0] for side in keyed)
        pairs.append((ours, left[0][ours], left[1][theirs]))
    for side, other in ((0, 1), (1, 0)):
        for key, stems in keyed[side].items():
            candidates = keyed[other].get(key, [])
            if not candidates:
                problems += [
                    f"{left[side][s]}: has no partner {s}.* in {folders[other]}" for s in stems
                ]
            elif len(candidates) > 1:
                names = " or ".join(sorted(left[other][s].name for s in candidates))
                problems += [
                    f"{left[side][s]}: could go with {names} in {folders[other]}" for s in stems
                ]
    return sorted(pairs), len(shared), sorted(problems)


def _by_key(
    a: Mapping[str, Path], b: Mapping[str, Path], any_word: bool
) -> tuple[dict[str, list[str]], ...]:
    """The stems of each folder by their key: the stem without role word and leading zeros."""
    counts = [Counter(word for stem in side for _, word in split_words(stem)) for side in (a, b)]
    usual = [
        {word for word, count in found.items() if 2 * count > max(len(side), 2)}
        for found, side in zip(counts, (a, b))
    ]
    keyed: tuple[dict[str, list[str]], ...] = (defaultdict(list), defaultdict(list))
    for side, stems in enumerate((a, b)):
        words = ROLE_WORDS | usual[side] if any_word else ROLE_WORDS
        words = words - (usual[0] & usual[1])  # such as "img" in img_1 and img_001
        for stem in stems:
            options = [(rest, word) for rest, word in split_words(stem) if word in words]
            rest = options[0][0] if options else stem
            keyed[side][plain(rest)].append(stem)
    return keyed


def find_roles(stems: Iterable[str], any_word: bool = True) -> tuple[str, str] | None:
    """The role words that distinguish inputs from targets in one folder; None if there are none.

    A pair of ROLE_PAIRS that pairs up at least half of the files, at the end of their names or
    else at the beginning. With `any_word`, also any two words that pair up all files, in
    alphabetical order.
    """
    stems = list(stems)
    ends = [_rests_by_word(stems, place) for place in (slice(1), slice(1, None))]

    def count(pair: tuple[str, str], rests: dict[str, set[str]]) -> int:
        return 2 * len(rests.get(pair[0], set()) & rests.get(pair[1], set()))

    for rests in ends:
        best = max(ROLE_PAIRS, key=lambda pair: count(pair, rests))
        if count(best, rests) and 2 * count(best, rests) >= len(stems):
            return best
    for rests in ends if any_word and len(stems) > 2 else ():
        halves = sorted(word for word, found in rests.items() if 2 * len(found) == len(stems))
        pairs = [(a, b) for a in halves for b in halves if a < b and rests[a] == rests[b]]
        if pairs:
            return pairs[0]
    return None


def _rests_by_word(stems: Sequence[str], place: slice) -> dict[str, set[str]]:
    """The names without a word, grouped by that word; `split_words` gives the positions."""
    rests: dict[str, set[str]] = defaultdict(set)
    for stem in stems:
        for rest, word in split_words(stem)[place]:
            rests[word].add(plain(rest))
    return rests


def match_roles(stems: Stems, roles: tuple[str, str]) -> tuple[list[Pair], list[str]]:
    """The pairs of one folder with names that differ by the two role words, and the problems."""
    sides: tuple[dict[str, list[Path]], ...] = (defaultdict(list), defaultdict(list))
    names: dict[str, str] = {}
    problems = []
    for stem, paths in stems.items():
        split = next(((r, w) for r, w in split_words(stem) if w in roles), None)
        if split is None:
            words = " nor ".join(roles)
            problems += [f"{path}: has neither {words} in its name" for path in paths]
            continue
        key = plain(split[0])
        sides[roles.index(split[1])][key] += paths
        names.setdefault(key, split[0])
    pairs = []
    for key, name in names.items():
        a, b = (side.get(key, []) for side in sides)
        if len(a) == len(b) == 1:
            pairs.append((name, a[0], b[0]))
            continue
        for paths, others, role in ((a, b, roles[1]), (b, a, roles[0])):
            if not others:
                problems += [f"{p}: has no partner with {role} in its name" for p in paths]
            elif len(others) > 1:
                several = " or ".join(path.name for path in others)
                problems += [f"{p}: could go with {several}" for p in paths]
    return sorted(pairs), sorted(problems)
