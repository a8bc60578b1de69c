"""Find the images of a folder and detect their layout.

side_by_side  one image holds both, A on its left and B on its right
folders       A/NAME and B/NAME, in any formats: DIR/train/A, DIR/trainA or DIR/A/train
stems         NAME.jpg, a photo, beside NAME.png, its label image
suffixes      NAME_A and NAME_B, or NAME_in and NAME_out, in one folder
unpaired      folders as above, with names that do not belong together
photos        plain photos; image2image makes line drawings of them as input

Below DIR, the splits are the folders train, val and test, at any depth; without them, DIR itself
is the training set. Folders of runs and checkpoints are ignored.
"""

import functools
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from pix2pix.checkpoint import CONFIG_NAME, WEIGHTS_NAME
from pix2pix.data.pair_matching import Stems, find_roles, match_folders, match_roles
from pix2pix.images.reader import PHOTO_SUFFIXES, find_images
from pix2pix.images.samples import read_header

LAYOUTS = ("side_by_side", "folders", "stems", "suffixes", "unpaired", "photos")
TASK_LAYOUTS = {
    "image2image": ("folders", "side_by_side", "suffixes", "unpaired", "photos"),
    "labels2photo": ("folders", "stems", "side_by_side", "suffixes"),
    "photo2labels": ("folders", "stems", "side_by_side", "suffixes"),
    "colorize": ("photos",),
    "restore": ("photos",),
}
PHOTO_TASKS = ("colorize", "restore")  # trained on photos alone
SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
SPLIT_OF = {name: split for split, names in SPLITS.items() for name in names}
PEEK = 16  # number of images that are opened to detect the content of a folder

RUN_NAME = "run.json"  # marks the folder of a run
LOCK_NAME = "run.lock"
RUN_PICTURES = ("samples", "best", "examples", "samples.jpg")  # what a run writes

_NAMES = "|".join(SPLIT_OF)
_FUSED = re.compile(rf"(?:({_NAMES})[ _-]?([ab])?|([ab])[ _-]?({_NAMES}))", re.IGNORECASE)


@dataclass(frozen=True)
class ImagePart:
    """The location of one image of an example: a file, or its left (0) or right (1) half."""

    path: Path
    half: int | None = None


@dataclass(frozen=True)
class Example:
    """An example: its name in the split, and one or two images, A before B, photo before labels."""

    name: str
    parts: tuple[ImagePart, ...]
    side: str = ""  # of an unpaired set: A for inputs, B for targets


@dataclass(frozen=True)
class SplitLocation:
    """The location of a split's images: one folder, or two folders A and B."""

    folders: tuple[Path, ...]
    split: str = ""  # use only inner folders of this split; "": all
    suffixes: frozenset[str] = PHOTO_SUFFIXES  # of the images

    @functools.cached_property
    def images(self) -> list[dict[str, list[Path]]]:
        """For each folder, the images by relative path without suffix and split folder."""
        return [self._by_stem(folder) for folder in self.folders]

    def _by_stem(self, folder: Path) -> dict[str, list[Path]]:
        return _by_stem(folder, self.split, self.runs, self.suffixes)

    @functools.cached_property
    def runs(self) -> list[Path]:
        """The ignored run folders; filled when `images` is computed."""
        return []

    @property
    def where(self) -> list[Path]:
        """The folders, or their inner folders of the split if those hold all images."""
        found = []
        for folder, images in zip(self.folders, self.images):
            inner = {
                _split_folder(p, folder, self.split) for paths in images.values() for p in paths
            }
            found.append(inner.pop() if len(inner) == 1 else folder)
        return found

    def __str__(self) -> str:
        return " and ".join(map(str, self.folders))


@dataclass(frozen=True)
class MatchedExamples:
    """The examples of a location, and the problems of files in no example."""

    examples: list[Example]
    problems: list[str]
    fuzzy_matches: int = 0  # number of pairs with similar, but not equal names
    roles: tuple[str, str] | None = None  # role words that mark input and target in one folder


