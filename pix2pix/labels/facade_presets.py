"""Facade plans: eight presets, and random ones from a seed."""

import numpy as np

from pix2pix.labels.facade_builder import FacadePlan

PRESETS = (
    FacadePlan(
        "Town house",
        bands=(0, 2),
        hoods=(1, 2),
        sills=(0, 1, 2),
        balconies=((1, 2), (2, 2)),
        ground="shops",
    ),
    FacadePlan(
        "Palace",
        wall=(2, 12, 98, 96),
        storeys=3,
        bays=7,
        window=(0.44, 0.52),
        crown=6.5,
        bands=(0, 1),
        hoods=(0, 1),
        sills=(0, 1),
        pillars=(0, 2, 5, 7),
        balconies=((1, 3),),
        door=3,
    ),
    FacadePlan(
        "Shop house",
        wall=(14, 8, 86, 97),
        bays=3,
        window=(0.42, 0.62),
        bands=(2,),
        sills=(0, 1, 2),
        ground="shops",
        door=0,
    ),
    FacadePlan(
        "Balconies",
        wall=(2, 6, 98, 98),
        storeys=6,
        bays=6,
        window=(0.5, 0.6),
        crown=3,
        sills=(0,),
        balconies=tuple((storey, bay) for storey in range(1, 5) for bay in (1, 2, 3, 4)),
        ground="shops",
        door=3,
    ),
    FacadePlan(
        "Villa",
        wall=(10, 26, 90, 93),
        storeys=2,
        window=(0.4, 0.6),
        crown=4,
        bands=(0,),
        sills=(0, 1),
        shutters=(0, 1),
    ),
    FacadePlan(
        "Shutters",
        wall=(5, 7, 95, 97),
        storeys=5,
        bays=4,
        window=(0.34, 0.56),
        crown=3.5,
        bands=(3,),
        sills=(0, 1, 2, 3),
        shutters=(0, 1, 2, 3),
        ground="shops",
        door=1,
    ),
    FacadePlan(
        "Galleries",
        wall=(0, 7, 100, 97),
        storeys=5,
        rhythm=(1, 1, 1.3, 1, 1),
        window=(0.4, 0.66),
        crown=5,
        hoods=(3,),
        panels=(0,),
        galleries=((1, 0, 4), (2, 0, 4), (3, 1, 3)),
        pillars=(0, 5),
        ground="shops",
    ),
    FacadePlan(
        "Paired windows",
        wall=(4, 10, 96, 96),
        storeys=4,
        bays=4,
        window=(0.62, 0.56),
        panes=2,
        crown=5.5,
        bands=(0, 1, 2),
        hoods=(1,),
        sills=(0, 1, 2),
        panels=(2,),
        balconies=((2, 1), (2, 2)),
        door=2,
    ),
)


def make_random_plan(seed: int) -> FacadePlan:
    """A random facade, determined by the seed, and symmetric above the ground floor."""
    rng = np.random.default_rng(seed)

    def chance(probability: float) -> bool:
        return bool(rng.random() < probability)

    storeys = int(rng.choice([2, 3, 4, 5, 6], p=[0.08, 0.24, 0.33, 0.25, 0.1]))
    bays = min(int(rng.integers(max(2, storeys - 1), storeys + 4)), 7)
    upper = tuple(range(storeys - 1))
    margin = 0.0 if chance(0.3) else float(rng.uniform(1, 11))
    top = float(rng.uniform(5, 13) + (8 if storeys == 2 else 0))
    shutters = upper if chance(0.2) else ()
    panes = 2 if not shutters and bays <= 5 and chance(0.3) else 1
    width = rng.uniform(0.3, 0.38) if shutters else rng.uniform(0.4, 0.56)
    some = upper[int(rng.integers(len(upper))) :]  # the storeys from one downwards
    balconies, galleries = _random_balconies(rng, storeys, bays)
    return FacadePlan(
        f"Facade {seed}",
        wall=(margin, top, 100 - margin, float(rng.uniform(94, 99))),
        storeys=storeys,
        bays=bays,
        rhythm=_random_rhythm(rng, bays),
        window=(float(width + 0.12 * (panes - 1)), float(rng.uniform(0.54, 0.66))),
        panes=panes,
        crown=float(rng.uniform(3, 9)),
        brackets=chance(0.5),
        bands=upper if chance(0.4) else tuple(s for s in upper if chance(0.4)),
        hoods=some if chance(0.7) else (),
        sills=upper if chance(0.7) else (),
        panels=some if chance(0.25) else (),
        balconies=balconies,
        galleries=galleries,
        shutters=shutters,
        pillars=_random_pillars(rng, bays),
        ground="shops" if chance(0.55) else "plain",
        door=bays // 2 if chance(0.6) else int(rng.integers(bays)),
    )


def _random_rhythm(rng: np.random.Generator, bays: int) -> tuple[float, ...]:
    """Relative widths of the bays: equal, with a wider middle, or with wider ends."""
    widths = np.ones(bays)
    kind = rng.choice(["even", "middle", "ends"], p=[0.6, 0.2, 0.2])
    if kind == "middle" and bays > 2:
        widths[(bays - 1) // 2] = widths[bays // 2] = rng.uniform(1.15, 1.5)
    elif kind == "ends" and bays > 3:
        widths[0] = widths[-1] = rng.uniform(1.15, 1.4)
    return tuple(widths.tolist())


def _random_balconies(
    rng: np.random.Generator, storeys: int, bays: int
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int, int], ...]]:
    """Symmetric balconies of single windows, and galleries along several."""
    floors = [storey for storey in range(storeys - 1) if rng.random() < 0.6]
    middle = sorted({(bays - 1) // 2, bays // 2})
    kind = rng.choice(["none", "middle", "ends", "all", "gallery"], p=[0.3, 0.25, 0.15, 0.1, 0.2])
    columns = {"middle": middle, "ends": [0, bays - 1], "all": list(range(bays))}
    if kind == "gallery":
        inset = int(rng.integers(0, (bays - 1) // 2 + 1))
        return (), tuple((storey, inset, bays - 1 - inset) for storey in floors)
    return tuple((storey, bay) for storey in floors for bay in columns.get(kind, [])), ()


def _random_pillars(rng: np.random.Generator, bays: int) -> tuple[int, ...]:
    """Positions of the pillars: none, the corners, between all bays, or beside the middle."""
    beside = sorted({(bays - 1) // 2, bays - (bays - 1) // 2})
    kinds: list[tuple[int, ...]] = [(), (0, bays), tuple(range(bays + 1)), tuple(beside)]
    return kinds[int(rng.choice(4, p=[0.5, 0.2, 0.12, 0.18]))]
