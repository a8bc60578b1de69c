// Thumbnails of the drawing in other styles, requested one at a time while the tab is idle.
// Named styles first, then seeds, then the style of a photo.

import { notice } from "../core/dialog.js";
import { buildFilePicker } from "./drawing_files.js";
import { buildProgress } from "../core/upload.js";
import { on, onFailure, setSeed, setStyle, studio } from "./studio.js";
import { packIds, uploadFile } from "../core/codec.js";

const IDLE_MS = 600; // since the last building
const GIVE_UP_MS = 15000;

export function mountStyleGallery({ element, props, trigger, watch }) {
  const root = element.querySelector(".st-looks");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Looks of this drawing");
  const entries = [...props.styles.map(namedEntry), ...props.seeds.map(seedEntry)];
  const photo = buildPhotoEntry((file) => takeFrom(file));
  root.replaceChildren(...entries.map((entry) => entry.node), photo.node, photo.add, photo.picker);

  let drawn = ""; // the drawing that the entries are of, or will be
  let round = 0; // goes up with each drawing
  let waiting = []; // entries still to come
  let timer;
  let asked = 0; // goes up with each request
  let inFlight = null; // { id, entry, round, at } of the entry being made

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(next, IDLE_MS);
  };
  const isIdle = () => {
    const { queue, canvas, stale } = studio;
    return queue && !queue.inFlight && !canvas.stroke && !stale && !photo.busy
      && document.visibilityState === "visible" && root.offsetParent !== null;
  };

  async function next() {
    if (!studio.queue || document.visibilityState !== "visible") return later();
    if (!isIdle() || (inFlight && Date.now() - inFlight.at < GIVE_UP_MS)) return;
    const ids = await packIds(studio.canvas.map);
    if (ids !== drawn) [drawn, round, waiting] = [ids, round + 1, [...entries]];
    root.dataset.complete = String(!waiting.length);
    if (!waiting.length || !isIdle()) return;
    const [entry] = waiting;
    asked += 1;
    inFlight = { id: asked, entry, round, at: Date.now() };
    props.value = { ids, seed: entry.seed ?? 0, style: entry.style?.values, id: asked };
    trigger("input");
  }

  async function takeFrom(file) {
    photo.setBusy(true);
    const progress = buildProgress(studio.canvas.frame);
    try {
      props.value = await uploadFile(file, props.max_upload_mb, (part) => progress(file.name, part));
      trigger("photo");
    } catch (error) {
      photo.setBusy(false);
      notice(studio.canvas.frame, error.message);
    }
  }

  watch("value", () => {
    const { image, id, style, photo: thumbnail, name } = props.value ?? {};
    if (thumbnail) {
      photo.setBusy(false);
      setStyle({ name, values: style, photo: thumbnail });
    }
    if (!image) return;
    if (id === inFlight?.id) {
      const { entry } = inFlight;
      if (inFlight.round === round) {
        waiting = waiting.filter((other) => other !== entry);
        entry.node.querySelector("img").src = image;
        entry.node.dataset.round = String(round);
        root.dataset.complete = String(waiting.length === 0);
      }
      inFlight = null;
    }
    if (isIdle()) next();
  });
  onFailure("look", () => { inFlight = null; });
  onFailure("style", () => photo.setBusy(false));

  const mark = () => {
    const { style, seed } = studio;
    for (const entry of entries) {
      const chosen = style ? !style.photo && entry.style?.name === style.name : entry.seed === seed;
      entry.node.setAttribute("aria-pressed", String(chosen));
    }
    photo.mark(style);
  };
  on("change", () => {
    root.dataset.complete = "false";
    mark();
    later();
  });
  on("answer", later);
  mark();
  later();
}

function seedEntry(seed) {
  return { seed, node: tile(`Look ${seed}`, `Seed ${seed}`, () => setSeed(seed)) };
}

function namedEntry({ name, style }) {
  const entry = { style: { name, values: style } };
  return { ...entry, node: tile(`Look: ${name}`, name, () => setStyle(entry.style)) };
}

function tile(label, tip, act) {
  const node = Object.assign(document.createElement("button"), {
    type: "button", className: "st-thumb st-look",
  });
  node.setAttribute("aria-label", label);
  node.dataset.tip = tip;
  node.append(Object.assign(new Image(), { alt: "" }));
  node.addEventListener("click", act);
  return node;
}

/** The entry of a photo, hidden until there is one, and the button that takes one. */
function buildPhotoEntry(take) {
  let style = null;
  const node = tile("Look of the photo", "", () => setStyle(style));
  node.hidden = true;
  const [add, picker] = buildFilePicker({ name: "photo", label: "Style from a photo",
    text: "From a photo",
    tip: "In the style of a photo", classes: "st-add" }, take);
  const entry = {
    node, add, picker, busy: false,
    setBusy(busy) {
      entry.busy = busy;
      add.classList.toggle("st-working", busy);
      add.setAttribute("aria-busy", String(busy));
    },
    /** Shows which style is chosen; one of a photo, once chosen, stays at hand. */
    mark(chosen) {
      if (chosen?.photo) {
        style = chosen;
        node.hidden = false;
        node.querySelector("img").src = style.photo;
        node.dataset.round = "photo";
        node.setAttribute("aria-label", `Look of the photo ${style.name}`);
        node.dataset.tip = `As in ${style.name}`;
      }
      node.setAttribute("aria-pressed", String(Boolean(chosen?.photo)));
    },
  };
  return entry;
}