def holds_run(folder: Path) -> bool:
    """Whether a folder is a training run or a checkpoint, which holds no data."""
    if any((folder / name).exists() for name in (RUN_NAME, LOCK_NAME)):
        return True
    return all((folder / name).exists() for name in (CONFIG_NAME, WEIGHTS_NAME))


def split_of(folder_name: str) -> tuple[str, str]:
    """The split and the side, a or b, in a folder's name; "" for what is missing."""
    match = _FUSED.fullmatch(folder_name)
    if not match:
        return "", ""
    name, side = (match[1], match[2] or "") if match[1] else (match[4], match[3])
    return SPLIT_OF[name.lower()], side.lower()


def locate_split(
    root: Path, split: str, suffixes: frozenset[str] = PHOTO_SUFFIXES
) -> SplitLocation | None:
    """The location of a split's images; None if there is no such split.

    A split that SPLITS does not know is a folder of that name. Raises ValueError if only one of two
    folders A and B exists.
    """
    own = [f for f in _folders(root) if split in (split_of(f.name)[0], f.name)]
    whole = [folder for folder in own if not split_of(folder.name)[1]]
    for folder in whole:
        if sides := _sides(folder, _by_name(folder)):
            return SplitLocation(sides, suffixes=suffixes)
    fused = {split_of(f.name)[1]: f for f in own if f not in whole}
    if sides := _sides(root, fused):
        return SplitLocation(sides, suffixes=suffixes)
    if whole:
        return SplitLocation((whole[0],), suffixes=suffixes)
    if split != "train" and any(split_of(f.name)[0] == "train" for f in _folders(root)):
        return None
    place = SplitLocation(_sides(root, _by_name(root)) or (root,), split, suffixes)
    return place if split == "train" or all(place.images) else None


def _folders(folder: Path) -> list[Path]:
    """The sub-folders of a folder, without runs."""
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.is_dir() and not holds_run(p))


def _by_name(folder: Path) -> dict[str, Path]:
    """The sub-folders of a folder by lower-case name; A takes precedence over a."""
    return {inner.name.lower(): inner for inner in reversed(_folders(folder))}


def _sides(folder: Path, inner: dict[str, Path]) -> tuple[Path, ...]:
    """The inner folders a and b, or (). ValueError if there is only one of them."""
    there = [inner[side] for side in ("a", "b") if side in inner]
    if len(there) == 1 and not find_images(folder, inner=False):
        name, swap = there[0].name, str.maketrans("ABab", "BAba")
        other = name[0].translate(swap) + name[1:]  # A_train
        if name[-1] in "ABab":
            other = name[:-1] + name[-1].translate(swap)
        raise ValueError(f"{there[0]}: expected the folder {other} beside it")
    return tuple(there) if len(there) == 2 else ()


def _split_folder(path: Path, folder: Path, split: str) -> Path:
    """The split's folder between `folder` and an image in it; else `folder`."""
    between = [p for p in path.parents if p.is_relative_to(folder) and p != folder]
    return next((p for p in between if split and split_of(p.name)[0] == split), folder)


def _by_stem(
    folder: Path, split: str, runs: list[Path], suffixes: frozenset[str]
) -> dict[str, list[Path]]:
    def is_run(path: Path) -> bool:
        if not holds_run(path):
            return False
        runs.append(path)
        return True

    paths = find_images(folder, suffixes=suffixes, is_left_out=is_run, in_shards=True)
    inner = {path: path.relative_to(folder).parts for path in paths}
    if holds_run(folder):
        inner = {path: parts for path, parts in inner.items() if parts[0] not in RUN_PICTURES}
    if split:
        of = {
            path: next(filter(None, (split_of(name)[0] for name in parts[:-1])), "")
            for path, parts in inner.items()
        }
        kept = split if split in of.values() or split != "train" else ""
        inner = {
            path: tuple(n for n in parts[:-1] if not split_of(n)[0]) + parts[-1:]
            for path, parts in inner.items()
            if of[path] == kept
        }
    stems = defaultdict(list)
    for path, parts in inner.items():
        stems[Path(*parts).with_suffix("").as_posix()].append(path)
    return stems


