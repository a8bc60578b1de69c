"""The loss of the discriminator, as a module that DistributedDataParallel can wrap."""

import torch
from torch import Tensor, nn

from pix2pix.runtime.device import autocast
from pix2pix.training import gan
from pix2pix.training.losses import discriminator_loss, oasis_loss
from pix2pix.training.microbatch import Microbatch
from pix2pix.training.recipe import Recipe


class DiscriminatorLoss(nn.Module):
    """GAN loss averaged over scales, plus the OASIS loss if there is an OasisDiscriminator."""

    def __init__(self, recipe: Recipe, discriminator: nn.Module, bf16: bool) -> None:
        super().__init__()
        self.recipe, self.discriminator, self.bf16 = recipe, discriminator, bf16

    def forward(
        self, microbatch: Microbatch, real: gan.DiscriminatorInput, fake: gan.DiscriminatorInput
    ) -> Tensor:
        """`real` and `fake` are inputs of D from `gan.make_input`, detached."""
        recipe, discriminator = self.recipe, self.discriminator
        with autocast(microbatch.input.device, self.bf16):
            outputs = (gan.discriminate(discriminator, seen) for seen in (real, fake))
            losses = [
                discriminator_loss(
                    real_logits.float(),
                    fake_logits.float(),
                    recipe.gan_mode,
                    recipe.label_smoothing,
                )
                for (real_logits, _), (fake_logits, _) in zip(*outputs)
            ]
            loss = torch.stack(losses).mean() * microbatch.share
            read_real = gan.segment(discriminator, real)
            read_fake = gan.segment(discriminator, fake)
            if read_real is not None and read_fake is not None:
                painted = oasis_loss(read_fake, fake.condition, painted=True)
                reading = (oasis_loss(read_real, real.condition) + painted) / 2
                loss = loss + reading * microbatch.share
        return loss
