"""Train the negative detector and print its accuracy.

    python benchmarks/negative.py --data photos/train --test photos/val [--out FILE.npz]

Photos are augmented by crops, flips, brightness, contrast and grain. The score of a
photo is the network's output for it minus the output for its negative.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pix2pix.images.color import lightness
from pix2pix.images.negative import MIN_SCORE, SIDE, WEIGHTS
from pix2pix.images.reader import find_images, open_rgb

CHANNELS = (16, 32, 64, 64)
KEPT_SIDE = 88  # pixels; side of the photos that crops are taken from


class NegativeDetector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((1, *CHANNELS), CHANNELS):
            layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after)]
            layers += [nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.drop = nn.Dropout(0.3)
        self.out = nn.Linear(CHANNELS[-1] * 16, 1, bias=False)  # 64 -> 32 -> 16 -> 8 -> 4 pixels

    def forward(self, x: Tensor) -> Tensor:  # (N, 1, 64, 64) in -1..1
        answers = self.out(self.drop(self.layers(torch.cat([x, -x])).flatten(1)))[:, 0]
        as_it_is, inverted = answers.chunk(2)
        return as_it_is - inverted  # (N,), > 0 for a positive

    def weights(self) -> dict[str, np.ndarray]:
        """The weights for `pix2pix.images.negative`, with norms folded into convolutions."""
        found = {}
        for i in range(len(CHANNELS)):
            conv, norm = self.layers[3 * i], self.layers[3 * i + 1]
            assert isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
            assert norm.running_mean is not None and norm.running_var is not None
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            found[f"w{i}"] = conv.weight * scale[:, None, None, None]
            found[f"b{i}"] = norm.bias - norm.running_mean * scale
        found[f"w{len(CHANNELS)}"] = self.out.weight[0]
        return {name: w.detach().numpy().astype(np.float16) for name, w in found.items()}


def load(folder: Path) -> Tensor:
    """L in 0..1 of all photos in a folder, (N, 1, KEPT_SIDE, KEPT_SIDE)."""
    photos = []
    for path in find_images(folder):
        small = np.asarray(open_rgb(path, at_least=(112, 112)).resize((112, 112)))
        shape = (KEPT_SIDE, KEPT_SIDE)
        photos.append(cv2.resize(lightness(small), shape, interpolation=cv2.INTER_AREA) / 100)
    return torch.from_numpy(np.stack(photos)).float()[:, None]


def stretch(x: Tensor) -> Tensor:
    steps = x.flatten(1)[:, ::2].sort(1)[0]
    k = steps.shape[1] // 100
    low, high = (steps[:, i][:, None, None, None] for i in (k, -1 - k))
    return ((x - low) / (high - low).clamp_min(0.02) * 2 - 1).clamp(-1, 1)


def vary(photos: Tensor) -> Tensor:
    n = len(photos)
    wide = torch.empty(n).uniform_(0.62, 1)
    high = (wide * torch.exp(torch.empty(n).uniform_(-0.2, 0.2))).clamp(max=1)
    place = torch.zeros(n, 2, 3)
    place[:, 0, 0] = wide * torch.where(torch.rand(n) < 0.5, -1.0, 1.0)
    place[:, 1, 1] = high * torch.where(torch.rand(n) < 0.04, -1.0, 1.0)
    place[:, 0, 2], place[:, 1, 2] = ((2 * torch.rand(n) - 1) * (1 - s) for s in (wide, high))
    grid = F.affine_grid(place, [n, 1, SIDE, SIDE], align_corners=False)
    x = F.grid_sample(photos, grid, align_corners=False, padding_mode="reflection")
    lying = torch.rand(n) < 0.08
    x[lying] = x[lying].transpose(2, 3)
    x = x.clamp(1e-4, 1) ** torch.exp(torch.randn(n) * 0.4)[:, None, None, None]
    hard = (torch.rand(n) < 0.3).float()[:, None, None, None]
    black, white = hard * torch.rand_like(hard) * 0.15, 1 - hard * torch.rand_like(hard) * 0.2
    x = ((x - black) / (white - black)).clamp(0, 1)
    grain = torch.rand(n)[:, None, None, None] ** 2 * 0.06
    return stretch(x + torch.randn_like(x) * grain)


def train(photos: Tensor, epochs: int, batch: int = 256) -> NegativeDetector:
    detector = NegativeDetector()
    optimizer = torch.optim.AdamW(detector.parameters(), 2e-3, weight_decay=0.02)
    steps = epochs * (len(photos) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps + 1)
    for epoch in range(epochs):
        order = torch.randperm(len(photos))[: len(photos) // batch * batch]
        for part in order.split(batch):
            loss = F.softplus(-detector(vary(photos[part]))).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}: loss {loss.item():.3f}", flush=True)
    return detector.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of training photos")
    parser.add_argument("--test", type=Path, required=True, help="folder of test photos")
    parser.add_argument("--epochs", type=int, default=32)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.manual_seed(0)
    detector = train(load(options.data), options.epochs)
    arrays: dict[str, Any] = detector.weights()  # savez also has a bool keyword
    np.savez_compressed(options.out, **arrays)
    with torch.no_grad():
        score = detector(stretch(F.interpolate(load(options.test), (SIDE, SIDE), mode="area")))
    correct, sure = (score > 0).float().mean(), (score > MIN_SCORE).float().mean()
    print(f"right: {correct:.1%}; at {MIN_SCORE}: {sure:.1%}")
    wrong = int((score < -MIN_SCORE).sum())
    print(f"positives called negatives at {MIN_SCORE}: {wrong} of {len(score)}")


if __name__ == "__main__":
    main()
