"""Convert a checkpoint with batch norm to instance norm.

    python benchmarks/own_statistics.py CHECKPOINT OUT

The pix2pix authors test their models this way: batch norm in training mode, one image at a time
(Isola et al. 2017, section 3.3), which equals instance norm. We serve checkpoints of the recipe
`paper` with running statistics; a fair comparison measures both. Unlike the authors, we disable
dropout.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pix2pix.checkpoint import Model, load_checkpoint, save_checkpoint  # noqa: E402
from pix2pix.config import CheckpointConfig  # noqa: E402
from pix2pix.training.model_card import write_card  # noqa: E402

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


def with_own_statistics(config: CheckpointConfig, model: Model) -> tuple[CheckpointConfig, Model]:
    """The equivalent checkpoint with instance norm.

    Raises ValueError for a generator without batch norm, and for one with a pretrained encoder,
    which always has batch norm.
    """
    norm, encoder = config.generator.norm, config.generator.encoder
    if (norm, encoder) != ("batch", "unet"):
        raise ValueError(
            f"expected a generator with norm batch and encoder unet, got {norm} and {encoder}"
        )
    config = replace(config, generator=replace(config.generator, norm="instance"), metrics={})
    twin = Model(config)
    tensors = {k: v for k, v in model.state_dict().items() if not k.endswith(STATISTICS)}
    # With instance norm the convolutions have a bias, which starts at 0 and has no effect.
    missing, unexpected = twin.load_state_dict(tensors, strict=False)
    assert not unexpected and all(name.endswith("conv.bias") for name in missing)
    return config, twin.eval().requires_grad_(False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    config, model = with_own_statistics(*load_checkpoint(options.checkpoint))
    save_checkpoint(options.out, config, model, write_card(config))


if __name__ == "__main__":
    main()
