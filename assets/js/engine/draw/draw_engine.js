// The worker's side of a drawing tab: pictures of drawings, and files that become drawings or styles, as
// pix2pix/app/server/draw_routes.py and the pipelines in pix2pix/inference make them.

import { sheetShape } from "../../canvas/sheet_shape.js";
import { packIds, unpackIds } from "../../core/codec.js";
import { browserCodec } from "../colorize/browser_codec.js";
import { thumbnail } from "../colorize/pillow_resize.js";
import { layOnWhite } from "../colorize/planes.js";
import { fitLabelMap } from "../labels/label_map.js";
import { cutFrame, findFrame, pasteFrame } from "./frame.js";
import { styleFeeds } from "./regions.js";
import { traceLines } from "./line_drawing.js";
import { decodePicture, encodeDrawing, encodePhoto, fitMap, resizePixels } from "./tensors.js";
import { traceLabels } from "./tracer.js";

const THUMB_SIDE = 128; // pixels of a small picture
const PHOTO_SIDE = 1024; // a photo is traced, or its style taken, at this size at most
const MAX_STYLE_VALUE = 64;

/** Class ids, packed or as they are. */
const idsOf = (ids) => (typeof ids === "string" ? unpackIds(ids) : ids);

export class DrawEngine {
  /**
   * `models`: props of the generator and, where photos can be traced, of the tracer. `canvas`: the kind,
   * size, classes and file name of the tab's drawings.
   */
  constructor(store, models, canvas, codec = browserCodec) {
    Object.assign(this, { store, models, canvas, codec });
  }

  /** The picture of a drawing as a Blob; see `fetchPicture` of draw_client.js. */
  async draw({ ids, regions: given, thumbnail: isSmall, format = "png", ...wanted }) {
    const regions = given && { ...given, ids: await idsOf(given.ids) };
    const picture = await this.paint(await idsOf(ids), { ...wanted, regions });
    if (isSmall) return this.#encode(thumbnail(picture, THUMB_SIDE, "box"), "image/webp", 0.86);
    return format === "jpeg" ? this.#encode(picture, "image/jpeg", 0.92) : this.#encode(picture, "image/png");
  }

  /**
   * The pixels { width, height, data: RGBA } of a drawing's picture. `regions`: { ids: Uint8Array, looks }, see
   * `styleFeeds`.
   */
  async paint(ids, {
    width = this.canvas.width, height = this.canvas.height, seed = 0, style, regions, large = false,
  }) {
    const { generator } = this.models;
    const { config, multiple } = generator;
    const { kind } = this.canvas;
    const side = large ? Math.max(generator.largest, Math.min(...generator.shape)) : Math.min(width, height);
    const sheet = { width, height, ids };
    const frame = kind === "lines" && config.object_box?.length ? findFrame(sheet, config.object_box) : null;
    const drawing = frame ? cutFrame(sheet, frame) : sheet;
    const input = encodeDrawing(drawing, { side, multiple, kind, config });
    const run = await this.store.open(generator);
    const where = regions && fitMap({ width, height, ids: regions.ids }, { side, multiple }).padded;
    const styles = styleFeeds(generator, { seed, style }, where, regions, side);
    const { output } = await run({ input: input.tensor, ...styles });
    const picture = decodePicture(output, input.width, input.height);
    return frame ? pasteFrame(picture, frame) : picture;
  }

  /** Starts to load the model before the first picture is asked for. */
  warm() { return this.store.open(this.models.generator); }

  async encodeLabelImage({ ids, width, height }) {
    const { classes } = this.canvas;
    const { encodeLabelImage } = await import("../labels/label_png.js");
    const bytes = await encodeLabelImage(await unpackIds(ids), width, height, classes.map(({ rgb }) => rgb));
    return new Blob([bytes], { type: "image/png" });
  }

  async makeFacade({ seed, width, height }) {
    const { randomFacade } = await import("../labels/facade_presets.js");
    return packIds(randomFacade(seed, width, height));
  }

  /** Answers "open", "trace" and "style" of a file, as the server's routes do. */
  async read({ action, file, name }) {
    if (action === "open") return this.#open(file, name);
    const { pixels } = await this.codec.decodeFile(file, name);
    const photo = thumbnail(layOnWhite(pixels), PHOTO_SIDE, "box");
    if (action === "trace") return this.#trace(photo);
    return this.#readStyle(photo, name);
  }

  async #open(file, name) {
    const { readLabelImage } = await import("../labels/label_reader.js");
    const bytes = new Uint8Array(await file.arrayBuffer());
    const { pixels } = await this.codec.decodeFile(file, name);
    try {
      const { ids, width, height, notices } = await readLabelImage({ bytes, name, ...pixels, rgba: pixels.data }, this.canvas);
      return { ids: await packIds(ids), width, height, notice: notices.join(" ") };
    } catch (error) {
      if (error.notALabelMap) error.can_trace = this.canvas.kind === "lines" || Boolean(this.models.tracer);
      throw error;
    }
  }

  async #trace(photo) {
    const map = this.canvas.kind === "lines"
      ? traceLines(photo, this.canvas.width, this.canvas.height)
      : await traceLabels(photo, this.models.tracer, await this.store.open(this.models.tracer));
    const { width, height } = sheetShape(this.canvas, map);
    return { ids: await packIds(fitLabelMap(map, width, height).ids), width, height, notice: "" };
  }

  async #readStyle(photo, name) {
    const { generator } = this.models;
    const [height, width] = generator.shape;
    const run = await this.store.open(generator, "style");
    const { output } = await run({ input: encodePhoto(resizePixels(photo, width, height)) });
    const style = [...output.data].map((value) => Math.min(Math.max(value, -MAX_STYLE_VALUE), MAX_STYLE_VALUE));
    const small = await this.codec.encodePreview(thumbnail(photo, THUMB_SIDE, "box"), "image/webp", 0.86);
    return { style, photo: small, name, notice: "" };
  }

  async #encode({ width, height, data }, type, quality) {
    const canvas = new OffscreenCanvas(width, height);
    canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
    return canvas.convertToBlob({ type, quality });
  }
}
