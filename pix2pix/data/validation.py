"""Check data before the first training step, and report all problems at once."""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

from pix2pix.data.discovery import Example
from pix2pix.data.example_reader import (
    PICTURES,
    Formats,
    example_size,
    map_threads,
    validate_example,
)
from pix2pix.data.image_cache import ImageArrays, Reader
from pix2pix.labels.palette import Palette

log = logging.getLogger(__name__)

MAX_NAMED = 3  # files of one kind of problem
PROBLEM = re.compile(r"(.+?\.\w+): (.+)", re.DOTALL)
SPECIFIC = re.compile(r"[\d/*]|\.\w{2,4}\b")  # matches words that are names or numbers


class DataError(ValueError):
    """The data has problems; `problems` has a line for each file."""

    def __init__(self, folder: Path, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {line}" for line in group_problems(self.problems, folder))
        super().__init__(
            f"{folder}: {count:,} problem{'s' * (count != 1)} with the data "
            f"(--skip-bad goes on without these files):\n{lines}"
        )


def group_problems(problems: Sequence[str], folder: Path) -> list[str]:
    """One line for each kind of problem: the first files, the number of others, and the reason.

    A problem reads "FILE: reason". Two are of the same kind if their reasons differ only in names
    and numbers, which "…" then replaces.
    """
    kinds: dict[tuple[str, ...], list[tuple[str, list[str]]]] = {}
    for problem in problems:
        match = PROBLEM.fullmatch(problem)
        name, reason = (match[1], match[2]) if match else ("", problem)
        tokens = _tokens(reason, Path(name).stem)
        kind = tuple("…" if SPECIFIC.search(token) else token for token in tokens)
        kinds.setdefault(kind, []).append((name, tokens))
    lines = []
    for group in kinds.values():
        names = sorted(name for name, _ in group)
        values = zip(*(tokens for _, tokens in group))
        reason = " ".join(v[0] if len(set(v)) == 1 else "…" for v in values)
        if len(group) > 1:
            names = [_within(name, folder) for name in names]
        more = f" and {len(names) - MAX_NAMED:,} more" if len(names) > MAX_NAMED else ""
        lines.append(f"{', '.join(names[:MAX_NAMED])}{more}: {reason}".removeprefix(": "))
    return lines


def _tokens(reason: str, stem: str) -> list[str]:
    """The words of a reason; adjacent names and numbers form one token."""
    hidden = reason.replace(stem, stem.replace(" ", "\0")) if stem else reason
    tokens: list[str] = []
    for word in (word.replace("\0", " ") for word in hidden.split(" ")):
        if SPECIFIC.search(word) and tokens and SPECIFIC.search(tokens[-1]):
            tokens[-1] += f" {word}"
        else:
            tokens.append(word)
    return tokens


def _within(name: str, folder: Path) -> str:
    path = Path(name)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else name


def measure(
    found: dict[str, list[Example]], palette: Palette | None, formats: Formats = PICTURES
) -> tuple[dict[str, list[Example]], dict[str, list[tuple[int, int]]], list[str]]:
    """The examples with valid headers, their (width, height), and the others' problems."""

    def look(example: Example) -> tuple[int, int] | list[str]:
        try:
            return example_size(example, formats)
        except ValueError:
            return validate_example(example, palette, formats=formats)

    good: dict[str, list[Example]] = {}
    sizes: dict[str, list[tuple[int, int]]] = {}
    faults: list[str] = []
    for split, examples in found.items():
        looks = map_threads(look, examples, f"checking {split}")
        good[split] = [e for e, x in zip(examples, looks) if isinstance(x, tuple)]
        sizes[split] = [x for x in looks if isinstance(x, tuple)]
        faults += [fault for x in looks if isinstance(x, list) for fault in x]
    return good, sizes, faults


def decode(
    examples: list[Example], read: Reader, palette: Palette | None, formats: Formats = PICTURES
) -> tuple[list[Example], list[ImageArrays], list[str]]:
    """The readable examples with their images, and the others' problems."""

    def attempt(example: Example) -> ImageArrays | list[str]:
        try:
            return read(example)
        except ValueError as error:
            return validate_example(example, palette, formats=formats) or [str(error)]

    results = map_threads(attempt, examples, "reading")
    good = [e for e, x in zip(examples, results) if isinstance(x, tuple)]
    kept = [x for x in results if isinstance(x, tuple)]
    return good, kept, [fault for x in results if isinstance(x, list) for fault in x]


def check_without_decoding(
    examples: list[Example], palette: Palette | None, formats: Formats = PICTURES
) -> tuple[list[Example], list[str]]:
    def check(example: Example) -> list[str]:
        return validate_example(example, palette, quick=True, formats=formats)

    faults = map_threads(check, examples, "checking")
    good = [e for e, x in zip(examples, faults) if not x]
    return good, [fault for x in faults for fault in x]


def report(
    problems: list[str], skip_invalid: bool, root: Path, found: dict[str, list[Example]]
) -> None:
    """Raises DataError, or logs the skipped files. Raises ValueError if a split is then empty."""
    if problems and not skip_invalid:
        raise DataError(root, problems)
    if problems:
        log.warning("%s: goes on without %d bad files or pairs:", root, len(problems))
        for line in group_problems(problems, root):
            log.warning("  %s", line)
    for split, examples in found.items():
        if not examples:
            raise ValueError(f"{root}: has no good examples for {split}")
