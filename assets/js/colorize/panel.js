// The panel of settings beside the photo, and the bar of photos below it.

import { button } from "../core/icons.js";
import { buildMenu } from "../core/menu.js";
import { urlOf } from "../core/base_url.js";
import { buildFilmstrip } from "./filmstrip.js";
import { buildSwatches, heading } from "./swatches.js";
import { buildFilesPicker } from "../core/file_input.js";

// Off unless asked for: what the photo has of its own is changed by these.
const IMPROVEMENTS = [
  ["repair", "Repair faded tones", "Makes the darkest black and the lightest white"],
  ["denoise", "Smooth the grain", "Specks, film grain, the dots of a print"],
  ["negative", "Invert the negative", "For film that was scanned as it is"],
  ["crop", "Crop the border", "Off what is saved; hints stay in place"],
  ["strip", "Save without its notes", "Captions, author, dates, place and XMP are left out of the file"],
];

export function make(tag, className = "") {
  return Object.assign(document.createElement(tag), { className });
}

/** Hints, strength, working size and Save. `on`: see colorize.js. */
export function buildPanel(props, on) {
  const node = make("aside", "st-panel");
  node.setAttribute("aria-label", "Colours");
  const swatches = buildSwatches(on);
  const strength = buildStrength(props.max_strength, on.strength);
  const sizes = button({ name: "sizes", label: "Working size", text: "Working size",
    tip: "Four of them side by side", classes: "st-sizes" });
  sizes.addEventListener("click", () => on.sizes());
  const switches = IMPROVEMENTS.map(([part, text, tip]) => {
    const node_ = Object.assign(make("button", "st-switch"), { type: "button", textContent: text });
    node_.setAttribute("role", "switch");
    node_.dataset.tip = tip;
    node_.addEventListener("click", () => on.improve(part));
    return [part, node_];
  });
  const all = button({ name: "repeat", label: "Apply to all photos", text: "Apply to all",
    tip: "All of this but the hints" });
  all.addEventListener("click", () => on.all());
  const save = buildMenu(
    { name: "download", label: "Save", text: "Save", classes: "st-primary" },
    [
      ["Save as PNG", "without loss", () => on.save("png")],
      ["Save as JPEG", "smaller", () => on.save("jpeg")],
      ["Save the hints", "to go on later", () => on.saveHints()],
    ],
  );
  const settings = make("div", "st-look-part");
  settings.append(heading("Photo"), strength.node, ...switches.map(([, node_]) => node_), sizes, all);
  node.append(swatches.node, settings, save);

  function show(photo, { color, hidden, many }) {
    const history = photo?.history;
    swatches.show({
      color, hidden, canUndo: history?.canUndo, canRedo: history?.canRedo,
      canRemove: Boolean(history?.value[photo.selected]), count: history?.value.length ?? 0,
    });
    if (photo) strength.show(photo.strength);
    sizes.lastChild.textContent = `Working size: ${photo?.size ?? props.size}`;
    for (const [part, node_] of switches) {
      node_.setAttribute("aria-checked", String(Boolean(photo?.[part])));
    }
    all.hidden = !many;
  }
  const saving = (busy) => {
    const opener = save.querySelector(".st-button");
    opener.disabled = busy;
    opener.classList.toggle("st-working", busy);
  };
  return { node, swatches, strength, show, saving };
}

/** `onChange(value, done)`: while the hand moves, and when it has let go. */
function buildStrength(max, onChange) {
  const node = make("label", "st-strength");
  const input = Object.assign(make("input"), {
    type: "range", min: 0, max: max * 100, step: 5, value: 100,
  });
  const shown = make("output");
  const show = (value) => {
    input.value = Math.round(value * 100);
    shown.textContent = `${input.value}%`;
  };
  input.addEventListener("input", () => onChange(Number(input.value) / 100, false));
  input.addEventListener("change", () => onChange(Number(input.value) / 100, true));
  node.append(Object.assign(make("span"), { textContent: "Strength" }), input, shown);
  show(1);
  return { node, show };
}

/** Open, the photos that are open or what to try, and Save all. */
export function buildPhotoBar(props, on) {
  const node = make("div", "st-shelf");
  const [opener, picker] = buildFilesPicker({ name: "open", label: "Open photos", text: "Open photos",
    tip: "Or drop them on the page" }, on.files);
  const tries = Object.assign(make("span", "st-caption"), { textContent: "Or try" });
  const examples = make("div", "st-thumbs");
  for (const example of props.examples) {
    const thumb = Object.assign(make("button", "st-thumb"), { type: "button" });
    thumb.setAttribute("aria-label", example.title);
    thumb.dataset.tip = example.title;
    const src = urlOf(example.url);
    thumb.append(Object.assign(new Image(), { src, alt: "" }));
    thumb.addEventListener("click", () => on.example(example));
    examples.append(thumb);
  }
  const filmstrip = buildFilmstrip(on);
  const all = buildMenu({ name: "download", label: "Save all", text: "Save all" }, [
    ["All as PNG", "in a ZIP file", () => on.saveAll("png")],
    ["All as JPEG", "in a ZIP file", () => on.saveAll("jpeg")],
  ]);
  const cancel = button({ name: "drop", label: "Cancel", text: "Cancel" });
  cancel.addEventListener("click", () => on.cancel());
  const actions = make("div", "st-actions");
  actions.append(cancel, all);
  node.append(opener, picker, tries, examples, filmstrip.node, actions);

  function show(photos, current, saving) {
    const any = photos.length > 0;
    tries.hidden = any;
    examples.hidden = any;
    filmstrip.node.hidden = !any;
    all.hidden = photos.length < 2 || saving;
    cancel.hidden = !saving;
    filmstrip.show(photos, current);
  }
  show([], null, false);
  return { node, show };
}
