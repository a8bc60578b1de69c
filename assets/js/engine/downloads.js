// How far the downloads of models are, in a bar at the edge of the page, and what failed.

import { button, group } from "../core/controls.js";
import { h, setStyle } from "../core/dom.js";

const SHOW_AFTER_MS = 300;
const running = new Map(); // fractions by name
const problems = new Map(); // messages by name
let bar = null;
let timer = null;
let message = null; // the element of the problems

/**
 * A step of a download `name`; fraction is null at its end, `problem` says why it failed. A name of null
 * ends all downloads.
 */
export function showDownloads({ name, fraction, problem }) {
  if (name === null) running.clear();
  else if (fraction === null) running.delete(name);
  else running.set(name, fraction);
  if (problem) showProblem(name, problem);
  else if (problems.has(name) && fraction === null) showProblem(name, "");
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

/** Shows a message at the edge of the page until it is closed or another takes its name; "" removes it. */
export function showProblem(name, problem) {
  if (problems.get(name) === problem) return; // it was read, and perhaps closed
  if (problem) problems.set(name, problem);
  else problems.delete(name);
  message?.remove();
  message = null;
  if (!problems.size) return;
  const texts = [...new Set(problems.values())].map((text) => h("p", {}, text));
  message = group("st-notice st-problem", "alert", "Problem", h("div", {}, texts),
    button({ name: "drop", label: "Close the message", onClick: () => message.remove() }));
  document.body.append(message);
}

/** Whether the message is at the edge of the page. */
export const isProblemShown = (problem) => Boolean(message?.isConnected) && [...problems.values()].includes(problem);

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
