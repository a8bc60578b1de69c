// Removes scratches, dust and stains with a network that runs elsewhere. As pix2pix/inference/restorer.py.

import { fitGamut, labToRgb, LIGHT_SCALE, rgbToLab } from "./color.js";
import { resizeCubic, resizeLinear, resizePhoto } from "./cv_resize.js";
import { measureLight, toLightness } from "./light.js";
import { assignMarks } from "./marked_places.js";
import { formatFixed, roundHalfEven } from "./numbers.js";
import { newPlane } from "./planes.js";
import {
  COARSE_LEVEL, DAMAGE_LEVEL, DARK_LEVEL, fillSmooth, growDamage, isDark, keepThick, repairOpacity,
} from "./repair.js";
import { drawStrokes } from "./repair_strokes.js";
import { pause } from "./stages.js";
import { fitSide, paintInTiles } from "./tiles.js";

const [TILE, OVERLAP] = [512, 16]; // pixels of a tile's side at most, and their overlap as a fraction
const COARSEST = 192; // pixels of the short side at the coarsest scale, at least; twice that at most
// Damage is found at up to so many pixels: in larger scans even thin damage is several pixels wide
const FIND_PIXELS = 2 ** 22;
const MAX_DAMAGE = 0.35; // of a photo: more is no damage, but a drawing, a text or a pattern

const percent = (share, digits) => `${formatFixed(share * 100, digits)}%`;
const tooMuch = (share) => (
  `nothing was repaired: ${percent(share, 0)} of it looks like damage, as in a drawing, a text or a pattern; `
  + "places can be marked by hand"
);

export class BrowserRestorer {
  /** `run(feeds)` runs the network, as for BrowserColorizer; `config` is the checkpoint's config.json. */
  constructor(run, config, findPixels = FIND_PIXELS) { Object.assign(this, { run, config, findPixels }); }

  /** Opaque RGBA pixels without damage; their colours stay. */
  async restore(photo, signal = null) {
    const { width, height } = photo;
    const light = await measureLight(photo, signal);
    const whole = [0, 0, width, height];
    const { light: repaired, changed } = await this.repairLight(light, [], [width, height], whole, signal);
    const data = photo.data.slice();
    changed.data.forEach((value, i) => {
      if (!value) return;
      const [, a, b] = rgbToLab(...data.subarray(4 * i, 4 * i + 3));
      const lightness = repaired.data[i] / LIGHT_SCALE;
      data.set(labToRgb(lightness, ...fitGamut(lightness, a, b)), 4 * i);
    });
    return { width, height, data };
  }

  /**
   * { light, changed, line }: `light`, a plane of uint16, without damage; where it changed, a plane of bytes;
   * and a line about it. `light` is the `box` of a scan of `sheet` [width, height], to which the strokes refer.
   */
  async repairLight(light, strokes, sheet, box, signal) {
    const { width, height } = light;
    const { marked, kept } = drawStrokes(strokes, sheet, box);
    const shapes = scales(width, height);
    const marks = assignMarks(marked, height, shapes);
    const { repaired, opacity } = await this.#repairScales(light, shapes, marks, kept, signal);
    const changed = newPlane(width, height, Uint8Array);
    let count = 0;
    opacity.data.forEach((value, i) => {
      changed.data[i] = value * 255 + 0.5;
      if (changed.data[i] > 127) count += 1;
    });
    const share = count / changed.data.length;
    if (share > MAX_DAMAGE && !marked.data.includes(1)) {
      return { light, changed: newPlane(width, height, Uint8Array), line: tooMuch(share) };
    }
    const line = share ? `scratches: ${percent(share, 1)} of the photo was repaired` : "no scratches were found";
    return { light: repaired, changed, line };
  }

