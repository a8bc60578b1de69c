"""Photos from label maps (task `labels2photo`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch
from PIL import Image

from pix2pix.checkpoint import Model
from pix2pix.config import CheckpointConfig
from pix2pix.config_fields import require
from pix2pix.data.resize_crop import Placement, resample, serving_geometry
from pix2pix.inference.backends import Stop
from pix2pix.inference.gpu_on_demand import make_runner
from pix2pix.inference.regions import Regions, edge_radius, make_style_map
from pix2pix.inference.styles import Styles
from pix2pix.inference.working_shapes import pad_to_multiple, working_shape
from pix2pix.labels.label_map import check_label_map, resize_label_map
from pix2pix.models import Style as StyleInput
from pix2pix.models.tensors import decode_photo, encode_labels

MAX_SIDE = 4096  # maximum short side of a requested photo, in pixels

Style: TypeAlias = "Sequence[float] | np.ndarray"


class Drawer:
    """Generates the photo of a label map (task `labels2photo`).

    Photos larger than `largest` are those of `enhanced`, a model with finer detail, if there is one
    (`enhance`); else they are enlarged from `largest`.
    """

    enhanced: Drawer | None = None

    def __init__(
        self, config: CheckpointConfig, model: Model, device: torch.device, engine: str = "torch"
    ) -> None:
        self.config = config
        self.size = config.size
        self.largest = config.max_size or min(config.shape)
        self._runner = make_runner(model, device, engine, live_shape=config.shape)
        self._styles = Styles(config, model.style_encoder)

    def enhance(self, enhanced: Drawer) -> None:
        """Lets `enhanced` draw the photos that are larger than `largest`, in this drawer's styles.

        Raises ValueError unless it has the same classes and length of style codes, and draws
        larger photos.
        """
        for what, found, expected in (
            ("classes", *([c.name for c in d.config.palette] for d in (enhanced, self))),
            ("style codes of length", enhanced.style_dim, self.style_dim),
        ):
            if found != expected:
                raise ValueError(
                    f"a model for larger photos must have the {what} {expected}, got {found}"
                )
        require(
            enhanced.largest > self.largest,
            "the largest size of a model for larger photos",
            f"above {self.largest}",
            enhanced.largest,
        )
        self.enhanced = enhanced

    @property
    def finest(self) -> int:
        """The largest short side of photos that are not enlarged, in pixels."""
        return self.enhanced.finest if self.enhanced else self.largest

    @property
    def style_dim(self) -> int:
        """The length of a style code; 0 if the model has no styles."""
        return self.config.generator.style_dim

    @property
    def styles(self) -> dict[str, tuple[float, ...]]:
        """The named styles of the checkpoint."""
        return self.config.styles

    def style_from(self, photo: Image.Image) -> np.ndarray:
        """The style code (style_dim,) float32 of a photo of any size.

        Raises ValueError if the checkpoint has no styles.
        """
        return self._styles.read(photo)

    def draw(
        self,
        label_map: np.ndarray,
        seed: int = 0,
        style: Style | None = None,
        stop: Stop = None,
        size: int | None = None,
        regions: Regions | None = None,
    ) -> np.ndarray:
        """The photo (H, W, 3) uint8 of a label map (H, W) uint8 of class indices or VOID.

        The same map and style give the same photo. `style` has style_dim numbers; by default the
        seed determines it. `regions` gives parts of the drawing other styles, with soft edges
        between them. The photo's short side is `size`, by default the map's. The network
        works at short sides from its training size to `largest`; photos of other sizes are resized
        from there, or are those of `enhanced`. Raises ValueError for an invalid label map, a size
        below 1 or above MAX_SIDE, an invalid style, and regions of another shape or for a model
        without styles; InferenceCancelledError soon after `stop()` returns true.
        """
        num_classes = self.config.generator.in_channels
        check_label_map(label_map, num_classes)
        code = self._styles.code(seed, style)
        height, width = label_map.shape
        if size is not None:
            require(1 <= size <= MAX_SIDE, "size", f"from 1 to {MAX_SIDE}", size)
            height, width = (
                max(1, round(s * size / min(label_map.shape))) for s in (height, width)
            )
        if self.enhanced is not None and min(height, width) > self.largest:
            if code is not None:  # its own code of a seed may be another
                style = code[0].tolist()
            if regions is not None:
                regions.check_shape(label_map.shape)
                looks = [self._styles.look(look)[0].tolist() for look in regions.looks]
                regions = Regions(regions.ids, looks)
            return self.enhanced.draw(label_map, 0, style, stop, min(height, width), regions)
        side = max(min(height, width, self.largest), min(self.config.shape))
        labels, placement = self._show(label_map, (height, width), side)
        multiple = self.config.generator.multiple
        filled = pad_to_multiple(labels, multiple)
        painted: StyleInput | None = code
        if regions is not None:
            regions.check_shape(label_map.shape)
            own = seed if style is None else style
            codes = torch.cat([self._styles.look(look) for look in (own, *regions.looks)])
            ids, _ = self._show(regions.ids, (height, width), side)
            painted = make_style_map(pad_to_multiple(ids, multiple), codes, edge_radius(side))
        output = self._runner(encode_labels(filled[None], num_classes), painted, stop)
        photo = placement.extract(
            decode_photo(output)[0, : placement.outer[0], : placement.outer[1]]
        )
        return resample(photo, (height, width))

    def _show(
        self, label_map: np.ndarray, shape: tuple[int, int], side: int
    ) -> tuple[np.ndarray, Placement]:
        """The network's input for a map with the short side `side`, and the placement of an image
        of `shape` in it."""
        geometry = serving_geometry(self.config)
        geometry = geometry.with_height(round(self.config.size * side / min(self.config.shape)))
        placement = geometry.placement(label_map.shape)
        if geometry.resize_mode == "squeeze":  # keep the aspect, as training nearly does
            whole = working_shape(*shape, side)
            placement = Placement(whole, whole)
        if geometry.resize_mode in ("crop", "squeeze"):
            return resize_label_map(label_map, placement.outer), placement
        return geometry.prepare(label_map), placement
