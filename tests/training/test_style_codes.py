"""From where random styles are drawn."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from pix2pix.data.loader import Batch
from pix2pix.models import StyleEncoder
from pix2pix.training.style_codes import MAX_MEASURED, measure_styles


@dataclass
class Photos:
    targets: torch.Tensor
    names: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.targets)

    def batch(
        self, indices: list[int], rngs: list[np.random.Generator] | None, size: int | None = None
    ) -> Batch:
        assert rngs is None
        chosen = self.targets[indices]
        return Batch(chosen, chosen, torch.ones(len(chosen), 1, *chosen.shape[2:]), chosen)


@pytest.fixture
def encoder() -> StyleEncoder:
    torch.manual_seed(0)
    return StyleEncoder(3, nef=4, layers=2).eval()


def random_photos(count: int) -> Photos:
    noise = torch.rand(count, 3, 1, 1, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return Photos(noise + 0.1 * torch.randn(count, 3, 8, 8, generator=torch.manual_seed(2)))


@pytest.mark.parametrize("count", (2, 21))
def test_styles_are_drawn_from_the_mean_and_covariance_of_the_photos_codes(
    encoder: StyleEncoder, count: int
) -> None:
    photos = random_photos(count)
    measure_styles(encoder, photos, torch.device("cpu"))
    with torch.no_grad():
        codes = encoder(photos.targets)[0].numpy()
    np.testing.assert_allclose(encoder.style_mean, codes.mean(0), atol=1e-5)
    np.testing.assert_allclose(encoder.style_covariance, np.cov(codes.T), atol=1e-5)
    assert encoder.sample(torch.randn(4, 3)).isfinite().all()


def test_at_most_so_many_photos_are_measured_and_one_is_too_few(encoder: StyleEncoder) -> None:
    measure_styles(encoder, random_photos(1), torch.device("cpu"))
    assert not encoder.style_mean.any() and torch.equal(encoder.style_covariance, torch.eye(3))
    seen: list[int] = []

    class Counting(Photos):
        def batch(
            self,
            indices: list[int],
            rngs: list[np.random.Generator] | None,
            size: int | None = None,
        ) -> Batch:
            seen.extend(indices)
            return super().batch(indices, rngs, size)

    measure_styles(encoder, Counting(random_photos(700).targets), torch.device("cpu"))
    assert len(seen) == len(set(seen)) == MAX_MEASURED and {0, 699} <= set(seen)
