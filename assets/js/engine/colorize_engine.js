// The worker's side of a Colourise tab of the static page.

import { BrowserColorizer } from "./colorize/colorizer.js";
import { readWeights } from "./colorize/negative.js";
import { ColorizeService } from "./colorize/service.js";

export class ColorizeEngine {
  #service = null;

  constructor(store, { generator }) { Object.assign(this, { store, model: generator }); }

  /** As `ColorizeService.handle`; the model is loaded at the first call. */
  async handle(method, args) {
    this.#service ??= this.#open();
    this.#service.catch(() => { this.#service = null; });
    return (await this.#service).handle(method, args);
  }

  async #open() {
    const [run, weights] = await Promise.all([
      this.store.open(this.model),
      this.store.fetchBytes("negative.npz").then(readWeights),
    ]);
    return new ColorizeService(new BrowserColorizer(run, this.model.config, weights));
  }
}
