// A question or a notice on the canvas itself.

import { group, icon } from "./icons.js";

const NOTICE_MS = 8000;

/**
 * `yes` and `no` are the labels of two buttons, `reason` is why it is asked. Resolves to true for
 * yes; Esc means no.
 */
export function ask(frame, question, yes, no, reason = "") {
  frame.querySelector(".st-ask")?.remove();
  const node = group("st-ask", "alertdialog", question);
  const text = Object.assign(document.createElement("p"), { textContent: question });
  const option = (label, classes) => Object.assign(document.createElement("button"), {
    type: "button", className: `st-button ${classes}`, innerHTML: `<span>${label}</span>`,
  });
  const [agree, keep] = [option(yes, "st-primary"), option(no, "")];
  if (reason) text.append(Object.assign(document.createElement("small"), { textContent: reason }));
  node.append(text, agree, keep);
  frame.append(node);
  keep.focus();
  return new Promise((resolve) => {
    const close = (answer) => {
      node.remove();
      frame.querySelector(".st-sheet").focus({ preventScroll: true });
      resolve(answer);
    };
    agree.addEventListener("click", () => close(true));
    keep.addEventListener("click", () => close(false));
    node.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      close(false);
    });
  });
}

/** Says what could not be done; goes away by itself, or when it is closed. */
export function notice(frame, words) {
  frame.querySelector(".st-notice")?.remove();
  const node = group("st-notice", "alert", "Notice");
  const text = Object.assign(document.createElement("p"), { textContent: words });
  const close = Object.assign(document.createElement("button"), {
    type: "button", className: "st-button", innerHTML: icon("drop"),
  });
  close.setAttribute("aria-label", "Close the notice");
  close.addEventListener("click", () => node.remove());
  node.append(text, close);
  frame.append(node);
  setTimeout(() => node.remove(), NOTICE_MS);
}
