"""Finding the examples in a folder, as people have them.

side_by_side  one image holds both, A on its left and B on its right
folders       A/NAME and B/NAME, in any formats: DIR/train/A and B, or DIR/trainA and trainB
stems         NAME.jpg, a photo, beside NAME.png, its label image
photos        plain photos

Below DIR the splits are the folders train, val and test; without them, DIR itself is all there is.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pix2pix.imaging.open import find_images, read_size

LAYOUTS = ("side_by_side", "folders", "stems", "photos")
TASK_LAYOUTS = {
    "image2image": ("folders", "side_by_side"),
    "labels2photo": ("folders", "stems", "side_by_side"),
    "photo2labels": ("folders", "stems", "side_by_side"),
    "colorize": ("photos",),
}
SPLITS = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
PEEK = 16  # so many images are looked at to see what a folder holds


@dataclass(frozen=True)
class Part:
    """Where one picture of an example is: a file, or the left (0) or right (1) half of one."""

    path: Path
    half: int | None = None


@dataclass(frozen=True)
class Example:
    """Its name in the split; its picture or both, A before B, photo before label map."""

    name: str
    parts: tuple[Part, ...]


def locate_split(root: Path, split: str) -> tuple[Path, ...]:
    """The folder of a split, or its two folders A and B; () where there is none."""
    for name in SPLITS[split]:
        folders = _sides(root / name, "") or _sides(root, name)
        if folders:
            return folders
        if (root / name).is_dir():
            return (root / name,)
    if split == "train" and not any(
        (root / n).exists() for names in SPLITS.values() for n in names
    ):
        return _sides(root, "") or ((root,) if root.is_dir() else ())
    return ()


def _sides(folder: Path, prefix: str) -> tuple[Path, ...]:
    """FOLDER/prefixA and FOLDER/prefixB. ValueError where one is there and the other is not."""
    for a, b in ((f"{prefix}A", f"{prefix}B"), (f"{prefix}a", f"{prefix}b")):
        sides = (folder / a, folder / b)
        there = [side for side in sides if side.is_dir()]
        if len(there) == 2:
            return sides
        if there and not find_images(folder, inner=False):
            lacking = next(side for side in sides if side not in there)
            raise ValueError(f"{there[0]}: expected the folder {lacking.name} beside it")
    return ()


def find_layout(folders: Sequence[Path], task: str, layout: str = "auto") -> str:
    """The layout of a split's folders; ValueError where `layout` or the task wants another."""
    allowed = TASK_LAYOUTS[task]
    found = "folders" if len(folders) == 2 else _layout_of_one(folders[0], task)
    if layout not in ("auto", found) and "folders" in (layout, found):
        have = "two folders A and B" if found == "folders" else "no two folders A and B"
        raise ValueError(f"{folders[0].parent}: layout is {layout!r}, but it has {have}")
    layout = found if layout == "auto" else layout
    if layout not in allowed:
        raise ValueError(f"layout must be one of {', '.join(allowed)} for {task}, got {layout!r}")
    return layout


def _layout_of_one(folder: Path, task: str) -> str:
    if task in ("colorize", "image2image"):
        return "photos" if task == "colorize" else "side_by_side"
    images = find_images(folder)
    if len({path.with_suffix("") for path in images}) < len(images):
        return "stems"
    sizes = []
    for path in images[:PEEK]:
        try:
            sizes.append(read_size(path))
        except ValueError:  # the check will say so
            continue
    is_double = bool(sizes) and all(width == 2 * height for width, height in sizes)
    return "side_by_side" if is_double else "stems"


def find_examples(folders: Sequence[Path], layout: str) -> tuple[list[Example], list[str]]:
    """The examples of a split, sorted, and what is wrong with files that are in none."""
    sides = [_by_stem(folder) for folder in folders]
    if layout == "stems":
        return _match_stems(sides[0])
    if layout != "folders":
        halves = (0, 1) if layout == "side_by_side" else (None,)
        return [
            Example(stem, tuple(Part(path, half) for half in halves))
            for stem, paths in sides[0].items()
            for path in paths
        ], []
    problems = []
    a, b = sides
    for stems, other, folder in ((a, b, folders[1]), (b, a, folders[0])):
        for stem in stems.keys() - other.keys():
            problems.append(f"{stems[stem][0]}: has no partner {stem}.* in {folder}")
        for paths in stems.values():
            if len(paths) > 1:
                names = ", ".join(p.name for p in paths[1:])
                problems.append(f"{paths[0]}: has a namesake beside it, {names}")
    both = [stem for stem in a if stem in b and len(a[stem]) == len(b[stem]) == 1]
    examples = [Example(stem, (Part(a[stem][0]), Part(b[stem][0]))) for stem in both]
    return examples, sorted(problems)


def _by_stem(folder: Path) -> dict[str, list[Path]]:
    """The images of a folder by their path in it without the ending."""
    stems = defaultdict(list)
    for path in find_images(folder):
        stems[_name(path, folder)].append(path)
    return stems


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).with_suffix("").as_posix()


def _match_stems(stems: dict[str, list[Path]]) -> tuple[list[Example], list[str]]:
    examples, problems = [], []
    for stem, paths in stems.items():
        labels = [p for p in paths if p.suffix.lower() == ".png"]
        photos = [p for p in paths if p.suffix.lower() != ".png"]
        if len(labels) == len(photos) == 1:
            examples.append(Example(stem, (Part(photos[0]), Part(labels[0]))))
        elif len(paths) > 1:
            names = ", ".join(p.name for p in paths[1:])
            problems.append(
                f"{paths[0]}: expected one photo and one label map .png, and has {names}"
            )
        elif labels:
            problems.append(f"{paths[0]}: has no photo {Path(stem).name}.jpg beside it")
        else:
            problems.append(f"{paths[0]}: has no label map {Path(stem).name}.png beside it")
    return examples, problems
