// Pointer events over a sheet and its picture become strokes, pans and zooms; see pointer_arbiter.js.

import { PointerArbiter } from "./pointer_arbiter.js";
import { positionIn } from "./sheet_view.js";
import { smootherFor } from "./stroke_smoother.js";

const TAP_ZOOM = 2;

const sampleOf = (event) => ({
  id: event.pointerId, type: event.pointerType || "mouse", time: event.timeStamp,
  x: event.clientX, y: event.clientY, clientX: event.clientX, clientY: event.clientY,
  pressure: event.pointerType === "pen" ? event.pressure : undefined,
});

function samplesOf(event) {
  const events = event.getCoalescedEvents?.() ?? [];
  return (events.length ? events : [event]).map(sampleOf);
}

/** The pointers over the drawing. */
export class PointerInput {
  #arbiter = new PointerArbiter();
  #isSpaceDown = false;

  /** `onPen()` is called when a pen is seen for the first time. */
  constructor(canvas, onPen) {
    Object.assign(this, { canvas, onPen });
    const { frame, layer } = canvas;
    layer.addEventListener("pointerdown", (event) => this.#down(event));
    frame.addEventListener("pointerdown", (event) => event.target === frame && this.#down(event));
    frame.addEventListener("pointermove", (event) => this.#move(event));
    frame.addEventListener("pointerup", (event) => this.#up(event));
    frame.addEventListener("pointercancel", (event) => this.#run(this.#arbiter.cancel(event.pointerId)));
    frame.addEventListener("pointerleave", () => canvas.hoverAt(null));
    frame.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.view.bindWheel(frame, { plain: true });
  }

  get #isHand() { return this.#isSpaceDown || this.canvas.tool === "hand"; }

  set fingersDraw(on) { this.#arbiter.fingersDraw = on; }

  /** While Space is held, a pointer moves the sheet. */
  holdSpace(on) {
    this.#isSpaceDown = on;
    this.canvas.frame.classList.toggle("st-hand", on);
    this.canvas.hoverAt(this.canvas.hover);
  }

  #down(event) {
    const { canvas } = this;
    if (canvas.stroke?.pointer === "keys") canvas.cancel();
    event.preventDefault(); // no text selection, no autoscroll of the middle button
    canvas.element.focus({ preventScroll: true });
    canvas.frame.setPointerCapture(event.pointerId);
    this.#notePen(event);
    const sample = { ...sampleOf(event), alt: event.altKey };
    this.#run(this.#arbiter.down(sample, { button: event.button, isHand: this.#isHand }));
  }

  #move(event) {
    const { canvas } = this;
    this.#notePen(event);
    const hovers = event.pointerType !== "touch" && !this.#isHand && canvas.layer.contains(event.target);
    canvas.hoverAt(hovers || canvas.stroke?.pointer === event.pointerId ? canvas.pointOf(event) : null);
    this.#run(this.#arbiter.move(samplesOf(event)));
  }

  #up(event) { this.#run(this.#arbiter.up({ ...sampleOf(event), alt: event.altKey })); }

  #notePen({ pointerType }) {
    if (pointerType !== "pen" || this.#arbiter.penSeen) return;
    this.#arbiter.notePen();
    this.onPen();
  }

  #run(commands) {
    for (const [name, ...args] of commands) COMMANDS[name](this.canvas, ...args);
  }
}

const COMMANDS = {
  begin(canvas, sample) {
    const point = canvas.pointOf(sample);
    canvas.begin(point, sample.id);
    canvas.stroke.smoother = smootherFor(canvas, point);
  },
  follow(canvas, samples) {
    const { stroke } = canvas;
    if (stroke?.pointer !== samples[0].id) return; // it was dropped, by Esc say
    const points = samples.map((sample) => canvas.pointOf(sample));
    canvas.follow(stroke.smoother ? points.flatMap((point) => stroke.smoother.follow(point)) : points);
  },
  finish(canvas, id) {
    const { stroke } = canvas;
    if (stroke?.pointer !== id) return;
    if (stroke.smoother) canvas.follow([stroke.smoother.finish()]);
    canvas.finish();
  },
  cancel(canvas, id) { if (canvas.stroke?.pointer === id) canvas.cancel(); },
  grip: (canvas, from, to) => canvas.view.follow(canvas.frame, from, to),
  tap({ view, frame }, sample) {
    const isLast = view.zoom * TAP_ZOOM > view.maxZoom * 1.01;
    if (isLast && !sample.alt) view.fit();
    else view.zoomBy(sample.alt ? 1 / TAP_ZOOM : TAP_ZOOM, positionIn(frame, sample));
  },
};

/** Over the picture a drag moves the sheet once it is zoomed; two fingers zoom it, as Ctrl and the wheel do. */
export function bindPictureGestures(frame, view) {
  const arbiter = new PointerArbiter();
  const run = (commands) => {
    for (const [name, from, to] of commands) if (name === "grip") view.follow(frame, from, to);
  };
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && view.isZoomed) frame.setPointerCapture(event.pointerId);
    run(arbiter.down(sampleOf(event), { button: event.button, isHand: true }));
  });
  frame.addEventListener("pointermove", (event) => run(arbiter.move(samplesOf(event))));
  frame.addEventListener("pointerup", (event) => run(arbiter.up(sampleOf(event))));
  frame.addEventListener("pointercancel", (event) => run(arbiter.cancel(event.pointerId)));
  frame.addEventListener("touchstart", (event) => { // else two fingers scroll the page
    if (event.touches.length > 1 && event.cancelable) event.preventDefault();
  }, { passive: false });
  view.bindWheel(frame, { plain: false });
}
