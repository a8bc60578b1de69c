"""torchrun without its command line, for a process that has imported all that training needs."""

import os
from pathlib import Path

from helpers.two_workers import train_to_the_eighth_step
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from pix2pix.cli import train


def launch(folder: str, restarts: int, arguments: list[str]) -> None:
    """torchrun with two workers of train.py that are forked from this process.

    Each writes its process id to FOLDER/pid0, pid1. Before the first restart the second waits in
    the eighth step to be killed.
    """
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=2,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id="test",
        max_restarts=restarts,
        start_method="fork",
    )
    elastic_launch(config, train_as_worker)(folder, arguments)


def train_as_worker(folder: str, arguments: list[str]) -> None:
    (Path(folder) / f"pid{os.environ['RANK']}").write_text(str(os.getpid()))
    is_first = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
    raise SystemExit((train_to_the_eighth_step if is_first else train.main)(arguments))
