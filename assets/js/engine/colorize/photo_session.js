// An opened photo that can be colourised repeatedly. As pix2pix/inference/colorizer.py.

import { pasteBorder } from "./border_overlay.js";
import { MAX_HINTS } from "./color_hints.js";
import { suggestColors } from "./color_suggestions.js";
import { resizePhoto } from "./cv_resize.js";
import { innerHints } from "./photo_region.js";
import { newPixels } from "./planes.js";
import { preparePainter } from "./recolor.js";
import { softmax } from "./reference_colors.js";
import { pause, strips } from "./stages.js";

export const MAX_STRENGTH = 1.5;
const GREY_RESULT = 2; // mean chroma below which a result looks grey
const GREY_NOTE = "the result is nearly grey; more strength or colour hints help";

// The effect of each suggested option
const OFFERS = { denoise: "smooths the dots", negative: "inverts it", crop: "removes it" };

/** A sentence for each suggested option; `names` has an option's name in the page. */
export function formatOffers(offers, names) {
  return Object.entries(offers).map(([option, why]) => `${why}; ${names[option]} ${OFFERS[option]}`);
}

/** `width` and `height` are the result's, `box` its position in the photo; `offers`: option -> finding. */
export class PhotoSession {
  #last = null; // { key, prediction } of the last run of the network
  #shown = null; // { key, planes, isGrey } of the last result

  constructor(colorizer, { light, small, notes, offers, place, alpha, changed = null }) {
    const [left, top, right, bottom] = place.shown;
    Object.assign(this, { colorizer, light, small, offers, place, alpha, changed, ownNotes: notes });
    Object.assign(this, { width: right - left, height: bottom - top, box: place.shown });
  }

  /** How the photo was processed, and whether the last result is nearly grey. */
  get notes() { return this.#shown?.isGrey ? [...this.ownNotes, GREY_NOTE] : this.ownNotes; }

  /** Where scratches were removed, white with that alpha, of the whole photo's size; null where nothing was. */
  repaired() {
    const { changed, place: { sheet, box: [left, top] } } = this;
    if (!changed?.data.some((value) => value > 0)) return null;
    const result = newPixels(...sheet);
    result.data.fill(255);
    for (let i = 3; i < result.data.length; i += 4) result.data[i] = 0;
    for (let y = 0, at = 0; y < changed.height; y += 1) {
      for (let x = 0; x < changed.width; x += 1, at += 1) {
        result.data[4 * ((top + y) * result.width + left + x) + 3] = changed.data[at];
      }
    }
    return result;
  }

  /** The photo in colour, as RGBA pixels. See `paint`. */
  async colorize(strength = 1, hints = [], { reference = null, signal = null } = {}) {
    const result = newPixels(this.width, this.height);
    await this.paint(strength, hints, (top, rows) => {
      result.data.set(rows, top * this.width * 4);
    }, { reference, signal });
    return result;
  }

  /**
   * Calls `use(top, rows)` with the photo in colour from top to bottom, a few rows at a time, which are
   * RGBA bytes that are only valid during the call. `strength` is from 0 (grey) to 1.5, `hints` come from
   * `parseHints`; those on the photo's border are ignored. A `reference` steers the colours towards those of
   * another photo. With a `signal` that is aborted, rejects with a CancelledError. Rejects for a strength or a
   * number of hints out of range.
   */
  async paint(strength, hints, use, { reference = null, signal = null } = {}) {
    if (!(strength >= 0 && strength <= MAX_STRENGTH)) {
      throw new Error(`strength must be from 0 to ${MAX_STRENGTH}, got ${strength}`);
    }
    checkHints(hints);
    const planes = (await this.#findAb(innerHints(this.place, hints), reference, signal)).map((plane) => (
      { ...plane, data: plane.data.map((value) => value * strength) }
    ));
    const painted = preparePainter(this.light, this.small, ...planes);
    for (const [top, bottom] of strips(this.width, this.height)) {
      await pause(signal);
      await use(top, this.#paintRows(painted, top, bottom));
    }
  }

  /** The rows [top, bottom) of the result. */
  #paintRows(paintPhoto, top, bottom) {
    const { box, shown, frame } = this.place;
    const [left, above] = [box[0] - shown[0], box[1] - shown[1]];
    const rows = new Uint8ClampedArray((bottom - top) * this.width * 4);
    const [first, last] = [Math.max(top, above), Math.min(bottom, above + this.light.height)];
    if (first < last) {
      const at = ((first - top) * this.width + left) * 4;
      paintPhoto(first - above, last - above, rows, at, this.width * 4);
    }
    if (frame) pasteBorder(frame, rows, this.width, top, bottom);
    for (let i = 0; i < rows.length / 4; i += 1) {
      rows[4 * i + 3] = this.alpha ? this.alpha.data[top * this.width + i] : 255;
    }
    return rows;
  }

  /**
   * Likely colours { rgb, share } of the place (x, y) in 0..1 of the whole photo, the most likely first. None on
   * the border, and if the network predicts no distribution over colours.
   */
  async suggest(x, y, hints = [], { reference = null, signal = null } = {}) {
    checkHints(hints);
    const [place] = innerHints(this.place, [{ x, y, rgb: [0, 0, 0] }]);
    if (!place || !this.colorizer.predictsDistributions) return [];
    const { logits } = await this.#predict(innerHints(this.place, hints), reference, signal);
    const all = around(logits[0], place).map((at) => softmax(logits.map(({ data }) => data[at])));
    const likely = all[0].map((_, k) => all.reduce((sum, shares) => sum + shares[k], 0) / all.length);
    const near = around(this.small, place).map((at) => this.small.data[at]);
    return suggestColors(likely, near.reduce((sum, value) => sum + value, 0) / near.length);
  }

  /** Planes a and b at the size of `small`. */
  async #findAb(hints, reference, signal) {
    const key = JSON.stringify([hints, reference]);
    if (this.#shown?.key !== key) {
      const { a, b } = await this.#predict(hints, reference, signal);
      const planes = [a, b].map((plane) => resizePhoto(plane, this.small.width, this.small.height));
      const [reds, yellows] = planes.map(({ data }) => data);
      const chroma = reds.reduce((sum, value, i) => sum + Math.hypot(value, yellows[i]), 0) / reds.length;
      this.#shown = { key, planes, isGrey: chroma < GREY_RESULT };
    }
    return this.#shown.planes;
  }

  async #predict(hints, reference, signal) {
    const key = JSON.stringify(hints);
    if (this.#last?.key !== key) {
      this.#last = { key, prediction: await this.colorizer.predict(this.small, hints, signal) };
    }
    const { prediction } = this.#last;
    return reference ? this.colorizer.steer(this.small, prediction, reference) : prediction;
  }
}

/** Indices of the 3 x 3 values around a place in a plane, fewer at the edges. */
function around({ width, height }, { x, y }) {
  const [row, column] = [Math.min(Math.floor(y * height), height - 1), Math.min(Math.floor(x * width), width - 1)];
  const found = [];
  for (let j = Math.max(row - 1, 0); j <= Math.min(row + 1, height - 1); j += 1) {
    for (let i = Math.max(column - 1, 0); i <= Math.min(column + 1, width - 1); i += 1) found.push(j * width + i);
  }
  return found;
}

function checkHints(hints) {
  if (hints.length > MAX_HINTS) throw new Error(`at most ${MAX_HINTS} hints, got ${hints.length}`);
}
