// Questions and notices shown over the canvas.

import { button, group } from "./controls.js";
import { h } from "./dom.js";

const NOTICE_MS = 8000;

/**
 * Asks a question with two answers; `yes` and `no` are the labels of the buttons, `reason` explains
 * why it is asked, `content` is shown between. Resolves to true for yes; Esc means no. The dialog is
 * modal: nothing behind it can be drawn on.
 */
export function confirmDialog(frame, question, yes, no, { reason = "", content = null } = {}) {
  frame.querySelector(".st-dialog")?.close();
  return new Promise((resolve) => {
    let answer = false;
    const option = (label, classes, value) => h("button", {
      type: "button", class: `st-button ${classes}`,
      on: {
        click: () => {
          answer = value;
          node.close();
        },
      },
    }, h("span", {}, label));
    const keep = option(no, "", false);
    const node = h("dialog", { class: "st-dialog", role: "alertdialog", "aria-label": question },
      h("p", {}, question, reason && h("small", {}, reason)), content, option(yes, "st-primary", true), keep);
    node.addEventListener("close", () => {
      node.remove();
      frame.querySelector(".st-canvas").focus({ preventScroll: true });
      resolve(answer);
    });
    frame.append(node);
    node.showModal();
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
