"""One step of training without pairs: it updates the generators, then the discriminators."""

from typing import Any

import torch
from torch import Tensor, nn

from pix2pix.checkpoint import DIRECTIONS, Model
from pix2pix.data.loader import Batch, Loadable
from pix2pix.models.patch_projections import PatchProjections
from pix2pix.training import gan
from pix2pix.training.augmentation import draw_chances
from pix2pix.training.distributed import Workers
from pix2pix.training.image_pool import ImagePool
from pix2pix.training.microbatch import accumulate
from pix2pix.training.recipe import Recipe
from pix2pix.training.train_step import checkpoint_config
from pix2pix.training.trainer_base import TrainerBase
from pix2pix.training.unpaired_losses import (
    ContrastiveLoss,
    CycleLoss,
    UnpairedDiscriminatorLoss,
    UnpairedMicrobatch,
)


class UnpairedTrainer(TrainerBase):
    """Trains on two sets of images: CycleGAN in both directions, CUT from A to B.

    `model` and `ema` hold a Model for each direction, and the PatchProjections of CUT;
    `discriminator` holds one for each set of outputs. The pools of earlier outputs are the same on
    all workers.
    """

    model: nn.ModuleDict
    ema: nn.ModuleDict
    discriminator: nn.ModuleDict

    def __init__(
        self,
        recipe: Recipe,
        device: torch.device,
        total_steps: int,
        workers: Workers | None = None,
    ) -> None:
        super().__init__(recipe, device, total_steps, workers)
        self.pools = {side: ImagePool(recipe.pool_size) for side in self.discriminator}
        loss = CycleLoss if recipe.objective == "cyclegan" else ContrastiveLoss
        self.generator_loss = self.workers.wrap(loss(recipe, self.model, self.bf16))
        self.discriminator_loss = self.workers.wrap(
            UnpairedDiscriminatorLoss(recipe, self.discriminator, self.bf16)
        )

    def make_model(self) -> nn.ModuleDict:
        if self.recipe.objective == "cyclegan":
            return nn.ModuleDict(
                {d: Model(checkpoint_config(self.recipe, direction=d)) for d in DIRECTIONS}
            )
        model = Model(checkpoint_config(self.recipe))
        projections = PatchProjections(model.generator.patch_channels)
        return nn.ModuleDict({"AtoB": model, "projections": projections})

    def make_discriminator(self) -> nn.ModuleDict:
        sides = "AB" if self.recipe.objective == "cyclegan" else "B"
        return nn.ModuleDict({side: gan.make_discriminator(self.recipe, side) for side in sides})

    @property
    def served(self) -> dict[str, Model]:
        return self._by_folder(self.ema)

    @property
    def trained(self) -> dict[str, Model]:
        return self._by_folder(self.model)

    def _by_folder(self, models: nn.ModuleDict) -> dict[str, Model]:
        both = self.recipe.objective == "cyclegan"
        found: dict[str, Any] = {d: models[d] for d in DIRECTIONS} if both else {"": models["AtoB"]}
        return found

    def step(self, loaded: Loadable) -> dict[str, Tensor]:
        """Updates the generators, the discriminators and the averaged weights.

        Returns the losses by name, on the device. `loaded` is this worker's part of the step's
        batch. The mean of the losses over the workers is that of the whole batch.
        """
        self._seed_step()
        microbatches = self._make_microbatches(loaded.to(self.device, self.layout))
        self.rates.advance()
        losses, fakes = self._update_generators(microbatches)
        if self.steps_done % self.recipe.d_every == 0:
            losses |= self._update_discriminators(microbatches, fakes)
        self._update_ema()
        self.steps_done += 1
        return losses

    def _make_microbatches(self, batch: Batch) -> list[UnpairedMicrobatch]:
        """The worker's batch in parts; random numbers do not depend on the number of workers."""
        own, workers = len(batch.input), self.workers
        total, size = own * workers.world, own // self.recipe.gradient_accumulation_steps
        start = (self.recipe.seed * 1_000_003 + self.steps_done) * total
        seeds = [(start + workers.rank * own + i) % 2**63 for i in range(own)]
        generator = torch.Generator().manual_seed(self.recipe.seed + self.steps_done)
        chances = workers.own_part(draw_chances(total, generator))
        return [
            UnpairedMicrobatch(
                batch.input[i : i + size],
                batch.target[i : i + size],
                seeds[i : i + size],
                chances[i : i + size],
                size / own,
            )
            for i in range(0, own, size)
        ]

    def _update_generators(
        self, microbatches: list[UnpairedMicrobatch]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Losses by name, summed over the microbatches, and the outputs by the set they imitate."""
        gan.update_spectral_norms(self.discriminator)
        frozen = dict(self.discriminator.requires_grad_(False).items())
        losses: dict[str, Tensor] = {}
        fakes: dict[str, list[Tensor]] = {side: [] for side in frozen}
        self.g_optimizer.zero_grad(set_to_none=True)
        for part in accumulate(self.generator_loss, microbatches):
            result = self.generator_loss(part, frozen)
            self._backward(result.total)
            add_losses(losses, result.losses)
            for side, fake in result.fakes.items():
                fakes[side].append(fake)
        self._clip_and_step(self.g_optimizer)
        return losses, {side: torch.cat(parts) for side, parts in fakes.items()}

    def _update_discriminators(
        self, microbatches: list[UnpairedMicrobatch], fakes: dict[str, Tensor]
    ) -> dict[str, Tensor]:
        """The losses of the discriminators, summed over the microbatches."""
        self.discriminator.requires_grad_(True)
        shown = {side: self._from_pool(side, fake) for side, fake in fakes.items()}
        losses: dict[str, Tensor] = {}
        self.d_optimizer.zero_grad(set_to_none=True)
        start = 0
        for part in accumulate(self.discriminator_loss, microbatches):
            here = slice(start, start + len(part.a))
            start = here.stop
            total, own = self.discriminator_loss(part, {s: x[here] for s, x in shown.items()})
            self._backward(total)
            add_losses(losses, own)
        self._clip_and_step(self.d_optimizer)
        return losses

    def _from_pool(self, side: str, fake: Tensor) -> Tensor:
        """This worker's fake images for D. Every worker's pool gets the outputs of all workers."""
        own = len(fake)
        whole = self.workers.gather_rows(fake, own, own * self.workers.world)
        seed = (self.recipe.seed * 1_000_003 + self.steps_done) * 2 + (side == "B")
        chosen = self.pools[side].query(whole, torch.Generator().manual_seed(seed % 2**63))
        return self.workers.own_part(chosen).contiguous(memory_format=self.layout)

    def state_dict(self) -> dict[str, Any]:
        pools = {side: pool.state_dict() for side, pool in self.pools.items()}
        return {**super().state_dict(), "pools": pools}

    def load_state_dict(self, state: dict[str, Any], best: float | None = None) -> None:
        super().load_state_dict(state, best)
        for side, pool in self.pools.items():
            pool.load_state_dict(state["pools"][side])


def add_losses(totals: dict[str, Tensor], losses: dict[str, Tensor]) -> None:
    for name, loss in losses.items():
        totals[name] = totals[name] + loss if name in totals else loss
