"""Find the photos of a command by their content, and plan the path of each result."""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from pix2pix.cli.output_paths import Planned, check_folder, guard_outputs, plan_outputs
from pix2pix.images.format_detection import detect_format
from pix2pix.images.reader import PHOTO_SUFFIXES, count_pages
from pix2pix.images.writer import FORMATS

# More suffixes of photos; anything else after a dot belongs to the name (scan.0001)
_OTHER_ENDINGS = frozenset({".jfif", ".jpe", ".jif", ".pgm", ".ppm", ".pnm", ".dib", ".hif"})
_OTHER_ENDINGS |= {".npy", ".npz", ".exr"}

MAX_NAMED = 3  # skipped files to list; a report lists all
NO_IMAGE = "is not an image in a supported format"
PROBING_THREADS = 16  # files are opened in parallel, since a network disk answers late


@dataclass(frozen=True)
class PhotoTask:
    """A photo to process: its file as given, its name in the batch, the path of its result."""

    source: str
    name: str  # with sub-folders, separated by /
    target: Path
    page: int = 0  # index of the page of a TIFF
    pages: int = 1
    scheme: str = ""  # of a result in object storage, as "s3://"; its URL is scheme + target

    @property
    def label(self) -> str:
        """Its name in reports and messages."""
        return label_page(self.source, self.page)

    @property
    def result(self) -> str:
        """The path or URL of its result."""
        return f"{self.scheme}{self.target}"


@dataclass
class FoundPhotos:
    """The photos in the given files and folders."""

    names: dict[str, Path] = field(default_factory=dict)  # names in the batch, by file
    bad: dict[str, str] = field(default_factory=dict)  # reasons for folders without photos
    left_out: dict[str, str] = field(default_factory=dict)  # skipped files in folders


def label_page(source: str, page: int) -> str:
    return f"{source} (page {page + 1})" if page else source


def find_photos(
    inputs: Sequence[str], out: Path | None, recursive: bool, also: Collection[str] = ()
) -> FoundPhotos:
    """The photos in files and folders with their names in the batch.

    In folders, photos are recognised by their first bytes or their suffix, and other files by the
    suffixes `also`. Their names are relative to the folder, and start with the folder's own name if
    there are several. Files in OUT and hidden files are skipped; OUT is None if it is in object
    storage. Raises ValueError if OUT is one of the folders, or if a folder cannot be read.
    """
    folders = [Path(given) for given in inputs if given and Path(given).is_dir()]
    place = out.resolve() if out else None
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
            if place and path.resolve().is_relative_to(place):
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

    The results are named by `plan_names`.
    """
    check_folder(out)
    wanted = {
        task.label: replace(task, target=out / task.target)
        for task in plan_local_names(names, ending)
    }
    targets, bad = guard_outputs({label: task.target for label, task in wanted.items()}, [*names])
    return [task for label, task in wanted.items() if label in targets], bad


def plan_local_names(names: dict[str, Path], ending: str | None) -> list[PhotoTask]:
    """`plan_names` for local files."""
    return plan_names(names, ending, _count_pages, _detect)


def plan_names(
    names: dict[str, Path],
    ending: str | None,
    count_pages: Callable[[str], int],
    detect: Callable[[str], str | None],
) -> list[PhotoTask]:
    """A task for each page of each photo; the path of its result is relative to OUT.

    Results have the photo's name and suffix, or `ending`; if the suffix cannot be written, JPEG's
    or PNG's. Later pages get -2, -3, ... after the name. If two photos would have the same result,
    the second suffix is appended to the first, or a number to the name. `count_pages` and `detect`
    give the pages and the format of a source; threads call them.
    """
    with ThreadPoolExecutor(PROBING_THREADS) as pool:
        pages = dict(zip(names, pool.map(count_pages, names)))
        unknown = [] if ending else [s for s in names if names[s].suffix.lower() not in FORMATS]
        kinds = dict(zip(unknown, pool.map(detect, unknown)))
    endings = {s: ".jpg" if kind == "JPEG" else ".png" for s, kind in kinds.items()}
    parts = [
        (source, page, _result_name(name, page, ending or endings.get(source, name.suffix)))
        for source, name in names.items()
        for page in range(pages[source])
    ]
    # Some file systems ignore case.
    count = Counter(str(target).casefold() for *_, target in parts)
    parts.sort(key=lambda part: part[2] != names[part[0]])  # a photo's own name takes precedence
    taken: set[str] = set()
    own = {str(name).casefold() for name in names.values()}
    tasks: list[PhotoTask] = []
    for source, page, target in parts:
        name = names[source]
        if count[str(target).casefold()] > 1 and target != name:
            target = page_path(name.with_name(name.name + target.suffix), page)
        if str(target).casefold() in taken:
            target = _free_name(target, taken, own)
        taken.add(str(target).casefold())
        tasks.append(
            PhotoTask(source, page_path(name, page).as_posix(), target, page, pages[source])
        )
    order = {source: i for i, source in enumerate(names)}
    return sorted(tasks, key=lambda task: (order[task.source], task.page))


def plan_files(
    inputs: list[str],
    out: str,
    recursive: bool,
    endings: Sequence[str] = (),
    also: Collection[str] = (),
    others: Sequence[str] = (),
) -> tuple[Planned, dict[str, str]]:
    """A file for each input by `plan_outputs`, for folders by `plan_photos`; the skipped files.

    `endings` are the suffixes that a result may have, the default first (otherwise PNG); `also` is
    that of `find_photos`; `others` are not overwritten. Raises ValueError if OUT is not usable.
    """
    if not any(source and Path(source).is_dir() for source in inputs):
        return plan_outputs(inputs, out, endings, others), {}
    if not out:
        raise ValueError("-o is empty; expected a folder for the results")
    found = find_photos(inputs, Path(out), recursive, also)
    tasks, bad = plan_photos(found.names, Path(out), endings[0] if endings else ".png")
    targets, worse = guard_outputs({t.source: t.target for t in tasks if not t.page}, others)
    return (targets, found.bad | bad | worse), found.left_out


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


def _result_name(name: Path, page: int, ending: str) -> Path:
    known = name.suffix.lower() in PHOTO_SUFFIXES | _OTHER_ENDINGS
    return page_path(
        name.with_suffix(ending) if known else name.with_name(name.name + ending), page
    )


def _detect(source: str) -> str | None:
    try:
        return detect_format(Path(source))
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return None


def _free_name(target: Path, *taken: set[str]) -> Path:
    free, number = target, 2
    while any(str(free).casefold() in names for names in taken):
        free = target.with_name(f"{target.stem}-{number}{target.suffix}")
        number += 1
    return free
