// Other looks of the drawing: small pictures, made one at a time and only while nothing else is.

import { on, setSeed, studio } from "./studio.js";
import { packIds } from "./wire.js";

const IDLE_MS = 600; // since the last building
const GIVE_UP_MS = 15000;

export function mountLooks({ element, props, trigger, watch }) {
  const root = element.querySelector(".st-looks");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Looks of this drawing");
  const looks = new Map(props.seeds.map((seed) => [seed, buildLook(seed)]));
  root.replaceChildren(...looks.values());

  let drawn = ""; // the drawing that the looks are of, or will be
  let round = 0; // goes up with each drawing
  let waiting = []; // seeds still to come
  let timer;
  let underway = 0; // when the look being made was asked for

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(next, IDLE_MS);
  };
  const isIdle = () => {
    const { pipeline, sheet, stale } = studio;
    return pipeline && !pipeline.underway && !sheet.stroke && !stale
      && document.visibilityState === "visible" && root.offsetParent !== null;
  };

  async function next() {
    if (!studio.pipeline || document.visibilityState !== "visible") return later();
    if (!isIdle() || Date.now() - underway < GIVE_UP_MS) return;
    const ids = await packIds(studio.sheet.map);
    if (ids !== drawn) [drawn, round, waiting] = [ids, round + 1, [...props.seeds]];
    root.dataset.complete = String(!waiting.length);
    if (!waiting.length || !isIdle()) return;
    underway = Date.now();
    props.value = { ids, seed: waiting[0], id: round };
    trigger("input");
  }

  watch("value", () => {
    const { image, seed, id } = props.value ?? {};
    if (!image) return;
    underway = 0;
    if (id === round) {
      waiting = waiting.filter((other) => other !== seed);
      looks.get(seed).querySelector("img").src = image;
      looks.get(seed).dataset.round = String(round);
      root.dataset.complete = String(waiting.length === 0);
    }
    if (isIdle()) next();
  });
  window.addEventListener("studio:look-failed", () => { underway = 0; });

  const mark = () => looks.forEach((look, seed) => {
    look.setAttribute("aria-pressed", String(seed === studio.seed));
  });
  on("change", () => {
    root.dataset.complete = "false";
    mark();
    later();
  });
  on("answer", later);
  mark();
  later();
}

function buildLook(seed) {
  const look = Object.assign(document.createElement("button"), {
    type: "button", className: "st-thumb st-look",
  });
  look.setAttribute("aria-label", `Look ${seed}`);
  look.dataset.tip = `Seed ${seed}`;
  look.append(Object.assign(new Image(), { alt: "" }));
  look.addEventListener("click", () => setSeed(seed));
  return look;
}
