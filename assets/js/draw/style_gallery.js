// Other looks of the drawing: small pictures, made one at a time and only while nothing else is.
// Named styles first, then seeds, then the style of a photo.

import { notice } from "../core/dialog.js";
import { filePicker } from "./drawing_files.js";
import { progressIn } from "../core/upload.js";
import { on, onFailure, setSeed, setStyle, studio } from "./studio.js";
import { packIds, sendFile } from "../core/codec.js";

const IDLE_MS = 600; // since the last building
const GIVE_UP_MS = 15000;

export function mountLooks({ element, props, trigger, watch }) {
  const root = element.querySelector(".st-looks");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Looks of this drawing");
  const looks = [...props.styles.map(namedLook), ...props.seeds.map(seedLook)];
  const photo = buildPhotoLook((file) => takeFrom(file));
  root.replaceChildren(...looks.map((look) => look.node), photo.node, photo.add, photo.picker);

  let drawn = ""; // the drawing that the looks are of, or will be
  let round = 0; // goes up with each drawing
  let waiting = []; // looks still to come
  let timer;
  let asked = 0; // goes up with each request
  let underway = null; // { id, look, round, at } of the look being made

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(next, IDLE_MS);
  };
  const isIdle = () => {
    const { pipeline, sheet, stale } = studio;
    return pipeline && !pipeline.underway && !sheet.stroke && !stale && !photo.busy
      && document.visibilityState === "visible" && root.offsetParent !== null;
  };

  async function next() {
    if (!studio.pipeline || document.visibilityState !== "visible") return later();
    if (!isIdle() || (underway && Date.now() - underway.at < GIVE_UP_MS)) return;
    const ids = await packIds(studio.sheet.map);
    if (ids !== drawn) [drawn, round, waiting] = [ids, round + 1, [...looks]];
    root.dataset.complete = String(!waiting.length);
    if (!waiting.length || !isIdle()) return;
    const [look] = waiting;
    asked += 1;
    underway = { id: asked, look, round, at: Date.now() };
    props.value = { ids, seed: look.seed ?? 0, style: look.style?.values, id: asked };
    trigger("input");
  }

  async function takeFrom(file) {
    photo.setBusy(true);
    const progress = progressIn(studio.sheet.frame);
    try {
      props.value = await sendFile(file, props.max_upload_mb, (part) => progress(file.name, part));
      trigger("photo");
    } catch (error) {
      photo.setBusy(false);
      notice(studio.sheet.frame, error.message);
    }
  }

  watch("value", () => {
    const { image, id, style, photo: thumbnail, name } = props.value ?? {};
    if (thumbnail) {
      photo.setBusy(false);
      setStyle({ name, values: style, photo: thumbnail });
    }
    if (!image) return;
    if (id === underway?.id) {
      const { look } = underway;
      if (underway.round === round) {
        waiting = waiting.filter((other) => other !== look);
        look.node.querySelector("img").src = image;
        look.node.dataset.round = String(round);
        root.dataset.complete = String(waiting.length === 0);
      }
      underway = null;
    }
    if (isIdle()) next();
  });
  onFailure("look", () => { underway = null; });
  onFailure("style", () => photo.setBusy(false));

  const mark = () => {
    const { style, seed } = studio;
    for (const look of looks) {
      const chosen = style ? !style.photo && look.style?.name === style.name : look.seed === seed;
      look.node.setAttribute("aria-pressed", String(chosen));
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

function seedLook(seed) {
  return { seed, node: tile(`Look ${seed}`, `Seed ${seed}`, () => setSeed(seed)) };
}

function namedLook({ name, style }) {
  const look = { style: { name, values: style } };
  return { ...look, node: tile(`Look: ${name}`, name, () => setStyle(look.style)) };
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

/** The look of a photo, hidden until there is one, and the button that takes one. */
function buildPhotoLook(take) {
  let style = null;
  const node = tile("Look of the photo", "", () => setStyle(style));
  node.hidden = true;
  const [add, picker] = filePicker({ name: "photo", label: "Style from a photo",
    text: "From a photo",
    tip: "In the style of a photo", classes: "st-add" }, take);
  const look = {
    node, add, picker, busy: false,
    setBusy(busy) {
      look.busy = busy;
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
  return look;
}
