"""Which photos a command works on, by what is in their files, and where each result goes."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pix2pix.cli.output_paths import check_folder, guard_outputs
from pix2pix.images.format_detection import detect_format
from pix2pix.images.reader import PHOTO_SUFFIXES, count_pages
from pix2pix.images.writer import FORMATS

# Endings that are of photos as well; what else stands behind a dot is part of a name (scan.0001)
_OTHER_ENDINGS = frozenset({".jfif", ".jpe", ".jif", ".pgm", ".ppm", ".pnm", ".dib", ".hif"})

MAX_NAMED = 3  # files left out whose names are said; a report has all
NO_IMAGE = "is not an image in a supported format"


@dataclass(frozen=True)
class PhotoTask:
    """A photo to be done: its file as it was given, its name in the batch, its result's file."""

    source: str
    name: str  # with sub-folders, / between them
    target: Path
    page: int = 0  # of a TIFF with several
    pages: int = 1

    @property
    def label(self) -> str:
        """What reports and complaints call it."""
        return label_page(self.source, self.page)


@dataclass
class FoundPhotos:
    """What is in the files and folders that were given."""

    names: dict[str, Path] = field(default_factory=dict)  # of photos, by their file
    bad: dict[str, str] = field(default_factory=dict)  # the reason, of folders without photos
    left_out: dict[str, str] = field(default_factory=dict)  # and of files in them that are none


def label_page(source: str, page: int) -> str:
    return f"{source} (page {page + 1})" if page else source


def find_photos(inputs: Sequence[str], out: Path, recursive: bool) -> FoundPhotos:
    """The photos in files and folders with their names in the batch.

    In a folder a photo is what is one by its first bytes or by its name's ending. Its name is
    relative to the folder, and begins with that folder's own where there are several. What lies in
    OUT are results, and what is hidden is left alone. Raises ValueError where OUT is one of the
    folders, or a folder cannot be read.
    """
    folders = [Path(given) for given in inputs if given and Path(given).is_dir()]
    place = out.resolve()
    found = FoundPhotos()
    for given in inputs:
        folder = Path(given)
        if not given or folder not in folders:
            found.names[given] = Path(folder.name)
            continue
        if folder.resolve() == place:
            raise ValueError(f"{out}: is the folder of the photos; results need another one")
        prefix = Path(folder.resolve().name) if len(folders) > 1 else Path()
        count = len(found.names)
        for path in sorted(_walk_files(folder, recursive)):
            if path.resolve().is_relative_to(place):
                continue
            if _is_photo(path):
                found.names[str(path)] = prefix / path.relative_to(folder)
            else:
                found.left_out[str(path)] = NO_IMAGE
        if len(found.names) == count:
            deeper = "" if recursive else "; --recursive looks into its sub-folders"
            found.bad[given] = f"has no photos in it{deeper}"
    return found


def _walk_files(folder: Path, inner: bool) -> Iterator[Path]:
    """The files in a folder, and in those in it if `inner`, but hidden ones."""

    def refuse(error: OSError) -> None:
        raise ValueError(f"{error.filename}: cannot be read ({error.strerror})") from None

    for where, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if inner and not name.startswith(".")]
        yield from (Path(where, name) for name in names if not name.startswith("."))


def _is_photo(path: Path) -> bool:
    """Whether it is one, or is called one: a bad photo is better complained of than left out."""
    try:
        return path.suffix.lower() in PHOTO_SUFFIXES or (
            path.is_file() and bool(detect_format(path))
        )
    except OSError:
        return False


def describe_left_out(left_out: dict[str, str]) -> str:
    """One line on the files that are no photos: how many, and the first of them."""
    names, count = [*left_out][:MAX_NAMED], len(left_out)
    more = f" and {count - len(names)} more" if count > len(names) else ""
    verb = "file is no image" if count == 1 else "files are no images"
    return f"{count} {verb} and left out: {', '.join(names)}{more}"


def plan_photos(
    names: dict[str, Path], out: Path, ending: str | None
) -> tuple[list[PhotoTask], dict[str, str]]:
    """A task for each page of each photo, its result in OUT, and the reason for those without.

    The result has the photo's own name and ending, or `ending`; where its ending cannot be written
    JPEG's or PNG's. Later pages have -2, -3, ... behind the name. Where two photos would then have
    one result, the second ending is put behind the first, or a number behind the name.
    """
    check_folder(out)
    parts = [
        (source, page, pages, _result_name(Path(source), name, page, ending))
        for source, name in names.items()
        for pages in [_count_pages(source)]
        for page in range(pages)
    ]
    # There are disks on which a.JPG is a.jpg.
    count = Counter(str(target).casefold() for *_, target in parts)
    parts.sort(key=lambda part: part[3] != names[part[0]])  # whose own name it is has it
    taken: set[str] = set()
    own = {str(name).casefold() for name in names.values()}
    wanted: dict[str, PhotoTask] = {}
    for source, page, pages, target in parts:
        name = names[source]
        if count[str(target).casefold()] > 1 and target != name:
            target = page_path(name.with_name(name.name + target.suffix), page)
        if str(target).casefold() in taken:
            target = _free_name(target, taken | own)
        taken.add(str(target).casefold())
        task = PhotoTask(source, page_path(name, page).as_posix(), out / target, page, pages)
        wanted[label_page(source, page)] = task
    targets, bad = guard_outputs({label: task.target for label, task in wanted.items()}, [*names])
    order = {source: i for i, source in enumerate(names)}
    tasks = [wanted[label] for label in targets]
    return sorted(tasks, key=lambda task: (order[task.source], task.page)), bad


def plan_pages(source: str, target: Path) -> tuple[list[PhotoTask], dict[str, str]]:
    """The tasks of one photo whose result was given a name, and the reason for those without."""
    pages = _count_pages(source)
    tasks = {
        label_page(source, page): PhotoTask(
            source, page_path(Path(source), page).name, page_path(target, page), page, pages
        )
        for page in range(pages)
    }
    targets, bad = guard_outputs({label: task.target for label, task in tasks.items()}, [source])
    return [tasks[label] for label in targets], bad


def page_path(path: Path, page: int) -> Path:
    """The name of a later page: -2, -3, ... before the ending."""
    return path.with_name(f"{path.stem}-{page + 1}{path.suffix}") if page else path


def _count_pages(source: str) -> int:
    try:
        return count_pages(source)
    except ValueError:  # said when it is opened
        return 1


def _result_name(source: Path, name: Path, page: int, ending: str | None) -> Path:
    if ending is None:
        ending = name.suffix if name.suffix.lower() in FORMATS else _own_ending(source)
    known = name.suffix.lower() in PHOTO_SUFFIXES | _OTHER_ENDINGS
    return page_path(
        name.with_suffix(ending) if known else name.with_name(name.name + ending), page
    )


def _own_ending(source: Path) -> str:
    try:
        return ".jpg" if detect_format(source) == "JPEG" else ".png"
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return ".png"


def _free_name(target: Path, taken: set[str]) -> Path:
    free, number = target, 2
    while str(free).casefold() in taken:
        free = target.with_name(f"{target.stem}-{number}{target.suffix}")
        number += 1
    return free
