// Colourises photos with a network that runs elsewhere. As pix2pix/inference/colorizer.py.

import { AB_GRID, AB_SCALE, rgbToLab } from "./color.js";
import { resizePhoto } from "./cv_resize.js";
import { descreen, MIN_PERIOD } from "./halftone.js";
import { applyHints, encodeInput, SPREAD_STEP } from "./hint_tensors.js";
import { measureLight, toLightness } from "./light.js";
import { clamp, roundHalfEven } from "./numbers.js";
import { PhotoSession } from "./photo_session.js";
import { regionOf } from "./photo_region.js";
import { resizePixels } from "./pillow_resize.js";
import { cropPlane, isOpaque, newPlane } from "./planes.js";
import { softmax, steerLogits } from "./reference_colors.js";
import { analyzeScan, describeScan, dotSpacing, hasDots } from "./scan_analysis.js";
import { pause } from "./stages.js";
import { classifyColors, invertTones, repairTones, smoothGrain } from "./tone.js";
import { padPlane, padToMultiple, workingSize } from "./working_shapes.js";

const [MIN_SIZE, MAX_SIZE] = [64, 512]; // working short side in pixels
const TEMPERATURE = 0.4; // of the annealed mean, as AnnealedMean.TEMPERATURE
const HINT_REACH = 2; // radius in working pixels that a hint fills with its colour

const KIND_NOTES = {
  toned: "its tone (sepia, yellowed) was read as grey",
  coloured: "its own colours were replaced",
};

const PLAIN_NOTE = "is mostly one tone, like a drawing, a text or a blank page: its colours are guesses";

export class BrowserColorizer {
  /**
   * `run(feeds)` runs the network: feeds { input: { data, dims } } with a Float32Array, resolves to
   * { output: { data, dims } }. `config` is the checkpoint's config.json; `weights` come from
   * negative.js's readWeights.
   */
  constructor(run, config, weights) {
    Object.assign(this, { run, config, weights });
    this.size = config.size;
  }

  /** The ScanAnalysis of opaque pixels; see scan_analysis.js. */
  async analyze(pixels, signal) {
    return analyzeScan(pixels, await measureLight(pixels, signal), this.weights, signal);
  }

  /**
   * Prepares RGBA pixels to be colourised; resolves to a PhotoSession. The pixels may be changed: those
   * that are fully transparent become white. Options: `size`, `repair`, `denoise`, `negative`, `crop`,
   * as in Python; `restorer`, a BrowserRestorer that removes scratches, corrected by `strokes`; `scan`, of the
   * photo or a larger copy; `signal`, an AbortSignal, which makes it reject with a CancelledError between two
   * stages. Rejects for a size out of range.
   */
  async openPhoto(pixels, {
    size = this.size, scan = null, signal = null, restorer = null, strokes = [], ...options
  } = {}) {
    checkSize(size, this.size);
    const alpha = splitAlpha(pixels);
    let light = await measureLight(pixels, signal);
    scan ??= await analyzeScan(pixels, light, this.weights, signal);
    const place = regionOf(pixels, scan.border, options.crop, options.negative);
    const [left, top, right, bottom] = place.box;
    const work = workingSize(this.config, right - left, bottom - top, size);
    const kind = classifyColors(resizePixels(pixels, ...work, "box", { box: place.box }));
    const notes = kind in KIND_NOTES && !options.negative ? [KIND_NOTES[kind]] : [];
    if (scan.isPlain) notes.push(PLAIN_NOTE);
    await pause(signal);
    if (place.frame || right - left !== pixels.width || bottom - top !== pixels.height) {
      light = cropPlane(light, place.box);
    }
    let changed = null;
    for (const [requested, adjust] of [
      [options.denoise, () => smoothScan(light, scan, pixels.width, signal)],
      [options.negative, () => invertTones(light)],
      [restorer, () => restorer.repairLight(light, strokes, [pixels.width, pixels.height], place.box, signal)],
      [options.repair, () => repairTones(light)],
    ]) {
      if (!requested) continue;
      const adjusted = await adjust();
      light = adjusted.light;
      changed = adjusted.changed ?? changed;
      notes.push(adjusted.line);
      await pause(signal);
    }
    const offers = Object.entries(describeScan(scan)).filter(([name]) => !options[name]);
    const small = toLightness(resizePhoto(light, ...work));
    if (alpha) layOnWhite(small, alpha, place.box);
    return new PhotoSession(this, {
      light, small, notes, changed, offers: Object.fromEntries(offers), place,
      alpha: alpha && cropPlane(alpha, place.shown),
    });
  }

  /** Whether the network predicts a distribution over colours, which suggestions and references need. */
  get predictsDistributions() { return this.config.generator.ab_classes > 0; }

