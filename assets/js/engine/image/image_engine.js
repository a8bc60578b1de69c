// The worker's side of a tab that takes photos, as pix2pix/app/server/image_routes.py: a preview of bounded
// size, and the result at the photo's own size.

import { browserCodec } from "../colorize/browser_codec.js";
import { NO_METADATA } from "../colorize/metadata.js";
import { thumbnail } from "../colorize/pillow_resize.js";
import { layOnWhite } from "../colorize/planes.js";
import { BrowserRestorer } from "../colorize/restorer.js";
import { strips } from "../colorize/stages.js";
import { traceLabels } from "../draw/tracer.js";
import { readDeepGrey } from "./deep_grey.js";
import { translatePhoto } from "./translator.js";

const PREVIEW_SIDE = 1280; // pixels
const NO_MEMORY = "there is too little memory for this photo: please close other tabs, or open a smaller copy";

export class ImageEngine {
  /** `models.generator`: the props of a model for photos, of the task image2image, photo2labels or restore. */
  constructor(store, { generator }, codec = browserCodec) {
    Object.assign(this, { store, model: generator, codec });
    this.isTracer = generator.config.task === "photo2labels";
    this.isRestorer = generator.config.task === "restore";
  }

  /** Loads the model before the first photo is opened. */
  warm() { return this.store.open(this.model); }

  /**
   * "preview" of { file, name }: { before, after, name, width, height, notice }, data URIs and the photo's own
   * size. "result": { blob, name, notice }, a PNG file. Rejects with "NAME: reason" for what is no picture.
   */
  async handle(method, { file, name }) {
    try {
      return await (method === "preview" ? this.#preview(file, name) : this.#result(file, name));
    } catch (error) {
      if (error instanceof RangeError) throw new Error(`${name}: ${NO_MEMORY}`); // an array could not be allocated
      throw error;
    }
  }

  async #preview(file, name) {
    const photo = await this.#open(file, name);
    const { width, height } = photo;
    const small = thumbnail(photo, PREVIEW_SIDE, "lanczos");
    const [before, after] = [this.codec.encodePreview(small, "image/webp", 0.86), this.#previewOf(small)];
    return { before: await before, after: await after, name, width, height, notice: "" };
  }

  async #previewOf(photo) {
    if (!this.isTracer) return this.codec.encodePreview(await this.#translate(photo), "image/webp", 0.9);
    const blob = await this.#labelImage(photo); // the exact colours of its palette
    return new FileReaderSync().readAsDataURL(blob);
  }

  async #result(file, name) {
    const photo = await this.#open(file, name);
    const blob = await (this.isTracer ? this.#labelImage(photo) : this.#png(await this.#translate(photo)));
    return { blob, name: `${stemOf(name)}.png`, notice: "" };
  }

  /** The photo on white. */
  async #open(file, name) {
    const range = this.model.config.input_range;
    const deep = range?.length ? readDeepGrey(new Uint8Array(await file.arrayBuffer()), range) : null;
    return deep ?? layOnWhite((await this.codec.decodeFile(file, name)).pixels);
  }

  async #translate(photo) {
    const run = await this.store.open(this.model);
    if (this.isRestorer) return new BrowserRestorer(run, this.model.config).restore(photo);
    return translatePhoto(photo, this.model, run);
  }

  async #labelImage(photo) {
    const { ids, width, height } = await traceLabels(photo, this.model, await this.store.open(this.model));
    const { encodeLabelImage } = await import("../labels/label_png.js");
    const colors = this.model.config.palette.map(({ rgb }) => rgb);
    return new Blob([encodeLabelImage(ids, width, height, colors)], { type: "image/png" });
  }

  async #png({ width, height, data }) {
    const writer = this.codec.createWriter({ width, height, format: "png", hasAlpha: false, metadata: NO_METADATA, dpi: null });
    for (const [top, bottom] of strips(width, height)) {
      await writer.add(top, data.subarray(4 * top * width, 4 * bottom * width));
    }
    return writer.finish();
  }
}

function stemOf(name) {
  const last = name.split("/").pop();
  return (last.lastIndexOf(".") > 0 ? last.slice(0, last.lastIndexOf(".")) : last) || "photo";
}
