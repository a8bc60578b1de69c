// Colours that are likely at the place of the selected hint, above the fixed swatches.

import { group } from "../core/controls.js";
import { h } from "../core/dom.js";
import { colored } from "./hints.js";
import { settingsOf } from "./photo.js";
import { HIGH } from "./request_queue.js";

const COUNT = 5;
const DELAY_MS = 120; // while a hint is dragged, only the place where it rests is asked about

/**
 * The request for suggestions at the place of a photo's selected hint; null without one. That hint itself does not
 * count: the network would be sure of its colour.
 */
export function suggestionRequest(photo) {
  const hints = photo?.history.value ?? [];
  const selected = hints[photo?.selected];
  if (!selected) return null;
  const others = colored(hints.filter((hint) => hint !== selected));
  return { kind: "suggest", ...settingsOf(photo), strength: 1, strip: false, hints: others, at: [selected.x, selected.y] };
}

export class Suggestions {
  #key = ""; // of the colours on show, or on their way
  #colors = [];
  #timer = null;

  /** `ask(photo, payload, options)` is PhotoClient's; `onPick(color)` is called with #rrggbb. */
  constructor({ ask, onPick }) {
    Object.assign(this, { ask, onPick });
    this.buttons = Array.from({ length: COUNT }, (_, i) => h("button", {
      type: "button", class: "st-tint", on: { click: () => this.pick(i) },
    }));
    this.node = group("st-suggestions", "group", "Likely colours here",
      h("span", { class: "st-caption" }, "Likely here"), this.buttons);
    this.#show([]);
    this.node.hidden = true;
  }

  /** Shows the suggestions for a photo's selected hint; requests those that are not known yet. */
  update(photo) {
    const payload = suggestionRequest(photo);
    this.node.hidden = !payload;
    const key = payload ? `${photo.name} ${JSON.stringify(payload)}` : "";
    if (key !== this.#key) {
      this.#key = key;
      clearTimeout(this.#timer);
      this.#show([]); // empty swatches keep the room
      if (payload) this.#timer = setTimeout(() => this.#load(photo, payload, key), DELAY_MS);
    }
    const { color = null } = photo?.history.value[photo.selected] ?? {};
    this.buttons.forEach((button, i) => {
      button.setAttribute("aria-pressed", String(color !== null && this.#colors[i]?.color === color));
    });
  }

  async #load(photo, payload, key) {
    try {
      const answer = await this.ask(photo, payload, { name: "suggest", priority: HIGH });
      if (!answer || key !== this.#key) return;
      this.#show(answer.colors);
      this.node.hidden = !answer.colors.length; // on a border, or a model without a distribution
      this.update(photo);
    } catch {
      if (key === this.#key) this.node.hidden = true; // the picture's request says why
    }
  }

  /** Whether there is a suggestion with an index. */
  has(index) { return !this.node.hidden && index < this.#colors.length; }

  /** Picks a suggestion by its index. */
  pick(index) { this.onPick(this.#colors[index].color); }

  /** Focuses the first suggestion; false where there is none. */
  focus() {
    if (!this.has(0)) return false;
    this.buttons[0].focus();
    return true;
  }

  #show(colors) {
    this.#colors = colors;
    this.node.classList.toggle("st-waiting", !colors.length);
    this.buttons.forEach((button, i) => {
      const { color, share } = colors[i] ?? {};
      button.disabled = !color;
      button.style.setProperty("--color", color ?? "transparent");
      const likely = color ? `${Math.round(share * 100)}% likely` : "";
      if (color) Object.assign(button.dataset, { tip: `${likely}  ${i + 1}`, color });
      else ["tip", "color"].forEach((name) => delete button.dataset[name]);
      const name = `Likely colour ${i + 1}`;
      button.setAttribute("aria-label", color ? `${name} of ${colors.length}: ${color}, ${likely}` : name);
    });
  }
}
