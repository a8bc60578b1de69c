"""What the discriminator minimises, as one module whose forward takes a microbatch."""

from torch import Tensor, nn

from pix2pix.runtime.device import autocast
from pix2pix.training import gan
from pix2pix.training.losses import discriminator_loss, reading_loss
from pix2pix.training.microbatch import Microbatch
from pix2pix.training.recipe import Recipe


class DiscriminatorLoss(nn.Module):
    """Real up, fake down, averaged over scales; real ones read as labelled, fakes as painted."""

    def __init__(self, recipe: Recipe, discriminator: nn.Module, bf16: bool) -> None:
        super().__init__()
        self.recipe, self.discriminator, self.bf16 = recipe, discriminator, bf16

    def forward(
        self, part: Microbatch, real: gan.DiscriminatorInput, fake: gan.DiscriminatorInput
    ) -> Tensor:
        """`real` and `fake` are what `gan.show` made of the microbatch, detached."""
        recipe, discriminator = self.recipe, self.discriminator
        with autocast(part.input.device, self.bf16):
            count, share = gan.judged(recipe, part)
            verdicts = (
                gan.discriminate(discriminator, seen.first(count)) for seen in (real, fake) if count
            )
            losses = [
                discriminator_loss(
                    real_logits.float(),
                    fake_logits.float(),
                    recipe.gan_mode,
                    recipe.label_smoothing,
                )
                for (real_logits, _), (fake_logits, _) in zip(*verdicts)
            ]
            loss = gan.mean_of(losses, fake.image) * share
            read_real = gan.read(discriminator, real)
            read_fake = gan.read(discriminator, fake)
            if read_real is not None and read_fake is not None:
                painted = reading_loss(read_fake, fake.condition, painted=True)
                reading = (reading_loss(read_real, real.condition) + painted) / 2
                loss = loss + reading * part.share
        return loss
