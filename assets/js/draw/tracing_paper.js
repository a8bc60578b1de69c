// Tracing paper: a photo that shines through the sheet, to draw after. It is never part of the drawing, and
// stays in this page.

import { button, group } from "../core/controls.js";
import { h } from "../core/dom.js";
import { buildFilePicker } from "../core/file_input.js";

const OPACITY = 45; // percent at first

/**
 * The button that lays a photo under the sheet, and the slider and button that are there while one lies. The
 * photo fills the sheet, centred, as photos do that a drawing is made of. `attempt(work)` shows what fails.
 */
export function buildTracingPaper(studio, attempt) {
  const photo = h("img", { class: "st-paper", alt: "", draggable: false });
  const slider = h("input", {
    type: "range", min: 5, max: 90, value: OPACITY, "aria-label": "How strongly the photo shines through",
    on: { input: () => { photo.style.opacity = slider.value / 100; } },
  });
  const settings = group("st-paper-settings", "group", "Tracing paper",
    slider,
    button({ name: "drop", label: "Remove the tracing paper", onClick: () => remove() }));
  settings.hidden = true;

  function remove() {
    photo.remove();
    URL.revokeObjectURL(photo.src);
    settings.hidden = true;
    studio.canvas.element.focus({ preventScroll: true });
  }

  async function lay(file) {
    const next = URL.createObjectURL(file);
    const old = photo.src;
    photo.src = next;
    try {
      await photo.decode();
    } catch {
      URL.revokeObjectURL(next);
      photo.src = old;
      throw new Error(`${file.name}: the browser cannot show this file as a picture`);
    }
    if (old) URL.revokeObjectURL(old);
    photo.style.opacity = slider.value / 100;
    studio.canvas.element.after(photo);
    settings.hidden = false;
  }

  return [
    buildFilePicker({ name: "paper", label: "Tracing paper", text: "Tracing paper",
      tip: "A photo that shines through the sheet, to draw after" }, ([file]) => attempt(() => lay(file))),
    settings,
  ];
}