  /**
   * What the network predicts for `small` (a plane of L in 0..100) and hints in 0..1: planes `a` and `b` with the
   * hints applied, `logits` of the points of AB_GRID as planes, none without a distribution, at the size of
   * `small` or a half of it; and the pixel embedding `code` as a grid, padded.
   */
  async predict(small, hints, signal) {
    const input = this.#encode(small, hints);
    const { width, height } = input;
    await pause(signal);
    const data = new Float32Array(7 * width * height);
    input.channels.forEach((channel, i) => data.set(channel, i * width * height));
    const { output } = await this.run({ input: { data, dims: [1, 7, height, width] } });
    await pause(signal);
    const [, count, rows, columns] = output.dims;
    const grid = { width: columns, height: rows, channels: Array.from({ length: count }, (_, i) => (
      output.data.subarray(i * rows * columns, (i + 1) * rows * columns)
    )) };
    const part = Math.floor(height / rows);
    const box = [0, 0, Math.ceil(small.width / part), Math.ceil(small.height / part)];
    const own = count - this.config.generator.ab_classes; // a, b and the embedding
    const code = { ...grid, channels: grid.channels.slice(2, own) };
    const logits = grid.channels.slice(own).map((data) => cropPlane({ width: columns, height: rows, data }, box));
    const ab = decodeAb(input, { ...grid, channels: grid.channels.slice(0, own) }, box);
    return { hints, ...ab, code, logits };
  }

  /** A prediction with its colours steered towards a reference of `parseReference`; hints stay exact. */
  steer(small, prediction, reference) {
    if (!this.predictsDistributions) throw new Error("this model cannot take colours from another photo");
    const { code, hints } = prediction;
    const { width, height } = prediction.logits[0];
    const lightness = resizePhoto(small, width, height);
    const channels = prediction.logits.map(({ data }) => data);
    const logits = steerLogits(channels, lightness.data, reference, TEMPERATURE)
      .map((data) => ({ width, height, data }));
    const mean = annealedMean(logits).map((plane) => padPlane(plane, code.width, code.height).data);
    const output = { ...code, channels: [...mean, ...code.channels] };
    return { ...prediction, logits, ...decodeAb(this.#encode(small, hints), output, [0, 0, width, height]) };
  }

  /** The network's input, padded. */
  #encode(small, hints) {
    const multiple = Math.max(2 ** this.config.generator.depth, SPREAD_STEP);
    const lightness = padToMultiple(small, multiple);
    return encodeInput(lightness, ...paintHints(small, lightness, hints));
  }
}

/** Planes a and b in a box of the network's output, with the hints applied. */
function decodeAb(input, output, box) {
  const { width, height } = output;
  const [a, b] = applyHints(input, output).map((channel) => (
    cropPlane({ width, height, data: channel.map((value) => value * AB_SCALE) }, box)
  ));
  return { a, b };
}

/** Planes a and b, divided by AB_SCALE: the annealed mean of the points of AB_GRID; see models/unet.py. */
function annealedMean(logits) {
  const { width, height } = logits[0];
  const [a, b] = [newPlane(width, height), newPlane(width, height)];
  for (let i = 0; i < a.data.length; i += 1) {
    softmax(logits.map(({ data }) => data[i] / TEMPERATURE)).forEach((share, k) => {
      a.data[i] += (share * AB_GRID[k][0]) / AB_SCALE;
      b.data[i] += (share * AB_GRID[k][1]) / AB_SCALE;
    });
  }
  return [a, b];
}

/** The channels a, b and mask of the hints, in a padded plane. */
function paintHints(small, { width, height }, hints) {
  const [a, b, mask] = [0, 1, 2].map(() => newPlane(width, height).data);
  for (const { x, y, rgb } of hints) {
    const [column, row] = [roundHalfEven(x * (small.width - 1)), roundHalfEven(y * (small.height - 1))];
    const [, hintA, hintB] = rgbToLab(...rgb);
    for (let j = Math.max(row - HINT_REACH, 0); j <= Math.min(row + HINT_REACH, small.height - 1); j += 1) {
      const [from, to] = [column - HINT_REACH, column + HINT_REACH].map((n) => clamp(n, 0, small.width - 1));
      a.fill(hintA, j * width + from, j * width + to + 1);
      b.fill(hintB, j * width + from, j * width + to + 1);
      mask.fill(1, j * width + from, j * width + to + 1);
    }
  }
  return [a, b, mask];
}

/** Alpha as a plane, null where all is opaque; makes fully transparent pixels white. */
function splitAlpha(pixels) {
  if (isOpaque(pixels)) return null;
  const { width, height, data } = pixels;
  const alpha = newPlane(width, height, Uint8Array);
  for (let i = 0; i < alpha.data.length; i += 1) {
    alpha.data[i] = data[4 * i + 3];
    if (!alpha.data[i]) data.fill(255, 4 * i, 4 * i + 3);
  }
  return alpha;
}

/** Lays a small plane of L on white by the alpha in a box, in place. */
function layOnWhite(small, alpha, box) {
  const spread = { ...alpha, data: new Uint8ClampedArray(alpha.data.length * 4) };
  alpha.data.forEach((value, i) => { spread.data[4 * i] = value; });
  const { data } = resizePixels(spread, small.width, small.height, "box", { box });
  small.data.forEach((value, i) => { small.data[i] = 100 + (value - 100) * (data[4 * i] / 255); });
}

/** `light` of a copy `width` wide without grain or halftone dots, and a line about it. */
async function smoothScan(light, scan, width, signal) {
  if (!hasDots(scan)) return smoothGrain(light, signal);
  const dots = dotSpacing(scan, width);
  // Closer dots were already averaged by downscaling the copy.
  const smoothed = dots >= MIN_PERIOD ? await descreen(light, dots, signal) : light;
  return { light: smoothed, line: "its dots were smoothed" };
}

function checkSize(size, own) {
  if (size !== own && !(size >= MIN_SIZE && size <= MAX_SIZE)) {
    throw new Error(`size must be from ${MIN_SIZE} to ${MAX_SIZE}, got ${size}`);
  }
}