def find_layout(place: SplitLocation, task: str, layout: str = "auto") -> str:
    """The layout of a split. Raises ValueError if `layout` or the task needs another one."""
    allowed, are_two = TASK_LAYOUTS[task], len(place.folders) == 2
    found = "folders" if are_two else _layout_of_one(place.images[0], task)
    if are_two and (layout == "unpaired" or (layout == "auto" and _are_unpaired(place, task))):
        found = "unpaired"
    if layout not in ("auto", found) and {"folders", "unpaired"} & {layout, found}:
        have = "two folders A and B" if are_two else "no two folders A and B"
        raise ValueError(f"{place.folders[0].parent}: layout is {layout!r}, but it has {have}")
    layout = found if layout == "auto" else layout
    if layout not in allowed:
        raise ValueError(f"layout must be one of {', '.join(allowed)} for {task}, got {layout!r}")
    return layout


def _are_unpaired(place: SplitLocation, task: str) -> bool:
    """Whether no name in one of the two folders, each of several, has a partner in the other."""
    if task != "image2image" or min(map(len, place.images)) < 2:
        return False
    first, second = place.images
    return not match_folders(first, second, place.folders)[0]


def _layout_of_one(stems: Stems, task: str) -> str:
    if task in PHOTO_TASKS:
        return "photos"
    if task != "image2image" and any(len(paths) > 1 for paths in stems.values()):
        return "stems"
    is_double = _are_double([path for paths in stems.values() for path in paths])
    if find_roles(stems, any_word=not is_double):
        return "suffixes"
    return "side_by_side" if is_double or task == "image2image" else "stems"


def _are_double(images: list[Path]) -> bool:
    """Whether the first readable images are all twice as wide as high."""
    sizes = []
    for path in images[:PEEK]:
        try:
            header = read_header(path)
            sizes.append((header.width, header.height))
        except ValueError:  # reported by the validation
            continue
    return bool(sizes) and all(width == 2 * height for width, height in sizes)


def find_examples(
    place: SplitLocation, layout: str, roles: tuple[str, str] | None = None
) -> MatchedExamples:
    """The sorted examples of a split; `roles` are known role words of layout suffixes."""
    first, *others = place.images
    if layout == "stems":
        return _match_stems(first)
    if layout == "folders":
        pairs, fuzzy_matches, problems = match_folders(first, others[0], place.folders)
        return MatchedExamples([_pair(*pair) for pair in pairs], problems, fuzzy_matches)
    if layout == "unpaired":
        return MatchedExamples(
            [
                Example(f"{side}/{stem}", (ImagePart(path),), side)
                for side, stems in zip("AB", place.images)
                for stem, paths in sorted(stems.items())
                for path in paths
            ],
            [],
        )
    if layout == "suffixes":
        roles = roles or find_roles(first)
        if roles is None:
            raise ValueError(f"{place}: expected names that end in _A and _B, or such words")
        pairs, problems = match_roles(first, roles)
        return MatchedExamples([_pair(*pair) for pair in pairs], problems, len(pairs), roles)
    halves = (0, 1) if layout == "side_by_side" else (None,)
    return MatchedExamples(
        [
            Example(stem, tuple(ImagePart(path, half) for half in halves))
            for stem, paths in first.items()
            for path in paths
        ],
        [],
    )


def _pair(name: str, a: Path, b: Path) -> Example:
    return Example(name, (ImagePart(a), ImagePart(b)))


def _match_stems(stems: Stems) -> MatchedExamples:
    examples, problems = [], []
    for stem, paths in stems.items():
        labels = [p for p in paths if p.suffix.lower() == ".png"]
        photos = [p for p in paths if p.suffix.lower() != ".png"]
        if len(labels) == len(photos) == 1:
            examples.append(_pair(stem, photos[0], labels[0]))
        elif len(paths) > 1:
            names = ", ".join(p.name for p in paths[1:])
            problems.append(
                f"{paths[0]}: expected one photo and one label map .png, and has {names}"
            )
        elif labels:
            problems.append(f"{paths[0]}: has no photo {Path(stem).name}.jpg beside it")
        else:
            problems.append(f"{paths[0]}: has no label map {Path(stem).name}.png beside it")
    return MatchedExamples(examples, problems)