  /** From coarse to fine. */
  async #repairScales(light, shapes, marks, kept, signal) {
    const finest = Math.max(0, shapes.findLastIndex(([width, height]) => width * height <= this.findPixels));
    let current = null;
    let opacity = null;
    let [thin, clean] = [null, null]; // found but not replaced; without all damage
    for (const [i, [width, height]] of shapes.entries()) {
      const isLast = i === shapes.length - 1;
      const own = resizePhoto(light, width, height);
      if (current) { // repairs of the coarser scale
        opacity = resizeLinear(opacity, width, height);
        current = blend(own, resizeCubic(current, width, height), opacity);
      } else {
        [current, opacity] = [own, newPlane(width, height)];
      }
      const ownKept = resizeNearest(kept, width, height);
      const intact = (mask) => ({ ...mask, data: mask.data.map((value, k) => (value && !ownKept.data[k] ? 1 : 0)) });
      const mark = marks[i] ?? newPlane(width, height, Uint8Array);
      let damage = intact(mark);
      let hidden = damage;
      if (i <= finest) {
        const { wide, all } = await this.#find(current, mark, signal);
        damage = either(damage, intact(isLast ? all : wide));
        hidden = either(damage, intact(all));
      }
      const before = current;
      const isFilled = damage.data.includes(1) || i === finest;
      const filled = isFilled ? await this.#fill(current, hidden, signal) : current;
      let here = fade(damage, ownKept);
      current = blend(current, filled, here);
      if (i === finest && !isLast) {
        thin = { ...hidden, data: hidden.data.map((value, k) => value - damage.data[k]) };
        clean = blend(before, filled, fade(hidden, ownKept));
      } else if (isLast && i > finest) {
        const fine = fade(intact(enlargeMask(thin, width, height)), ownKept);
        current = blend(current, resizeCubic(clean, width, height), fine);
        here = strongest(here, fine);
      }
      opacity = strongest(opacity, here);
    }
    return { repaired: current, opacity };
  }

  /** Wide damage of `light`, as to be repaired at coarse scales, and all damage; masks of 0 and 1. */
  async #find(light, marks, signal) {
    const [, probability] = await this.#run(light, marks, signal);
    const above = (level) => {
      const mask = newPlane(light.width, light.height, Uint8Array);
      probability.data.forEach((value, i) => { mask.data[i] = Number(value > level * 65535); });
      return mask;
    };
    const all = above(DAMAGE_LEVEL);
    const dark = isDark(light, all);
    all.data.forEach((value, i) => {
      if (value && dark.data[i] && probability.data[i] <= DARK_LEVEL * 65535) all.data[i] = 0;
    });
    const wide = keepThick(above(COARSE_LEVEL));
    wide.data.forEach((value, i) => { if (!all.data[i]) wide.data[i] = 0; });
    return { wide, all };
  }

  /** `light` with the network's fill in the tiles with `damage`. */
  async #fill(light, damage, signal) {
    if (!damage.data.includes(1)) return light;
    const [filled] = await this.#run(light, growDamage(damage), signal, true);
    return filled;
  }

  /** Both outputs of the network: light, and the probability of damage in 0..65535. */
  #run(light, marks, signal, onlyMarked = false) {
    const multiple = 2 ** this.config.generator.depth;
    const sides = [light.width, light.height].map((side) => fitSide(side, TILE, OVERLAP, multiple));
    return paintInTiles([light, marks], sides, OVERLAP, async (tiles) => {
      await pause(signal);
      if (onlyMarked && !tiles[1].data.includes(1)) return tiles;
      const [padded, places] = tiles.map((tile) => mirrorToMultiple(tile, multiple));
      const { width, height } = padded;
      const data = new Float32Array(2 * width * height);
      fillSmooth(toLightness(padded), places).data.forEach((value, i) => { data[i] = value / 50 - 1; });
      data.set(places.data, width * height);
      const { output } = await this.run({ input: { data, dims: [1, 2, height, width] } });
      return [100 * LIGHT_SCALE, 65535].map((scale, k) => {
        const part = output.data.subarray(k * width * height, (k + 1) * width * height);
        const own = { width, height, data: part.map((value) => ((value + 1) / 2) * scale) };
        return cropTo(own, tiles[0]);
      });
    });
  }
}

/** The [width, height] at which a photo is repaired, coarse to fine; the last is its own. */
export function scales(width, height) {
  const shapes = [[width, height]];
  while (Math.min(...shapes[0]) >= 2 * COARSEST) {
    const part = 2 ** shapes.length;
    shapes.unshift([width, height].map((side) => roundHalfEven(side / part)));
  }
  return shapes;
}

/** The opacity of a repair of `damage`, 0 at the `kept` places. */
function fade(damage, kept) {
  const opacity = repairOpacity(damage);
  return { ...opacity, data: opacity.data.map((value, i) => (kept.data[i] ? 0 : value)) };
}

function either(mask, other) {
  return { ...mask, data: mask.data.map((value, i) => value || other.data[i]) };
}

function strongest(opacity, other) {
  return { ...opacity, data: opacity.data.map((value, i) => Math.max(value, other.data[i])) };
}

/** The mask of 0 and 1 enlarged, with smooth edges. */
function enlargeMask(mask, width, height) {
  const soft = resizeLinear({ ...mask, data: Float32Array.from(mask.data) }, width, height);
  return { ...soft, data: Uint8Array.from(soft.data, (value) => (value > 0.5 ? 1 : 0)) };
}

/** `above` over `below`, planes of uint16; unchanged where the opacity is 0. */
function blend(below, above, opacity) {
  const result = { ...below, data: below.data.slice() };
  opacity.data.forEach((part, i) => {
    if (part) result.data[i] = below.data[i] + (above.data[i] - below.data[i]) * part + 0.5;
  });
  return result;
}

/** `cv2.resize` with INTER_NEAREST. */
function resizeNearest(plane, width, height) {
  const result = newPlane(width, height, plane.data.constructor);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor((x * plane.width) / width));
  for (let y = 0, at = 0; y < height; y += 1) {
    const row = Math.floor((y * plane.height) / height) * plane.width;
    for (let x = 0; x < width; x += 1, at += 1) result.data[at] = plane.data[row + columns[x]];
  }
  return result;
}

/** The plane padded by its mirror image, below and right, to multiples of `multiple`. */
function mirrorToMultiple(plane, multiple) {
  const [width, height] = [plane.width, plane.height].map((side) => Math.ceil(side / multiple) * multiple);
  const result = newPlane(width, height, plane.data.constructor);
  const place = (at, size) => {
    const turn = at % (2 * size);
    return turn < size ? turn : 2 * size - 1 - turn;
  };
  for (let y = 0, at = 0; y < height; y += 1) {
    const row = place(y, plane.height) * plane.width;
    for (let x = 0; x < width; x += 1, at += 1) result.data[at] = plane.data[row + place(x, plane.width)];
  }
  return result;
}

function cropTo({ width, data }, { width: columns, height: rows }) {
  const result = newPlane(columns, rows);
  for (let y = 0; y < rows; y += 1) result.data.set(data.subarray(y * width, y * width + columns), y * columns);
  return result;
}
