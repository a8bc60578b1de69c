// Questions and notices shown over the canvas.

import { button, group } from "./controls.js";
import { h } from "./dom.js";

const NOTICE_MS = 8000;

/**
 * Asks a question with two answers; `yes` and `no` are the labels of the buttons, `reason` explains
 * why it is asked. Resolves to true for yes; Esc means no.
 */
export function confirmDialog(frame, question, yes, no, reason = "") {
  frame.querySelector(".st-dialog")?.remove();
  return new Promise((resolve) => {
    const close = (answer) => {
      node.remove();
      frame.querySelector(".st-canvas").focus({ preventScroll: true });
      resolve(answer);
    };
    const option = (label, classes, answer) => h("button", {
      type: "button", class: `st-button ${classes}`, on: { click: () => close(answer) },
    }, h("span", {}, label));
    const keep = option(no, "", false);
    const node = group("st-dialog", "alertdialog", question,
      h("p", {}, question, reason && h("small", {}, reason)), option(yes, "st-primary", true), keep);
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close(false);
    });
    frame.append(node);
    keep.focus();
  });
}

/** Shows a message for some seconds, or until it is closed. */
export function showNotice(frame, message) {
  frame.querySelector(".st-notice")?.remove();
  const node = group("st-notice", "alert", "Notice", h("p", {}, message),
    button({ name: "drop", label: "Close the notice", onClick: () => node.remove() }));
  frame.append(node);
  setTimeout(() => node.remove(), NOTICE_MS);
}

/** Shows an error's message, unless the page shows it in another place. */
export function showFailure(frame, error) {
  if (!error.isShown) showNotice(frame, error.message);
}
