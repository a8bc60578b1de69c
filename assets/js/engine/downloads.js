// How far the downloads of models are, in a bar at the edge of the page.

import { group } from "../core/controls.js";
import { setStyle } from "../core/dom.js";

const SHOW_AFTER_MS = 300;
const running = new Map(); // fractions by name
let bar = null;
let timer = null;

/** `{ name, fraction }`: a step of a download; fraction is null at its end. */
export function showDownloads({ name, fraction }) {
  if (fraction === null) running.delete(name);
  else running.set(name, fraction);
  if (!running.size) {
    clearTimeout(timer);
    timer = null;
    bar?.remove();
    bar = null;
    return;
  }
  timer ??= setTimeout(show, SHOW_AFTER_MS);
  if (bar) update();
}

function show() {
  if (!running.size) return;
  bar = group("st-progress", "progressbar", "");
  bar.classList.add("st-download");
  document.body.append(bar);
  update();
}

function update() {
  const [[name, fraction]] = running;
  const percent = Math.round(fraction * 100);
  bar.setAttribute("aria-label", `Loading ${name}`);
  bar.setAttribute("aria-valuenow", percent);
  setStyle(bar, { "--part": `${percent}%` });
  bar.textContent = `Loading ${name}: ${percent}%`;
}
