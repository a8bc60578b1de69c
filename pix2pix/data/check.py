"""Checking data before the first step: everything that is wrong with it, all at once."""

import logging
from collections.abc import Sequence
from pathlib import Path

from pix2pix.data.examples import Pictures, Reader
from pix2pix.data.find import Example
from pix2pix.data.palette import Palette
from pix2pix.data.read import example_size, find_faults, map_threads

log = logging.getLogger(__name__)


class DataProblems(ValueError):  # noqa: N818, each of them is an error
    """The data cannot be trained on as it is; `problems` has a line for each file."""

    def __init__(self, folder: Path, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        lines = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{folder}: {count} problem{'s' * (count != 1)} with the data "
            f"(--skip-bad goes on without these files):\n{lines}"
        )


def measure(
    found: dict[str, list[Example]], palette: Palette | None
) -> tuple[dict[str, list[Example]], dict[str, list[tuple[int, int]]], list[str]]:
    """The examples whose headers are sound, their (width, height), and the others' faults."""

    def look(example: Example) -> tuple[int, int] | list[str]:
        try:
            return example_size(example)
        except ValueError:
            return find_faults(example, palette)

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
    examples: list[Example], read: Reader, palette: Palette | None
) -> tuple[list[Example], list[Pictures], list[str]]:
    """The examples that can be read, with their pictures, and the others' faults."""

    def attempt(example: Example) -> Pictures | list[str]:
        try:
            return read(example)
        except ValueError as error:
            return find_faults(example, palette) or [str(error)]

    results = map_threads(attempt, examples, "reading")
    good = [e for e, x in zip(examples, results) if isinstance(x, tuple)]
    kept = [x for x in results if isinstance(x, tuple)]
    return good, kept, [fault for x in results if isinstance(x, list) for fault in x]


def check_quickly(
    examples: list[Example], palette: Palette | None
) -> tuple[list[Example], list[str]]:
    faults = map_threads(lambda e: find_faults(e, palette, quick=True), examples, "checking")
    good = [e for e, x in zip(examples, faults) if not x]
    return good, [fault for x in faults for fault in x]


def report(
    problems: list[str], skip_bad: bool, root: Path, found: dict[str, list[Example]]
) -> None:
    """Raises DataProblems, or says what is left out; ValueError where nothing is left."""
    if problems and not skip_bad:
        raise DataProblems(root, problems)
    if problems:
        log.warning("%s: goes on without %d bad files or pairs:", root, len(problems))
        for problem in problems:
            log.warning("  %s", problem)
    for split, examples in found.items():
        if not examples:
            raise ValueError(f"{root}: has no good examples for {split}")
