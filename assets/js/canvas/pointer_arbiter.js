// Decides what each pointer over a sheet does: draw, pan, zoom, or nothing. No DOM: runs under Node too.
//
// - The mouse's left button and a pen draw; the middle button pans, and so does a hand (see `down`).
// - A finger draws, but two fingers pan and zoom, so a finger's stroke starts once it has moved or is lifted.
// - After a pen was seen, fingers pan and do not draw, unless `fingersDraw`: the palm lies on the sheet too.

const SLOP = 5; // pixels that a finger moves before it draws, and a hand before it drags
/** A stroke by finger that is younger and shorter than this ends without a trace where a second one comes. */
const YOUNG_MS = 400;
const YOUNG_PX = 32;

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** The grip of one or two fingers, for `moveGrip` of viewport.js; in pixels. */
function gripOf([a, b]) {
  if (!b) return { x: a.x, y: a.y, spread: 0 };
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, spread: Math.max(distance(a, b), 1) };
}

/**
 * Samples are { id, type: "mouse" | "pen" | "touch", x, y, time, ... } of pointer events, in pixels and ms.
 * Methods return a list of commands:
 *   ["begin", sample], ["follow", samples], ["finish", id], ["cancel", id]: a stroke;
 *   ["grip", from, to]: pan and zoom; ["tap", sample]: a hand that did not move.
 */
export class PointerArbiter {
  penSeen = false;
  fingersDraw = false; // although a pen was seen

  #mode = "idle"; // or "waiting" (a finger that may draw), "drawing", "panning", "pinching"
  #samples = []; // of the finger that waits, or the first and last of the stroke
  #held = new Map(); // samples by id: the pointers that pan or pinch
  #taps = false; // whether the pointer that pans may be a tap
  #start = null; // of the pointer that pans

  get isBusy() { return this.#mode !== "idle"; }

  /** A pen is near or on the page. */
  notePen() { this.penSeen = true; }

  /** `isHand`: the pointer moves the sheet instead of drawing. */
  down(sample, { button = 0, isHand = false } = {}) {
    if (sample.type === "pen") this.notePen();
    const commands = this.#mode === "idle" ? [] : this.#interrupt(sample);
    if (this.#mode !== "idle") return commands;
    const fingerPans = sample.type === "touch" && this.penSeen && !this.fingersDraw;
    if (button === 1 || (button === 0 && (isHand || fingerPans))) this.#pan(sample, isHand);
    else if (button === 0 && sample.type === "touch") this.#wait(sample);
    else if (button === 0) return [...commands, ...this.#begin([sample])];
    return commands;
  }

  /** A pointer came while another is down: the commands that end the other; mode "idle" where it did. */
  #interrupt(sample) {
    const isStroke = this.#mode === "drawing" || this.#mode === "waiting";
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (sample.type === "pen" && !(this.#mode === "drawing" && first.type !== "touch")) {
      return this.#reset();
    }
    if (sample.type !== "touch") return [];
    if (!isStroke) {
      if (this.#held.size === 1 && [...this.#held.values()][0].type === "touch") this.#pinch(sample);
      return [];
    }
    const isYoung = sample.time - first.time < YOUNG_MS && distance(first, last) < YOUNG_PX;
    if (first.type !== "touch" || (this.#mode === "drawing" && !isYoung)) return [];
    const commands = this.#reset();
    this.#pan(last, false);
    this.#pinch(sample);
    return commands;
  }

  /** Samples of one pointer, the oldest first. */
  move(samples) {
    const last = samples.at(-1);
    if (last.type === "pen") this.notePen();
    if (this.#held.has(last.id)) return this.#grip(last);
    if (this.#samples[0]?.id !== last.id) return [];
    if (this.#mode === "waiting") {
      this.#samples.push(...samples);
      const moved = distance(this.#samples[0], last) > SLOP;
      return moved ? this.#begin(this.#samples) : [];
    }
    this.#samples = [this.#samples[0], last];
    return [["follow", samples]];
  }

  up(sample) {
    const { id } = sample;
    if (this.#held.has(id)) return this.#release(sample);
    if (this.#samples[0]?.id !== id) return [];
    const commands = this.#mode === "waiting" ? this.#begin(this.#samples) : [];
    this.#idle();
    return [...commands, ["finish", id]];
  }

  /** The browser took a pointer away. */
  cancel(id) {
    if (this.#held.has(id)) {
      this.#taps = false;
      return this.#release({ id });
    }
    return this.#samples[0]?.id === id ? this.#reset() : [];
  }

  #wait(sample) {
    this.#mode = "waiting";
    this.#samples = [sample];
  }

  #begin([first, ...rest]) {
    this.#mode = "drawing";
    this.#samples = [first, rest.at(-1) ?? first];
    return [["begin", first], ...(rest.length ? [["follow", rest]] : [])];
  }

  #pan(sample, taps) {
    this.#mode = "panning";
    this.#samples = [];
    this.#held = new Map([[sample.id, sample]]);
    this.#start = sample;
    this.#taps = taps;
  }

  #pinch(sample) {
    this.#mode = "pinching";
    this.#held.set(sample.id, sample);
    this.#taps = false;
  }

  #grip(sample) {
    if (this.#taps && distance(this.#start, sample) <= SLOP) return [];
    this.#taps = false;
    const from = gripOf([...this.#held.values()]);
    this.#held.set(sample.id, sample);
    return [["grip", from, gripOf([...this.#held.values()])]];
  }

  /** A finger that is left goes on panning. */
  #release(sample) {
    this.#held.delete(sample.id);
    if (this.#held.size) {
      this.#mode = "panning";
      return [];
    }
    const commands = this.#taps ? [["tap", sample]] : [];
    this.#idle();
    return commands;
  }

  #reset() {
    const commands = this.#mode === "drawing" ? [["cancel", this.#samples[0].id]] : [];
    this.#idle();
    return commands;
  }

  #idle() {
    this.#mode = "idle";
    this.#samples = [];
    this.#held.clear();
  }
}
