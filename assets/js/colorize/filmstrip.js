// The photos that are open, as a film strip: each with its state.

import { icon } from "../core/icons.js";

const WORDS = { waiting: "waiting", working: "working", done: "done", failed: "failed" };

/** `on.open(photo)`, `on.remove(photo)`. Returns its node and `show(photos, current)`. */
export function buildFilmstrip(on) {
  const node = Object.assign(document.createElement("ol"), { className: "st-strip" });
  node.setAttribute("aria-label", "Photos");
  const frames = new Map();

  function build(photo) {
    const frame = Object.assign(document.createElement("li"), { className: "st-shot" });
    const opener = Object.assign(document.createElement("button"), {
      type: "button", className: "st-thumb",
    });
    opener.append(Object.assign(new Image(), { alt: "" }));
    opener.addEventListener("click", () => on.open(photo));
    const remove = Object.assign(document.createElement("button"), {
      type: "button", className: "st-off-strip", innerHTML: icon("drop"),
    });
    remove.setAttribute("aria-label", `Close ${photo.name}`);
    remove.addEventListener("click", () => on.remove(photo));
    frame.append(opener, remove);
    frames.set(photo, frame);
    return frame;
  }

  function show(photos, current) {
    for (const [photo, frame] of frames) {
      if (photos.includes(photo)) continue;
      frame.remove();
      frames.delete(photo);
    }
    photos.forEach((photo, at) => {
      const frame = frames.get(photo) ?? build(photo);
      if (node.children[at] !== frame) node.insertBefore(frame, node.children[at] ?? null);
      const [opener] = frame.children;
      const image = opener.firstChild;
      if (photo.thumb && image.getAttribute("src") !== photo.thumb) image.src = photo.thumb;
      image.hidden = !photo.thumb;
      frame.dataset.state = photo.state;
      frame.dataset.name = photo.name;
      const isSent = typeof photo.sent === "number";
      frame.classList.toggle("st-sending", isSent);
      frame.style.setProperty("--part", `${(photo.sent ?? 0) * 100}%`);
      const state = isSent ? `sending, ${Math.round(photo.sent * 100)}%` : WORDS[photo.state];
      const about = photo.reason || `${photo.name}: ${state}`;
      opener.setAttribute("aria-label", about);
      opener.title = about;
      opener.setAttribute("aria-pressed", String(photo === current));
    });
  }
  return { node, show };
}
