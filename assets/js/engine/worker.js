// The worker of the static page: loads models, and runs them one call at a time.

import { ColorizeEngine } from "./colorize_engine.js";
import { DrawEngine } from "./draw/draw_engine.js";
import { ImageEngine } from "./image/image_engine.js";
import { ModelStore } from "./model_store.js";

const store = new ModelStore((progress) => self.postMessage({ progress }));
const draws = new Map(); // DrawEngines by the name of their tab
const colorizes = new Map();
const images = new Map();

const METHODS = {
  /** Facts of the page: where the runtime and the models are. */
  start: (facts) => store.start(facts),
  openDrawTab({ tab, models, canvas }) { draws.set(tab, new DrawEngine(store, models, canvas)); },
  openColorizeTab({ tab, models }) { colorizes.set(tab, new ColorizeEngine(store, models)); },
  openImageTab({ tab, models }) { images.set(tab, new ImageEngine(store, models)); },
  async warm({ tab }) { await (draws.get(tab) ?? images.get(tab)).warm(); },
  draw: ({ tab, ...drawing }) => draws.get(tab).draw(drawing),
  readFile: ({ tab, ...request }) => draws.get(tab).read(request),
  encodeLabelImage: ({ tab, ...drawing }) => draws.get(tab).encodeLabelImage(drawing),
  makeFacade: ({ tab, ...facade }) => draws.get(tab).makeFacade(facade),
  image: ({ tab, method, args }) => images.get(tab).handle(method, args),
  async colorize({ tab, method, args }) {
    const answer = await colorizes.get(tab).handle(method, args);
    if (answer.needsRestart) throw Object.assign(new Error(answer.error), answer);
    return answer;
  },
};

self.onmessage = async ({ data: { id, method, args } }) => {
  try {
    self.postMessage({ id, value: await METHODS[method](args) });
  } catch (error) {
    const { message, ...facts } = error; // what was assigned to it, such as can_trace
    self.postMessage({ id, error: message ?? error.message ?? String(error), facts });
  }
};
