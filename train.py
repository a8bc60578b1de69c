"""Train a model on your own images: `python train.py --help`."""

import sys

from pix2pix.cli.train import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
