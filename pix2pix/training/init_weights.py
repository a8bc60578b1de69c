"""Initial weights from another checkpoint."""

import logging
import re
from pathlib import Path

from torch import Tensor

from pix2pix.checkpoint import Model, load_checkpoint
from pix2pix.hub import resolve
from pix2pix.hub.download import pinned_name
from pix2pix.models import UNet
from pix2pix.runtime.atomic_io import folder_name
from pix2pix.training.pretrained import load_pretrained_encoder

log = logging.getLogger(__name__)

ENCODER = "generator.down."  # of a U-Net
PINNED = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", re.ASCII)  # OWNER/NAME@SHA


def copy_weights(
    model: Model, task: str, checkpoint: str, pretrained: bool = False
) -> dict[str, object]:
    """Copies into `model` every tensor of the checkpoint that has the same name and shape.

    The checkpoint is a folder, or OWNER/NAME or OWNER/NAME@REVISION on the Hub. An encoder of
    another kind has nothing to give: with `pretrained` the model's own gets its published weights.
    Logs which tensors were not copied and why, and returns facts for the model card. Raises
    ValueError if nothing fits, or as `load_pretrained_encoder`; the model is unchanged then.
    """
    folder = resolve(checkpoint)
    config, source = load_checkpoint(Path(folder))
    generator = model.generator
    swaps = isinstance(generator, UNet) and generator.config.encoder != config.generator.encoder
    own, theirs = model.state_dict(), source.state_dict()
    total = len(own)
    if swaps:  # tensors of different encoders may have a name and a shape in common
        theirs = {n: t for n, t in theirs.items() if not n.startswith(ENCODER)}
    fitting = {n: t for n, t in theirs.items() if n in own and own[n].shape == t.shape}
    # Buffers alone do not count
    if not any(name in dict(model.named_parameters()) for name in fitting):
        raise ValueError(
            f"{checkpoint}: none of its {len(theirs)} tensors fits this recipe's {len(own)} "
            f"in name and shape"
        )
    facts: dict[str, object] = {}
    if swaps and pretrained and (facts := load_pretrained_encoder(generator)):
        log.info("the encoder starts as %s", facts["encoder_from"])
        own = {n: t for n, t in own.items() if not n.startswith(ENCODER)}
    model.load_state_dict(fitting, strict=False)
    log.info("took %d of %d tensors from %s", len(fitting), total, checkpoint)
    if config.task != task:
        log.warning("its task is %s, this run's %s", config.task, task)
    for words, names in left_out(own, theirs):
        log.warning("%s (%d): %s", words, len(names), ", ".join(names))
    return facts | {
        "init_from": pinned_name(folder) or folder_name(folder),
        "init_tensors": f"{len(fitting)} of {total}",
    }


def public_name(start: str) -> str:
    """The Hub name or the folder's name of `start`, without the path on this machine."""
    return start if PINNED.fullmatch(start) else folder_name(start)


def left_out(own: dict[str, Tensor], theirs: dict[str, Tensor]) -> list[tuple[str, list[str]]]:
    """Names of the tensors that are not copied, grouped by reason; no empty group."""
    differing = [
        f"{name} {tuple(theirs[name].shape)} -> {tuple(own[name].shape)}"
        for name in theirs
        if name in own and own[name].shape != theirs[name].shape
    ]
    groups = [
        ("not taken, another shape", differing),
        ("not taken, not in this recipe", [name for name in theirs if name not in own]),
        ("not in the checkpoint, starting anew", [name for name in own if name not in theirs]),
    ]
    return [(words, names) for words, names in groups if names]
