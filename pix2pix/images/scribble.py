"""Scribbles from photos: an outline and a few round details, as people draw from memory.

`line_drawing.random_sketch` keeps the longest edges of a photo, among which eyes are rare and
outlines broken. Here eyes, noses and buttons are ellipses fitted to edges, and the outline is that
of the object in the middle, if one can be separated from the background along edges.
"""

import cv2
import numpy as np

from pix2pix.images.line_drawing import (
    Sketch,
    Stroke,
    draw_strokes,
    find_strokes,
    resize_to_unit,
    shake,
    simplify,
)

# Details: edges that an ellipse fits. Lengths in pixels of a photo with a short side of UNIT_SIDE
DETAIL_BLUR, DETAIL_SHARE = 1.6, 0.14
MIN_POINTS = 16
SHORT, LONG = 4.0, 56.0  # axes
MAX_STRETCH = 2.6
MIN_COVER = 0.7  # of the ellipse's directions, that have points of the edge
MAX_MISFIT = 0.28  # mean distance of the points, in radii
DIRECTIONS = 16
MIN_DISTANCE = 16.0  # between details

# Outline: GrabCut (Rother et al., 2004) on a small copy, from an ellipse in the middle
CUT_SIDE = 48
CUT_STEPS = 2
MIN_ON_EDGES = 0.7  # fraction of the outline that lies on edges
NEAR_EDGE = 5  # pixels


def random_scribble(photo: np.ndarray, rng: np.random.Generator) -> Sketch:
    """A random scribble of a photo (H, W, 3) uint8: its outline, and up to five round details."""
    shape = photo.shape[:2]
    photo = resize_to_unit(photo)
    edges = find_strokes(photo, float(rng.uniform(2.5, 5)), share=float(rng.uniform(0.06, 0.14)))
    outline = find_outline(photo, edges)
    details = find_details(photo, outline)[: int(rng.integers(2, 6))]
    longest = edges[: int(rng.integers(2, 9))]
    tolerance = float(np.exp(rng.uniform(np.log(1.5), np.log(7))))
    strokes = simplify(longest if outline is None else [outline], tolerance) + details
    strokes = shake(strokes, photo.shape[:2], rng)
    width = float(rng.choice([2, 2.5, 3, 4, 5]))
    line_type = cv2.LINE_AA if rng.random() < 0.5 else cv2.LINE_8
    return Sketch(draw_strokes(strokes, shape, width, line_type), len(strokes))


def find_details(photo: np.ndarray, outline: Stroke | None = None) -> list[Stroke]:
    """Ellipses where the edges of a photo are round, the best first; inside `outline` if given."""
    found = []
    for edge in find_strokes(photo, DETAIL_BLUR, DETAIL_SHARE):
        fit = fit_ellipse(edge)
        if fit is None:
            continue
        misfit, ellipse = fit
        middle = ellipse.mean(0)
        if outline is None or cv2.pointPolygonTest(outline, middle.tolist(), False) > 0:
            found.append((misfit, middle, ellipse))
    kept: list[tuple[np.ndarray, Stroke]] = []
    for _, middle, ellipse in sorted(found, key=lambda each: each[0]):
        if all(np.linalg.norm(middle - other) > MIN_DISTANCE for other, _ in kept):
            kept.append((middle, ellipse))
    return [ellipse for _, ellipse in kept]


def fit_ellipse(edge: Stroke) -> tuple[float, Stroke] | None:
    """An ellipse through an edge and how badly it fits, the lower the better; None if it does not.

    Of ellipses that fit alike, large ones come first.
    """
    if len(edge) < MIN_POINTS:
        return None
    hull = cv2.convexHull(edge)
    if len(hull) < 5:  # of fewer points there is no ellipse
        return None
    (x, y), axes, degrees = cv2.fitEllipse(hull)
    if not SHORT <= min(axes) <= max(axes) <= min(LONG, MAX_STRETCH * min(axes)):
        return None
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    radii = np.array(axes) / 2
    unit = (edge - (x, y)) @ turn.T / radii  # on the unit circle if the ellipse fits
    misfit = float(np.abs(np.linalg.norm(unit, axis=1) - 1).mean())
    directions = np.floor(np.arctan2(unit[:, 1], unit[:, 0]) / (2 * np.pi) * DIRECTIONS)
    cover = len(np.unique(directions % DIRECTIONS)) / DIRECTIONS
    if cover < MIN_COVER or misfit > MAX_MISFIT:
        return None
    way = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    points = (np.stack([np.cos(way), np.sin(way)], 1) * radii) @ turn + (x, y)
    worth = 0.5 * cover + 0.004 * float(np.sqrt(axes[0] * axes[1]))
    return misfit - worth, points.astype(np.float32)


def find_outline(photo: np.ndarray, edges: list[Stroke]) -> Stroke | None:
    """The outline of the object in the middle of a photo; None if it does not follow `edges`."""
    if not edges:
        return None
    shape = photo.shape[:2]
    mask = cv2.resize(cut_object(photo) * 255, shape[::-1], interpolation=cv2.INTER_CUBIC)
    smooth = (cv2.GaussianBlur(mask, (0, 0), 4) > 127).astype(np.uint8)
    contours, _ = cv2.findContours(smooth, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    outline = max(contours, key=cv2.contourArea)[:, 0]
    paper: np.ndarray = np.full(shape, 255, np.uint8)
    x, y = np.concatenate(edges).astype(int).T
    paper[y, x] = 0
    distance = cv2.distanceTransform(paper, cv2.DIST_L2, 3)
    is_near = distance[outline[:, 1], outline[:, 0]] <= NEAR_EDGE
    return outline.astype(np.float32) if is_near.mean() >= MIN_ON_EDGES else None


def cut_object(photo: np.ndarray) -> np.ndarray:
    """The mask (CUT_SIDE, CUT_SIDE) uint8 of the object in the middle of a photo, 1 on it."""
    side = CUT_SIDE
    small = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
    y, x = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    radius = np.hypot(x / 0.42, y / 0.45)
    mask = np.where(radius < 1, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[radius < 0.5] = cv2.GC_FGD
    mask[0] = mask[:, 0] = mask[:, -1] = cv2.GC_BGD
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # of this thread; GrabCut clusters the colours
    cv2.grabCut(small, mask, (0, 0, 1, 1), *models, CUT_STEPS, cv2.GC_INIT_WITH_MASK)
    return ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
