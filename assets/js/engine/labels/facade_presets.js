// Facade plans: eight presets, and random ones from a seed. pix2pix/labels/facade_presets.py, to the byte.

import { buildFacade, PLAN } from "./facade_builder.js";
import { RandomGenerator } from "./random_generator.js";

const range = (start, end) => Array.from({ length: Math.max(end - start, 0) }, (_, i) => start + i);

export const PRESETS = [
  {
    name: "Town house", bands: [0, 2], hoods: [1, 2], sills: [0, 1, 2], balconies: [[1, 2], [2, 2]],
    ground: "shops",
  },
  {
    name: "Palace", wall: [2, 12, 98, 96], storeys: 3, bays: 7, window: [0.44, 0.52], crown: 6.5,
    bands: [0, 1], hoods: [0, 1], sills: [0, 1], pillars: [0, 2, 5, 7], balconies: [[1, 3]], door: 3,
  },
  {
    name: "Shop house", wall: [14, 8, 86, 97], bays: 3, window: [0.42, 0.62], bands: [2], sills: [0, 1, 2],
    ground: "shops", door: 0,
  },
  {
    name: "Balconies", wall: [2, 6, 98, 98], storeys: 6, bays: 6, window: [0.5, 0.6], crown: 3, sills: [0],
    balconies: range(1, 5).flatMap((storey) => range(1, 5).map((bay) => [storey, bay])),
    ground: "shops", door: 3,
  },
  {
    name: "Villa", wall: [10, 26, 90, 93], storeys: 2, window: [0.4, 0.6], crown: 4, bands: [0],
    sills: [0, 1], shutters: [0, 1],
  },
  {
    name: "Shutters", wall: [5, 7, 95, 97], storeys: 5, bays: 4, window: [0.34, 0.56], crown: 3.5, bands: [3],
    sills: [0, 1, 2, 3], shutters: [0, 1, 2, 3], ground: "shops", door: 1,
  },
  {
    name: "Galleries", wall: [0, 7, 100, 97], storeys: 5, rhythm: [1, 1, 1.3, 1, 1], window: [0.4, 0.66],
    crown: 5, hoods: [3], panels: [0], galleries: [[1, 0, 4], [2, 0, 4], [3, 1, 3]], pillars: [0, 5],
    ground: "shops",
  },
  {
    name: "Paired windows", wall: [4, 10, 96, 96], bays: 4, window: [0.62, 0.56], panes: 2, crown: 5.5,
    bands: [0, 1, 2], hoods: [1], sills: [0, 1, 2], panels: [2], balconies: [[2, 1], [2, 2]],
  },
].map((preset) => Object.freeze({ ...PLAN, ...preset }));

/** The ids of the presets that a canvas opens with, by name: { name: Uint8Array }. */
export function presetFacades(width, height) {
  return Object.fromEntries(PRESETS.map((plan) => [plan.name, buildFacade(plan, width, height)]));
}

/** The ids, a Uint8Array of width * height, of a random facade; `seed` is a whole number from 0. */
export function randomFacade(seed, width, height) {
  return buildFacade(makeRandomPlan(seed), width, height);
}

/** A random plan, determined by the seed, and symmetric above the ground floor. */
export function makeRandomPlan(seed) {
  const rng = new RandomGenerator(seed);
  const chance = (probability) => rng.random() < probability;
  const storeys = rng.choice([2, 3, 4, 5, 6], [0.08, 0.24, 0.33, 0.25, 0.1]);
  const bays = Math.min(rng.integers(Math.max(2, storeys - 1), storeys + 4), 7);
  const upper = range(0, storeys - 1);
  const margin = chance(0.3) ? 0 : rng.uniform(1, 11);
  const top = rng.uniform(5, 13) + (storeys === 2 ? 8 : 0);
  const shutters = chance(0.2) ? upper : [];
  const panes = !shutters.length && bays <= 5 && chance(0.3) ? 2 : 1;
  const width = shutters.length ? rng.uniform(0.3, 0.38) : rng.uniform(0.4, 0.56);
  const some = upper.slice(rng.integers(0, upper.length)); // the storeys from one downwards
  const balconies = randomBalconies(rng, storeys, bays);
  return { // in this order: each line draws from the generator
    ...PLAN,
    storeys,
    bays,
    panes,
    shutters,
    ...balconies,
    wall: [margin, top, 100 - margin, rng.uniform(94, 99)],
    rhythm: randomRhythm(rng, bays),
    window: [width + 0.12 * (panes - 1), rng.uniform(0.54, 0.66)],
    crown: rng.uniform(3, 9),
    brackets: chance(0.5),
    bands: chance(0.4) ? upper : upper.filter(() => chance(0.4)),
    hoods: chance(0.7) ? some : [],
    sills: chance(0.7) ? upper : [],
    panels: chance(0.25) ? some : [],
    pillars: randomPillars(rng, bays),
    ground: chance(0.55) ? "shops" : "plain",
    door: chance(0.6) ? Math.floor(bays / 2) : rng.integers(0, bays),
  };
}

/** Relative widths of the bays: equal, with a wider middle, or with wider ends. */
function randomRhythm(rng, bays) {
  const widths = Array(bays).fill(1);
  const kind = rng.choice(["even", "middle", "ends"], [0.6, 0.2, 0.2]);
  if (kind === "middle" && bays > 2) {
    const wide = rng.uniform(1.15, 1.5);
    for (const bay of middleOf(bays)) widths[bay] = wide;
  } else if (kind === "ends" && bays > 3) {
    widths[0] = rng.uniform(1.15, 1.4);
    widths[bays - 1] = widths[0];
  }
  return widths;
}

/** The bay in the middle, or the two beside it. */
const middleOf = (bays) => [...new Set([Math.floor((bays - 1) / 2), Math.floor(bays / 2)])];

/** Symmetric `balconies` of single windows, and `galleries` along several. */
function randomBalconies(rng, storeys, bays) {
  const floors = range(0, storeys - 1).filter(() => rng.random() < 0.6);
  const kind = rng.choice(["none", "middle", "ends", "all", "gallery"], [0.3, 0.25, 0.15, 0.1, 0.2]);
  if (kind === "gallery") {
    const inset = rng.integers(0, Math.floor((bays - 1) / 2) + 1);
    return { galleries: floors.map((storey) => [storey, inset, bays - 1 - inset]) };
  }
  const columns = { middle: middleOf(bays), ends: [0, bays - 1], all: range(0, bays) }[kind] ?? [];
  return { balconies: floors.flatMap((storey) => columns.map((bay) => [storey, bay])) };
}

/** Positions of the pillars: none, the corners, between all bays, or beside the middle. */
function randomPillars(rng, bays) {
  const left = Math.floor((bays - 1) / 2);
  const kinds = [[], [0, bays], range(0, bays + 1), [left, bays - left]];
  return rng.choice(kinds, [0.5, 0.2, 0.12, 0.18]);
}
