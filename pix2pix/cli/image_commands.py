"""The commands that convert images one by one: `draw`, `trace` and `translate`.

The module of each has its options (`add_options`), the paths of its results (`plan_results`) and
`load_process`, which loads the model and returns the function that processes one file.
"""

import argparse
import os
import threading
import time
import warnings
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from pix2pix.cli import draw, trace, translate
from pix2pix.cli.arguments import Commands, Process, add_command, add_device
from pix2pix.cli.console import describe_error, print_stderr
from pix2pix.cli.photo_report import PhotoPlan, write_report
from pix2pix.cli.ray_command import check_ray_options

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from pix2pix.cli.photo_command import Work
    from pix2pix.cli.photo_tasks import PhotoTask

OUTPUT_RULES = """\
OUT is a file for one input (.png, .jpg, .webp, .tiff or .bmp). For several inputs, or if OUT is a
folder or ends in /, it is a folder, created if needed; results are PNG files with the names of the
inputs. Inputs are never overwritten. Pass inputs with names that start with - last, after --.

exit status: 0 all done; 1 some inputs failed (the others are done, the failed ones are listed at
the end); 2 nothing could be done.
"""


def add_parser(commands: Commands, command: ModuleType) -> None:
    """Adds the command of a module, `draw`, `trace` or `translate`, to a parser's commands."""
    parser = add_command(
        commands,
        command.__name__.rpartition(".")[2],
        command.SUMMARY,
        description=command.HELP,
        epilog=f"{command.EXAMPLES}\n{OUTPUT_RULES}",
    )
    parser.add_argument("inputs", nargs="+", metavar=command.INPUT, help=command.INPUT_HELP)
    parser.add_argument("-o", "--out", required=True, help="file or folder for the results")
    add_device(parser)
    command.add_options(parser)
    parser.set_defaults(run=lambda options: run(command, options))


def add_parsers(commands: Commands) -> None:
    for command in (draw, trace, translate):
        add_parser(commands, command)


def run(command: ModuleType, options: argparse.Namespace) -> int:
    """Processes each input and returns the exit status. Raises ValueError if none can be."""
    from pix2pix.cli.photo_command import check_report

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # problems with files are reported in one line each
        if command is not trace:
            check_report(options)
            check_ray_options(options)
        if command is translate and (status := translate.run_if_videos(options)) is not None:
            return status
        if getattr(options, "ray", None) is not None:
            return run_archive(command, options)
        return run_inputs(command, options)


def run_inputs(command: ModuleType, options: argparse.Namespace) -> int:
    """Processes each input in turn."""
    from pix2pix.cli.photo_batch import Outcome
    from pix2pix.cli.photo_tasks import describe_left_out

    inputs = list(dict.fromkeys(options.inputs))  # the same name twice is one input
    begin = time.perf_counter()
    (targets, bad), left_out = command.plan_results(options, inputs)
    if left_out:
        print_stderr(describe_left_out(left_out))
    done = find_done(options, inputs, targets)
    waiting = {source: t for source, t in targets.items() if source not in done}
    outcomes: list[Outcome] = []
    # Loaded late: torch takes seconds, and --help and mistakes should not wait for it.
    process: Process | None = command.load_process(options) if waiting or not done else None
    for source, target in waiting.items():
        assert process
        start = time.perf_counter()
        try:
            save_result(process(source), target)
            seconds = time.perf_counter() - start
            outcomes.append(Outcome(source, str(target), seconds=seconds))
        except Exception as error:  # one file must not stop the batch
            bad[source] = describe_error(error).removeprefix(f"{source}: ")
    for source in dict.fromkeys([*inputs, *waiting, *bad]):
        if source in bad:
            print_stderr(f"{source}: {bad[source]}")
    if done:
        print_stderr(f"{len(done)} already done and skipped; --force does them again")
    if getattr(options, "report", None):
        skipped = [make_task(source, targets[source]) for source in targets if source in done]
        seconds = time.perf_counter() - begin
        write_report(options.report, outcomes, skipped, bad, left_out, seconds)
    if not bad:
        return 0
    return 1 if done or outcomes else 2


def save_result(result: "Image.Image | np.ndarray", target: Path) -> None:
    """Writes a picture, or the samples (H, W, C) of an image in their own unit."""
    import numpy as np  # late: --help must not wait for it

    from pix2pix.images.sample_writer import save_samples
    from pix2pix.images.writer import save_image

    if isinstance(result, np.ndarray):
        save_samples(result, target)
    else:
        save_image(result, target)


def find_done(options: argparse.Namespace, inputs: list[str], targets: dict[str, Path]) -> set[str]:
    """The inputs from folders with a newer result; empty with --force."""
    is_batch = any(source and Path(source).is_dir() for source in inputs)
    if not is_batch or getattr(options, "force", True):
        return set()
    from pix2pix.cli.photo_batch import is_done

    return {source for source, target in targets.items() if is_done(make_task(source, target))}


def make_task(source: str, target: Path) -> "PhotoTask":
    from pix2pix.cli.photo_tasks import PhotoTask

    return PhotoTask(source, Path(source).name, target)


# Archives


def run_archive(command: ModuleType, options: argparse.Namespace) -> int:
    """Processes the inputs on a Ray cluster."""
    from pix2pix.cli.photo_command import process

    plan = plan_archive(command, options)
    return process(options, plan, partial(load_work, command), lambda _: None)


def plan_archive(command: ModuleType, options: argparse.Namespace) -> PhotoPlan:
    """The tasks, with the results that the command without --ray would write."""
    from pix2pix.cli.photo_command import find_finished_tasks, plan_storage, uses_storage

    if uses_storage(options):
        ending = translate.default_ending(options) if command is translate else ".png"
        plan = plan_storage(options, ending)
        plan.tasks = [task for task in plan.tasks if not task.page]
        return plan
    inputs = list(dict.fromkeys(options.inputs))
    (targets, bad), left_out = command.plan_results(options, inputs)
    is_batch = len(inputs) > 1 or options.out.endswith(("/", os.sep)) or Path(options.out).is_dir()
    is_batch = is_batch or any(source and Path(source).is_dir() for source in inputs)
    tasks = [make_task(source, target) for source, target in targets.items()]
    return find_finished_tasks(PhotoPlan(tasks, bad, left_out, is_batch and not options.force))


def load_work(command: ModuleType, options: argparse.Namespace, _: None) -> "Work":
    """Loads the model and returns the function that processes a task and returns notes."""
    said = threading.local()  # the lines about the file that a thread is processing
    process: Process = command.load_process(options, lambda line: said.lines.append(line))

    def work(task: "PhotoTask") -> tuple[str, ...]:
        said.lines = []
        save_result(process(task.source), task.target)
        return tuple(line.removeprefix(f"{task.source}: ") for line in said.lines)

    return work
