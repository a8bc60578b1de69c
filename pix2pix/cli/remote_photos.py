"""Plan photos and results in object storage by the rules of `photo_tasks`, and process them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from pix2pix.cli.console import describe_error
from pix2pix.cli.output_paths import check_folder, guard_outputs
from pix2pix.cli.photo_batch import is_done
from pix2pix.cli.photo_tasks import (
    NO_IMAGE,
    FoundPhotos,
    PhotoTask,
    find_photos,
    plan_local_names,
    plan_names,
)
from pix2pix.images.format_detection import HEAD_BYTES, detect_format_of
from pix2pix.images.reader import PHOTO_SUFFIXES, count_pages
from pix2pix.runtime.object_storage import (
    StoredFile,
    download,
    expand_url,
    is_url,
    join_url,
    list_files,
    normalise_url,
    open_url,
    read_head,
    stat_url,
    upload,
)

# Suffixes that tell that a file has one page; the others are opened, which costs a request
_ONE_PAGE = PHOTO_SUFFIXES - {".tif", ".tiff"}
_MAX_SUFFIX = 16  # characters; a longer one belongs to the name

Files: TypeAlias = dict[str, StoredFile]  # by URL
Work: TypeAlias = Callable[[PhotoTask], tuple[str, ...]]


def plan_remote(
    inputs: Sequence[str], out: str, recursive: bool, ending: str | None
) -> tuple[list[PhotoTask], FoundPhotos, Files]:
    """The tasks for inputs or an OUT at URLs, what was found, and the photos at URLs.

    Results are named by `plan_names`. Raises ValueError if an input or OUT is not usable, or if
    only some of the inputs are URLs.
    """
    files: Files = {}
    urls = [name for name in inputs if is_url(name)]
    if not urls:
        found = find_photos(inputs, None, recursive)
        tasks = plan_local_names(found.names, ending)
    elif len(urls) == len(inputs):
        found = _find_remote(inputs, out, recursive, files)
        tasks = plan_names(found.names, ending, _count_pages, _detect)
    else:
        local = next(name for name in inputs if not is_url(name))
        raise ValueError(f"{urls[0]} and {local}: expected only URLs or only local files")
    if is_url(out):
        scheme, _, root = normalise_url(out).partition("://")
        tasks = [replace(t, target=Path(root) / t.target, scheme=f"{scheme}://") for t in tasks]
        bad = {t.label: "its result would overwrite a photo" for t in tasks if t.result in files}
    else:
        check_folder(Path(out))
        tasks = [replace(task, target=Path(out) / task.target) for task in tasks]
        _, bad = guard_outputs({task.label: task.target for task in tasks})
    found.bad |= bad
    return [task for task in tasks if task.label not in bad], found, files


def _find_remote(inputs: Sequence[str], out: str, recursive: bool, files: Files) -> FoundPhotos:
    """As `find_photos`, for URLs of files and folders and patterns; adds to `files`."""
    given = {url: expand_url(url) for url in inputs}
    folders = [url for url, found in given.items() if found is None]
    own = join_url(normalise_url(out) if is_url(out) else out, "")
    result = FoundPhotos()
    for url, found in given.items():
        if found is not None:
            result.names |= {file.url: Path(file.name) for file in found}
            files |= {file.url: file for file in found}
            continue
        if join_url(normalise_url(url), "") == own:
            raise ValueError(f"{out}: is the folder of the photos; choose another one for results")
        prefix = Path(url.rstrip("/").rpartition("/")[2] if len(folders) > 1 else "")
        count = len(result.names)
        for file in list_files(url, recursive):
            is_hidden = any(part.startswith(".") for part in file.name.split("/"))
            if is_hidden or file.url.startswith(own):
                continue
            if _is_photo(file):
                result.names[file.url] = prefix / file.name
                files[file.url] = file
            else:
                result.left_out[file.url] = NO_IMAGE
        if len(result.names) == count:
            deeper = "" if recursive else "; --recursive searches its sub-folders"
            result.bad[url] = f"contains no photos{deeper}"
    return result


def _is_photo(file: StoredFile) -> bool:
    return Path(file.name).suffix.lower() in PHOTO_SUFFIXES or bool(_detect(file.url))


def _detect(url: str) -> str | None:
    try:
        return detect_format_of(read_head(url, HEAD_BYTES))
    except ValueError:  # reported when it is opened
        return None


def _count_pages(url: str) -> int:
    if Path(url).suffix.lower() in _ONE_PAGE:
        return 1
    try:
        with open_url(url) as file:
            return count_pages(file)
    except ValueError:  # reported when it is opened
        return 1


def find_finished(
    tasks: Sequence[PhotoTask], files: Files, out: str, also: Path | None = None
) -> set[str]:
    """The labels of the tasks that `is_finished`; OUT is listed once if it is in object storage."""
    results = {file.url: file for file in list_files(out)} if is_url(out) else {}
    stat = (files | results).get
    return {task.label for task in tasks if is_finished(task, also, stat)}


def is_finished(
    task: PhotoTask,
    also: Path | None = None,
    stat: Callable[[str], StoredFile | None] = stat_url,
) -> bool:
    """`is_done`, also for photos and results at URLs, which `stat` looks up."""
    if not task.scheme:
        if not is_url(task.source):
            return is_done(task, also)
        if not is_done(replace(task, source=""), also):
            return False
    try:
        photo = stat(task.source) if is_url(task.source) else None
        changed = photo.modified if photo else Path(task.source).stat().st_mtime
        limit = max(changed, also.stat().st_mtime if also else 0.0)
        if not task.scheme:
            return task.target.stat().st_mtime >= limit
        result = stat(task.result)
        return result is not None and result.size > 0 and result.modified >= limit
    except (OSError, ValueError):
        return False


def with_storage(work: Work) -> Work:
    """The function `work`, also for photos and results at URLs, which it sees as local files."""

    def run(task: PhotoTask) -> tuple[str, ...]:
        if not task.scheme and not is_url(task.source):
            return work(task)
        with tempfile.TemporaryDirectory(prefix="pix2pix-") as folder:
            local = _local_task(task, Path(folder))
            try:
                if local.source != task.source:
                    download(task.source, Path(local.source))
                notes = work(local)
            except Exception as error:
                reason = describe_error(error).removeprefix(f"{local.source}: ")
                raise ValueError(reason.replace(str(local.target), task.result)) from None
            if task.scheme:
                upload(local.target, task.result)
            return notes

    return run


def _local_task(task: PhotoTask, folder: Path) -> PhotoTask:
    source, target = task.source, task.target
    if is_url(source):
        suffix = Path(source).suffix
        source = str(folder / f"photo{suffix if len(suffix) <= _MAX_SUFFIX else ''}")
    if task.scheme:
        target = folder / f"result{target.suffix}"
    return replace(task, source=source, target=target, scheme="")
