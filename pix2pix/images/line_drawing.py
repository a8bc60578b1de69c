"""Line drawings from photos: Canny edges as strokes, simplified and redrawn as by a hand.

`lines_from_photo` gives the same lines for the same photo, for the app and for evaluation.
`random_sketch` varies everything, for training: a generator that saw few crooked strokes and many
exact ones accepts both. Strokes are found in a copy of the photo whose short side is UNIT_SIDE, and
all lengths are in its pixels: the lines of a photo do not depend on its size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

PAPER, INK = 255, 0
UNIT_SIDE = 256
SHIFT = 4  # cv2 takes coordinates in units of 2 ** -SHIFT pixels
MAX_STROKES = 400
PEN_EDGE = 0.75  # pixels from half of a line's width, rounded up, to its side as cv2 draws it
SMOOTH_FROM = 1.2  # tolerance in pixels above which simplified strokes are rounded again
SPOT_AREA = (25.0, 800.0)  # dark spots that may be filled: pupils, nostrils, buttons

BLANK_FRACTION = 0.02  # of random sketches without a stroke
SINGLE_FRACTION = 0.03  # with one stroke
FEW_FRACTION = 0.4  # with 4 to MAX_FEW strokes
MAX_FEW = 24
ROUGH_FRACTION = (
    0.4  # of those, with strokes as rough as circles and triangles of a child's drawing
)

Stroke = np.ndarray  # (N, 2) float32, the points x, y of a closed curve


@dataclass(frozen=True)
class Sketch:
    """A line drawing (H, W) uint8, INK on PAPER, and its number of strokes."""

    image: np.ndarray
    num_strokes: int


def lines_from_photo(photo: np.ndarray, detail: float = 0.5, width: float = 2.0) -> np.ndarray:
    """The lines (H, W) uint8, INK on PAPER, of a photo (H, W, 3) uint8.

    `detail` from 0 (outlines only) to 1 (every hair). Raises ValueError for any other value.
    """
    return draw_strokes(find_main_strokes(photo, detail), photo.shape[:2], width)


def ink_from_photo(photo: np.ndarray, detail: float = 0.5, width: float = 2.0) -> np.ndarray:
    """`lines_from_photo` without grey: the mask (H, W) of the ink, exactly as the browser draws it
    (assets/js/engine/draw/line_drawing.js)."""
    return draw_ink(find_main_strokes(photo, detail), photo.shape[:2], width)


def find_main_strokes(photo: np.ndarray, detail: float) -> list[Stroke]:
    """The strokes of the photo's larger shapes, simplified. Errors as in `lines_from_photo`."""
    if not 0 <= detail <= 1:
        raise ValueError(f"detail must be from 0 to 1, got {detail}")
    blur = float(np.exp(np.interp(detail, (0, 1), np.log((5.0, 1.0)))))
    strokes = find_strokes(resize_to_unit(photo), blur, share=0.08 + 0.09 * detail)
    least = 28 - 18 * detail
    return simplify([s for s in strokes if len(s) >= 2 * least], 0.8)


def random_sketch(photo: np.ndarray, rng: np.random.Generator) -> Sketch:
    """A random sketch of a photo (H, W, 3) uint8: from a careful drawing to a few strokes."""
    shape = photo.shape[:2]
    photo = resize_to_unit(photo)
    blur = float(np.exp(rng.uniform(np.log(0.9), np.log(5.5))))
    strokes = find_strokes(photo, blur, share=rng.uniform(0.04, 0.18))
    strokes = choose_strokes(strokes, rng)
    low, high = (0.4, 4.0) if len(strokes) <= MAX_FEW else (0.4, 1.2)
    if len(strokes) <= MAX_FEW and rng.random() < ROUGH_FRACTION:
        low, high = 4.0, 12.0
    tolerance = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    strokes = shake(simplify(strokes, tolerance), photo.shape[:2], rng)
    width = float(rng.choice([1, 1.5, 2, 2.5, 3, 4, 5]))
    line_type = cv2.LINE_AA if rng.random() < 0.5 else cv2.LINE_8
    image = draw_strokes(strokes, shape, width, line_type)
    if len(strokes) > 3 and rng.random() < 0.4:
        spots = find_dark_spots(photo).astype(np.uint8)
        image[cv2.resize(spots, shape[::-1], interpolation=cv2.INTER_NEAREST) > 0] = INK
    if len(strokes) > 8 and rng.random() < 0.3:
        erase(image, rng)
    return Sketch(image, len(strokes))


