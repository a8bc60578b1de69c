"""Find the photos of a command by their content, and plan the path of each result."""

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pix2pix.cli.output_paths import check_folder, guard_outputs
from pix2pix.images.format_detection import detect_format
from pix2pix.images.reader import PHOTO_SUFFIXES, count_pages
from pix2pix.images.writer import FORMATS

# More suffixes of photos; anything else after a dot belongs to the name (scan.0001)
_OTHER_ENDINGS = frozenset({".jfif", ".jpe", ".jif", ".pgm", ".ppm", ".pnm", ".dib", ".hif"})
_OTHER_ENDINGS |= {".npy", ".npz", ".exr"}

MAX_NAMED = 3  # skipped files to list; a report lists all
NO_IMAGE = "is not an image in a supported format"


@dataclass(frozen=True)
class PhotoTask:
    """A photo to process: its file as given, its name in the batch, the path of its result."""

    source: str
    name: str  # with sub-folders, separated by /
    target: Path
    page: int = 0  # index of the page of a TIFF
    pages: int = 1

    @property
    def label(self) -> str:
        """Its name in reports and messages."""
        return label_page(self.source, self.page)


@dataclass
class FoundPhotos:
    """The photos in the given files and folders."""

    names: dict[str, Path] = field(default_factory=dict)  # names in the batch, by file
    bad: dict[str, str] = field(default_factory=dict)  # reasons for folders without photos
    left_out: dict[str, str] = field(default_factory=dict)  # skipped files in folders


def label_page(source: str, page: int) -> str:
    return f"{source} (page {page + 1})" if page else source


def find_photos(
    inputs: Sequence[str], out: Path, recursive: bool, also: Collection[str] = ()
) -> FoundPhotos:
    """The photos in files and folders with their names in the batch.

    In folders, photos are recognised by their first bytes or their suffix, and other files by the
    suffixes `also`. Their names are relative
    to the folder, and start with the folder's own name if there are several. Files in OUT and
    hidden files are skipped. Raises ValueError if OUT is one of the folders, or if a folder cannot
    be read.
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
            raise ValueError(f"{out}: is the folder of the photos; choose another one for results")
        prefix = Path(folder.resolve().name) if len(folders) > 1 else Path()
        count = len(found.names)
        for path in sorted(_walk_files(folder, recursive)):
            if path.resolve().is_relative_to(place):
                continue
            if path.suffix.lower() in also or _is_photo(path):
                found.names[str(path)] = prefix / path.relative_to(folder)
            else:
                found.left_out[str(path)] = NO_IMAGE
        if len(found.names) == count:
            deeper = "" if recursive else "; --recursive searches its sub-folders"
            found.bad[given] = f"contains no photos{deeper}"
    return found


def _walk_files(folder: Path, inner: bool) -> Iterator[Path]:
    """The files in a folder, and in its sub-folders if `inner`, without hidden ones."""

    def refuse(error: OSError) -> None:
        raise ValueError(f"{error.filename}: cannot be read ({error.strerror})") from None

    for where, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if inner and not name.startswith(".")]
        yield from (Path(where, name) for name in names if not name.startswith("."))


def _is_photo(path: Path) -> bool:
    """Whether a file is a photo by content or suffix; a damaged photo is reported, not skipped."""
    try:
        return path.suffix.lower() in PHOTO_SUFFIXES or (
            path.is_file() and bool(detect_format(path))
        )
    except OSError:
        return False


def describe_left_out(left_out: dict[str, str]) -> str:
    """One line about the skipped files: their number, and the first names."""
    names, count = [*left_out][:MAX_NAMED], len(left_out)
    more = f" and {count - len(names)} more" if count > len(names) else ""
    verb = "file is not an image" if count == 1 else "files are not images"
    return f"{count} {verb}, skipped: {', '.join(names)}{more}"


def plan_photos(
    names: dict[str, Path], out: Path, ending: str | None
) -> tuple[list[PhotoTask], dict[str, str]]:
    """A task for each page of each photo with its result in OUT, and the reason if it has none.

    Results have the photo's name and suffix, or `ending`; if the suffix cannot be written, JPEG's
    or PNG's. Later pages get -2, -3, ... after the name. If two photos would have the same result,
    the second suffix is appended to the first, or a number to the name.
    """
    check_folder(out)
    parts = [
        (source, page, pages, _result_name(Path(source), name, page, ending))
        for source, name in names.items()
        for pages in [_count_pages(source)]
        for page in range(pages)
    ]
    # Some file systems ignore case.
    count = Counter(str(target).casefold() for *_, target in parts)
    parts.sort(key=lambda part: part[3] != names[part[0]])  # a photo's own name takes precedence
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
    """The tasks of one photo with a given result path, and the reason for pages without one."""
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
    """The path for a page: later ones get -2, -3, ... before the suffix."""
    return path.with_name(f"{path.stem}-{page + 1}{path.suffix}") if page else path


def _count_pages(source: str) -> int:
    try:
        return count_pages(source)
    except ValueError:  # reported when it is opened
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
