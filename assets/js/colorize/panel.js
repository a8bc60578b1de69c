// The panel beside the photo: hints, settings and Save.

import { button, switchButton } from "../core/controls.js";
import { h } from "../core/dom.js";
import { buildMenu } from "../core/menu.js";
import { buildReferencePicker } from "./reference_picker.js";
import { buildSwatches, heading } from "./swatches.js";

// [setting, label, tooltip]; all are off at first.
const IMPROVEMENTS = [
  ["scratches", "Remove scratches", "Dust, stains and folds too"],
  ["repair", "Repair faded tones", "Makes the darkest black and the lightest white"],
  ["denoise", "Smooth the grain", "Specks, film grain, the dots of a print"],
  ["negative", "Invert the negative", "For film that was scanned as it is"],
  ["crop", "Crop the border", "Off what is saved; hints stay in place"],
  ["strip", "Save without its notes", "Captions, author, dates, place and XMP are left out of the file"],
];

/**
 * `repairTools` are shown below "Remove scratches", `suggestions` above the swatches. `on`: reference, see
 * `buildReferencePicker`; the callbacks of `buildSwatches`, strength(value, isFinal), improve(setting), sizes(), all(),
 * save(format), saveHints(). Returns its `node`, `swatches`, `strength`, `show(photo, state)` and
 * `setSaving(busy)`.
 */
export function buildPanel(props, repairTools, suggestions, on) {
  const swatches = buildSwatches(suggestions, on);
  const reference = buildReferencePicker(on.reference);
  const strength = buildStrength(props.max_strength, on.strength);
  const sizes = button({ name: "sizes", label: "Working size", text: "Working size",
    tip: "Four of them side by side", classes: "st-sizes", onClick: on.sizes });
  const offered = IMPROVEMENTS.filter(([setting]) => setting !== "scratches" || props.restores);
  const switches = offered.map(([setting, text, tip]) => (
    [setting, switchButton({ text, tip, onClick: () => on.improve(setting) })]
  ));
  const all = button({ name: "repeat", label: "Apply to all photos", text: "Apply to all",
    tip: "All of this but hints and strokes", onClick: on.all });
  const save = buildMenu({ name: "download", label: "Save", text: "Save", classes: "st-primary" }, [
    ["Save as PNG", "without loss", () => on.save("png")],
    ["Save as JPEG", "smaller", () => on.save("jpeg")],
    ["Save the hints", "to go on later", () => on.saveHints()],
  ]);
  const settings = h("div", { class: "st-style-region" }, heading("Photo"), strength.node,
    switches.map(([setting, node]) => (setting === "scratches" ? [node, repairTools] : node)).flat(),
    reference.node, sizes, all);

  function show(photo, { color, hidden, many }) {
    const history = photo?.history;
    swatches.show({
      color, hidden, canUndo: history?.canUndo, canRedo: history?.canRedo,
      canRemove: Boolean(history?.value[photo.selected]), count: history?.value.length ?? 0,
    });
    if (photo) strength.show(photo.strength);
    reference.show(photo?.reference ?? null);
    for (const [setting, node] of switches) {
      node.setAttribute("aria-checked", String(Boolean(photo?.[setting])));
    }
    all.hidden = !many;
  }

  function setSaving(busy) {
    const opener = save.querySelector(".st-button");
    opener.disabled = busy;
    opener.classList.toggle("st-working", busy);
  }
  const node = h("aside", { class: "st-panel", "aria-label": "Colours" }, swatches.node, settings, save);
  return { node, swatches, strength, show, setSaving };
}

/** The slider for 0 to `max`, shown in percent. `onChange(value, isFinal)`: final when released. */
function buildStrength(max, onChange) {
  const change = (isFinal) => () => onChange(Number(input.value) / 100, isFinal);
  const input = h("input", {
    type: "range", min: 0, max: max * 100, step: 5, value: 100,
    on: { input: change(false), change: change(true) },
  });
  const output = h("output");
  const show = (value) => {
    input.value = Math.round(value * 100);
    output.textContent = `${input.value}%`;
  };
  show(1);
  return { node: h("label", { class: "st-strength" }, h("span", {}, "Strength"), input, output), show };
}