def resize_to_unit(photo: np.ndarray) -> np.ndarray:
    """The photo with a short side of UNIT_SIDE pixels."""
    scale = UNIT_SIDE / min(photo.shape[:2])
    if scale == 1:
        return photo
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def find_strokes(photo: np.ndarray, blur: float, share: float) -> list[Stroke]:
    """The outlines of the edges of a photo, longest first, at most MAX_STROKES.

    Canny (1986) on the colour channel with the strongest gradient at each pixel. `share` is the
    fraction of pixels whose gradient may start an edge.
    """
    soft = cv2.GaussianBlur(photo, (0, 0), blur)
    across = cv2.Sobel(soft, cv2.CV_16S, 1, 0, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(soft, cv2.CV_16S, 0, 1, borderType=cv2.BORDER_REPLICATE)
    size = np.abs(across) + np.abs(down)
    strongest = size.argmax(2)[..., None]
    dx = np.ascontiguousarray(np.take_along_axis(across, strongest, 2)[..., 0])
    dy = np.ascontiguousarray(np.take_along_axis(down, strongest, 2)[..., 0])
    sample = np.take_along_axis(size, strongest, 2)[::2, ::2]
    high = max(float(np.quantile(sample, 1 - share)), 12.0)
    edges = cv2.Canny(dx, dy, 0.4 * high, high)
    found, _ = cv2.findContours(edges, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    contours = sorted(found, key=len, reverse=True)[:MAX_STROKES]
    return [contour[:, 0].astype(np.float32) for contour in contours]


def choose_strokes(strokes: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """A random part of strokes that are sorted by length: none, one, a few or most."""
    chance = rng.random()
    if chance < BLANK_FRACTION:
        return []
    if chance < BLANK_FRACTION + SINGLE_FRACTION:
        return [strokes[int(rng.integers(min(len(strokes), 20)))]] if strokes else []
    if chance < BLANK_FRACTION + SINGLE_FRACTION + FEW_FRACTION:
        count = int(np.exp(rng.uniform(np.log(4), np.log(MAX_FEW + 1))))
        candidates = list(strokes[: round(count * rng.uniform(1, 1.6))])
        kept = rng.permutation(len(candidates))[:count]
        return [candidates[i] for i in kept]
    least, dropped = rng.uniform(8, 60), rng.uniform(0, 0.4)
    return [s for s in strokes if len(s) >= least and rng.random() >= dropped]


def simplify(strokes: Sequence[Stroke], tolerance: float) -> list[Stroke]:
    """Closed curves through fewer points: Douglas-Peucker (1973), corners rounded (Chaikin, 1974).

    No point of a stroke is further than about `tolerance` pixels from its simplified version.
    """
    simpler = [cv2.approxPolyDP(s, tolerance, True)[:, 0] for s in strokes]
    if tolerance < SMOOTH_FROM:
        return simpler
    return [_round_corners(s) if len(s) > 4 else s for s in simpler]


def _round_corners(stroke: Stroke) -> Stroke:
    for _ in range(2):
        following = np.roll(stroke, -1, axis=0)
        pairs = np.stack([0.75 * stroke + 0.25 * following, 0.25 * stroke + 0.75 * following], 1)
        stroke = pairs.reshape(-1, 2).astype(np.float32)
    return stroke


def shake(
    strokes: Sequence[Stroke], shape: tuple[int, int], rng: np.random.Generator
) -> list[Stroke]:
    """Strokes displaced as by an unsteady hand: each as a whole, and all by a smooth field."""
    if not strokes:
        return []
    bend, offset = rng.uniform(0, 4), rng.uniform(0, 2)
    knots = rng.normal(0, bend, (4, 4, 2)).astype(np.float32)
    field = cv2.resize(knots, shape[::-1], interpolation=cv2.INTER_CUBIC)
    points = np.concatenate(strokes)
    x, y = np.rint(points).astype(int).T
    moved = points + field[y.clip(0, shape[0] - 1), x.clip(0, shape[1] - 1)]
    counts = [len(stroke) for stroke in strokes]
    moved += np.repeat(rng.normal(0, offset, (len(strokes), 2)), counts, axis=0)
    return np.split(moved.astype(np.float32), np.cumsum(counts)[:-1])


def find_dark_spots(photo: np.ndarray) -> np.ndarray:
    """The mask (H, W) of small spots that are much darker than their surroundings."""
    gray = cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), (0, 0), 1)
    around = cv2.blur(gray, (41, 41))
    dark = (gray.astype(np.int16) < around.astype(np.int16) - 40).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark)
    area = stats[:, cv2.CC_STAT_AREA]
    is_spot = (area >= SPOT_AREA[0]) & (area <= SPOT_AREA[1])
    is_spot[0] = False  # the ground
    mask: np.ndarray = is_spot[labels]
    return mask


