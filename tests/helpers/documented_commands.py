"""Runs the command lines of documents in this process, with training made tiny."""

import shlex

from pix2pix.__main__ import main
from pix2pix.cli import train

# Options that make a training run tiny. The last value of an option counts.
TINY = "--size 32 --ngf 4 --depth 3 --max-channels 8 --ndf 4 --encoder unet --num-workers 0"
TINY += " --lambda-perceptual 0 --lambda-oasis 0 --element-dropout 0 --lambda-uniformity 0"
TINY += " --user-drawings 0 --projected-d false"
TINY += " --progressive-size 0 --batch-size 2 --max-steps 2 --receptive-field 16 --d-scales 1"


def run_command(words: list[str]) -> int:
    """The exit status of a command of ours, run in this process."""
    if words[:3] == ["python", "-m", "pix2pix"]:
        return main(words[3:])
    if words[:2] == ["python", "train.py"]:
        return train.main([*words[2:], *tiny_options(words[2:])])
    raise AssertionError(f"{shlex.join(words)}: the test cannot run it; mark the block")


def tiny_options(arguments: list[str]) -> list[str]:
    if "--show" in arguments:
        return []
    if "--evaluate" in arguments:
        return ["--json", "measured.json"]
    return ["--max-steps", "3"] if "--resume" in arguments else TINY.split()
