// Smooths the strokes of a hand: the brush follows the pointer as if drawn by a short elastic thread. No DOM:
// runs under Node too.

const LENGTH = 0.02; // of the sheet's shorter side
const FREE_HAND = new Set(["brush", "eraser"]);

/** The smoother of a stroke that begins at a point; null where the canvas's strokes are not smoothed. */
export function smootherFor({ smooth, tool, shape: { width, height } }, point) {
  return smooth && FREE_HAND.has(tool) ? new StrokeSmoother(point, LENGTH * Math.min(width, height)) : null;
}

/** The points that a smoothed stroke goes through, from those of the pointer. */
export class StrokeSmoother {
  #at;
  #pointer;

  /** The brush stays about `length` behind the pointer, in the units of the points. */
  constructor(start, length) {
    this.length = length;
    this.#at = start;
    this.#pointer = start;
  }

  /**
   * The next points { x, y, ... } for one of the pointer, which gives them its other properties. They depend on
   * the way of the pointer alone, not on how often it is read.
   */
  follow(point) {
    const from = this.#pointer;
    const way = Math.hypot(point.x - from.x, point.y - from.y);
    const steps = Math.ceil(way);
    const share = steps ? 1 - Math.exp(-way / steps / this.length) : 0;
    const points = [];
    for (let i = 1; i <= steps; i += 1) {
      const x = from.x + ((point.x - from.x) * i) / steps;
      const y = from.y + ((point.y - from.y) * i) / steps;
      this.#at = { ...point, x: this.#at.x + (x - this.#at.x) * share, y: this.#at.y + (y - this.#at.y) * share };
      points.push(this.#at);
    }
    this.#pointer = point;
    return points;
  }

  /** The last point, where the pointer was lifted. */
  finish() { return this.#pointer; }
}
