// The open photos as a film strip, each with its state.

import { thumbnailButton } from "../core/controls.js";
import { h, setStyle } from "../core/dom.js";
import { icon } from "../core/icons.js";

/** `on`: open(photo), remove(photo). Returns its `node` and `show(photos, current)`. */
export function buildFilmstrip(on) {
  const node = h("ol", { class: "st-filmstrip", "aria-label": "Photos" });
  const frames = new Map(); // <li> by photo

  function frameOf(photo) {
    if (!frames.has(photo)) frames.set(photo, buildFrame(photo, on));
    return frames.get(photo);
  }

  function show(photos, current) {
    for (const [photo, frame] of frames) {
      if (photos.includes(photo)) continue;
      frame.remove();
      frames.delete(photo);
    }
    photos.forEach((photo, at) => {
      const frame = frameOf(photo);
      if (node.children[at] !== frame) node.insertBefore(frame, node.children[at] ?? null);
      showState(frame, photo, photo === current);
    });
  }
  return { node, show };
}

function buildFrame(photo, on) {
  return h("li", { class: "st-shot" },
    thumbnailButton({ label: photo.name, picture: h("img", { alt: "" }), onClick: () => on.open(photo) }),
    h("button", {
      type: "button", class: "st-off-filmstrip", "aria-label": `Close ${photo.name}`,
      on: { click: () => on.remove(photo) },
    }, icon("drop")));
}

function showState(frame, photo, isCurrent) {
  const [opener] = frame.children;
  const image = opener.firstChild;
  if (photo.thumb && image.getAttribute("src") !== photo.thumb) image.src = photo.thumb;
  image.hidden = !photo.thumb;
  frame.dataset.state = photo.state;
  frame.dataset.name = photo.name;
  const isSending = typeof photo.sent === "number";
  frame.classList.toggle("st-sending", isSending);
  setStyle(frame, { "--part": `${(photo.sent ?? 0) * 100}%` });
  const state = isSending ? `sending, ${Math.round(photo.sent * 100)}%` : photo.state;
  const description = photo.reason || `${photo.name}: ${state}`;
  opener.setAttribute("aria-label", description);
  opener.title = description;
  opener.setAttribute("aria-pressed", String(isCurrent));
}
