"""Plan the output paths of a command; inputs are never overwritten."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

# The output file of each input, and the reason for inputs without one
Planned: TypeAlias = tuple[dict[str, Path], dict[str, str]]


def plan_outputs(
    inputs: list[str], out: str, endings: Sequence[str] = (), others: Sequence[str] = ()
) -> Planned:
    """The output file of each input, and the reason for inputs without one.

    `inputs` are distinct; neither they nor `others` are overwritten. Raises ValueError if OUT is
    not usable.
    """
    if not endings:
        from pix2pix.images.writer import FORMATS  # NumPy: --help must not wait for it

        endings = tuple(FORMATS)
    if not out:
        raise ValueError("-o is empty; expected a file or folder for the results")
    path = Path(out)
    if len(inputs) > 1 or out.endswith(("/", os.sep)) or path.is_dir():
        check_folder(path)
        ending = ".png" if ".png" in endings else endings[0]
        wanted = {source: path / f"{Path(source).stem}{ending}" for source in inputs}
    else:
        if path.suffix.lower() not in endings:
            raise ValueError(
                f"{out}: unknown format; use one of {', '.join(endings)}, or end it in / for a "
                "folder"
                if len(endings) > 1
                else f"{out}: a label map needs a lossless format; use {endings[0]}, or end it in "
                "/ for a folder"
            )
        check_folder(path.parent)
        wanted = {inputs[0]: path}

    return guard_outputs(wanted, others)


def guard_outputs(wanted: dict[str, Path], others: Sequence[str] = ()) -> Planned:
    """The wanted outputs that overwrite no input, no folder and no other output.

    Also returns the reason for each input without an output.
    """
    originals = {identify(Path(source)): source for source in [*others, *wanted]}
    owners: dict[Path, str] = {}
    bad: dict[str, str] = {}
    for source, target in wanted.items():
        there = identify(target)
        if there and there in originals:
            victim = originals[there]
            bad[source] = f"its result would overwrite {'it' if victim == source else victim}"
        elif target in owners:
            bad[source] = f"its result would overwrite that of {owners[target]}, {target}"
        elif target.is_dir():
            bad[source] = f"its result cannot be written, {target} is a folder"
        else:
            owners[target] = source
    return {source: target for target, source in owners.items()}, bad


def check_folder(folder: Path) -> None:
    """Raises ValueError unless the folder is writable or can be created."""
    there = next(p for p in (folder, *folder.parents) if p.exists())
    if not there.is_dir():
        raise ValueError(f"{there}: is a file; the results need a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ValueError(f"{there}: is a folder without write permission")


def identify(path: Path) -> tuple[int, int] | None:
    """The identity of a file, equal for all of its paths; None if it does not exist."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a name with a null byte
        return None
    return status.st_dev, status.st_ino
