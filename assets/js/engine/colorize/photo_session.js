// An opened photo that can be colourised repeatedly. As pix2pix/inference/colorizer.py.

import { pasteBorder } from "./border_overlay.js";
import { MAX_HINTS } from "./color_hints.js";
import { resizePhoto } from "./cv_resize.js";
import { innerHints } from "./photo_region.js";
import { newPixels } from "./planes.js";
import { preparePainter } from "./recolor.js";
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
  #last = null; // { key, planes } of the last prediction

  constructor(colorizer, { light, small, notes, offers, place, alpha }) {
    const [left, top, right, bottom] = place.shown;
    Object.assign(this, { colorizer, light, small, offers, place, alpha, ownNotes: notes });
    Object.assign(this, { width: right - left, height: bottom - top, box: place.shown });
  }

  /** How the photo was processed, and whether the last result is nearly grey. */
  get notes() { return this.#last?.isGrey ? [...this.ownNotes, GREY_NOTE] : this.ownNotes; }

  /** The photo in colour, as RGBA pixels. See `paint`. */
  async colorize(strength = 1, hints = [], { signal = null } = {}) {
    const result = newPixels(this.width, this.height);
    await this.paint(strength, hints, (top, rows) => {
      result.data.set(rows, top * this.width * 4);
    }, { signal });
    return result;
  }

  /**
   * Calls `use(top, rows)` with the photo in colour from top to bottom, a few rows at a time, which are
   * RGBA bytes that are only valid during the call. `strength` is from 0 (grey) to 1.5, `hints` come from
   * `parseHints`; those on the photo's border are ignored. With a `signal` that is aborted, rejects with
   * a CancelledError. Rejects for a strength or a number of hints out of range.
   */
  async paint(strength, hints, use, { signal = null } = {}) {
    if (!(strength >= 0 && strength <= MAX_STRENGTH)) {
      throw new Error(`strength must be from 0 to ${MAX_STRENGTH}, got ${strength}`);
    }
    if (hints.length > MAX_HINTS) throw new Error(`at most ${MAX_HINTS} hints, got ${hints.length}`);
    const planes = (await this.#predict(innerHints(this.place, hints), signal)).map((plane) => (
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

  async #predict(hints, signal) {
    const key = JSON.stringify(hints);
    if (this.#last?.key !== key) {
      const found = await this.colorizer.predict(this.small, hints, signal);
      const planes = found.map((plane) => resizePhoto(plane, this.small.width, this.small.height));
      const [a, b] = planes.map(({ data }) => data);
      const chroma = a.reduce((sum, value, i) => sum + Math.hypot(value, b[i]), 0) / a.length;
      this.#last = { key, planes, isGrey: chroma < GREY_RESULT };
    }
    return this.#last.planes;
  }
}