def draw_strokes(
    strokes: Sequence[Stroke], shape: tuple[int, int], width: float, line_type: int = cv2.LINE_AA
) -> np.ndarray:
    """The strokes at the size `shape` (H, W), uint8, INK on PAPER."""
    image: np.ndarray = np.full(shape, PAPER, np.uint8)
    scale = min(shape) / UNIT_SIDE
    # A pixel's centre is at an integer in cv2, so that scaling starts half a pixel before it
    points = [(((s + 0.5) * scale - 0.5) * 2**SHIFT).round().astype(np.int32) for s in strokes]
    cv2.polylines(image, points, True, INK, max(1, round(width * scale)), line_type, SHIFT)
    return image


def draw_ink(strokes: Sequence[Stroke], shape: tuple[int, int], width: float) -> np.ndarray:
    """The mask (H, W) of the pixels that `draw_strokes` makes darker than middle grey, all but
    about one in a hundred, by a rule that is easy to repeat elsewhere: the distance from the
    stroke. For lines of 2 pixels at least."""
    ink: np.ndarray = np.zeros(shape, bool)
    scale = min(shape) / UNIT_SIDE
    reach = math.ceil(max(2, round(width * scale)) / 2) + PEN_EDGE
    for stroke in strokes:
        ends = (stroke.astype(float) + 0.5) * scale - 0.5
        _ink_segments(ink, np.roll(ends, 1, axis=0), ends, reach)
    return ink


def _ink_segments(ink: np.ndarray, starts: np.ndarray, ends: np.ndarray, reach: float) -> None:
    """Sets the pixels whose centre is at most `reach` from a segment."""
    low = np.ceil(np.minimum(starts, ends) - reach).clip(0).astype(int)
    high = np.floor(np.maximum(starts, ends) + reach).clip(max=np.array(ink.shape[::-1]) - 1)
    size = (high.astype(int) - low + 1).clip(0)
    counts = size.prod(1)  # pixels in the box around each segment
    which = np.repeat(np.arange(len(starts)), counts)
    place = np.arange(len(which)) - np.repeat(counts.cumsum() - counts, counts)
    x = low[which, 0] + place % size[which, 0]
    y = low[which, 1] + place // size[which, 0]
    dx, dy = (ends - starts).T[:, which]
    from_x, from_y = starts.T[:, which]
    square = dx * dx + dy * dy
    along = (x - from_x) * dx + (y - from_y) * dy
    along = np.divide(along, square, out=np.zeros_like(square), where=square > 0).clip(0, 1)
    across, down = from_x + along * dx - x, from_y + along * dy - y
    is_near = across * across + down * down <= reach * reach
    ink[y[is_near], x[is_near]] = True


def erase(image: np.ndarray, rng: np.random.Generator) -> None:
    """Wipes a few random lines and spots off a drawing, in place."""
    height, width = image.shape
    for _ in range(int(rng.integers(1, 6))):
        start = (int(rng.integers(width)), int(rng.integers(height)))
        end = (int(rng.integers(width)), int(rng.integers(height)))
        if rng.random() < 0.5:
            end = start
        thickness = rng.uniform(3, 40) * min(image.shape) / UNIT_SIDE
        cv2.line(image, start, end, PAPER, max(1, round(thickness)))
