// The worker's side of the Colourise tab: keeps photos, and answers requests about them as the server does
// (pix2pix/app/server/colorize_routes.py and photo_store.py).

import { browserCodec } from "./browser_codec.js";
import { parseHints } from "./color_hints.js";
import { NO_METADATA, readMetadata } from "./metadata.js";
import { formatOffers } from "./photo_session.js";
import { thumbnail } from "./pillow_resize.js";
import { layOnWhite, newPixels, pastePixels } from "./planes.js";
import { parseReference, readReference } from "./reference_colors.js";

const [PREVIEW_SIDE, QUICK_SIDE, THUMB_SIDE, SIZE_SIDE] = [1280, 800, 160, 240]; // pixels
const SIZES = [128, 192, 256, 384]; // pixels of the short side at which colours are looked for
const REFERENCE_SIDE = 96; // pixels of the thumb of a photo that colours are taken from
const MAX_PHOTOS = 6; // that are kept; the least recently used ones make room
const JPEG_MAX_SIDE = 65500;
const CROPPED = 128; // grey of what is cropped in a preview
const SUFFIXES = { png: ".png", jpeg: ".jpg" };

const NO_MEMORY = "there is too little memory for this photo: please close other tabs, or open a smaller copy";

// The names that the page shows for the options that are offered: see panel.js.
const SWITCHES = {
  denoise: "\u201cSmooth the grain\u201d",
  negative: "\u201cInvert the negative\u201d",
  crop: "\u201cCrop the border\u201d",
};

export class ColorizeService {
  #photos = new Map(); // by id, the least recently used first
  #running = new Map(); // AbortControllers by the number of their request
  #last = Promise.resolve();
  #count = 0;

  /**
   * `colorizer` is a BrowserColorizer; `codec` has the functions of browser_codec.js; `openRestorer` resolves to
   * a BrowserRestorer, it is null where no scratches can be removed.
   */
  constructor(colorizer, codec = browserCodec, openRestorer = null) {
    Object.assign(this, { colorizer, codec, openRestorer });
  }

  /**
   * Does what a LocalPhotos asks for. Resolves to { value }, or { error, gone, isCancelled }: `gone` where
   * the photo must be opened again. Never rejects.
   *
   * open { file, name }: { photo, width, height, thumb }. ask { request, photo, kind, ...settings }: as the
   * server. reference { file, name }: { colors, thumb } of a photo that colours are taken from. result { photo }: the finished file as a Blob, once. forget { photo }. cancel { request }.
   */
  async handle(method, args) {
    try {
      return { value: await this.#do(method, args) };
    } catch (error) {
      const { gone = false, isCancelled = false, isTransient, needsRestart } = error;
      const isFull = error instanceof RangeError; // an array could not be allocated
      const message = isFull ? NO_MEMORY : error.message || String(error);
      return { error: message, gone, isCancelled, isTransient, needsRestart };
    }
  }

  #do(method, args) {
    switch (method) {
      case "open": return this.#inTurn(() => this.#open(args));
      case "ask": return this.#ask(args);
      case "reference": return this.#inTurn(() => this.#readReference(args));
      case "result": return this.#takeResult(args.photo);
      case "forget": return void this.#photos.delete(args.photo);
      case "cancel": return void this.#running.get(args.request)?.abort();
      default: throw new Error(`there is no ${method} here`);
    }
  }

  /** One at a time: a photo of 50 megapixels takes 500 MB. */
  #inTurn(act) {
    const result = this.#last.then(act);
    this.#last = result.catch(() => {});
    return result;
  }

  async #open({ file, name }) {
    const { pixels } = await this.codec.decodeFile(file, name);
    const { width, height } = pixels;
    const flat = layOnWhite(pixels);
    const scan = await this.colorizer.analyze(flat);
    const preview = thumbnail(flat, PREVIEW_SIDE, "lanczos");
    const quick = thumbnail(preview, QUICK_SIDE, "box");
    this.#count += 1;
    const photo = String(this.#count);
    this.#photos.set(photo, { name, file, preview, quick, scan, sessions: {} });
    for (const id of [...this.#photos.keys()].slice(0, -MAX_PHOTOS)) this.#photos.delete(id);
    return { photo, width, height, thumb: await this.#thumb(preview, THUMB_SIDE) };
  }

  async #readReference({ file, name }) {
    const { pixels } = await this.codec.decodeFile(file, name);
    try {
      return { colors: readReference(pixels), thumb: await this.#thumb(layOnWhite(pixels), REFERENCE_SIDE) };
    } catch (error) {
      throw new Error(`${name}: ${error.message}`);
    }
  }

  #find(id) {
    const photo = this.#photos.get(id);
    if (!photo) throw Object.assign(new Error("this photo is no longer here: please open it again"), { gone: true });
    this.#photos.delete(id);
    this.#photos.set(id, photo);
    return photo;
  }

  #takeResult(id) {
    const photo = this.#find(id);
    const { result } = photo;
    if (!result) throw Object.assign(new Error("there is no finished photo to fetch"), { gone: true });
    photo.result = null;
    return result;
  }

  async #ask({ request, photo: id, kind, format = "png", ...options }) {
    const settings = {
      size: this.colorizer.size, strength: 1, scratches: false, strokes: [], ...options,
      hints: parseHints(options.hints ?? []),
      reference: options.reference ? parseReference(options.reference) : null,
    };
    const controller = new AbortController();
    this.#running.set(request, controller);
    try {
      return await this.#inTurn(() => this.#answer(this.#find(id), kind, format, settings, controller.signal));
    } finally {
      this.#running.delete(request);
    }
  }

  async #answer(photo, kind, format, settings, signal) {
    switch (kind) {
      case "preview": {
        const found = await this.#show(photo, "preview", settings, signal);
        photo.before ??= await this.#jpeg(photo.preview);
        return { before: photo.before, ...found };
      }
      case "quick": return this.#show(photo, "quick", settings, signal);
      case "thumb": {
        const small = thumbnail(photo.quick, 2 * THUMB_SIDE, "box");
        return { thumb: await this.#thumb(await this.#color(photo, small, settings, signal), THUMB_SIDE) };
      }
      case "sizes": return { sizes: await this.#sizes(photo, settings, signal) };
      case "suggest": return this.#suggest(photo, settings, signal);
      case "save": return this.#save(photo, format, settings, signal);
      default: throw new Error(`kind must be one of preview, quick, sizes, thumb, suggest, save, got ${kind}`);
    }
  }

  #jpeg(pixels) { return this.codec.encodePreview(pixels, "image/jpeg", 0.9); }

  #thumb(pixels, side) { return this.codec.encodePreview(thumbnail(pixels, side, "box"), "image/webp", 0.86); }

  async #openSession({ scan }, pixels, settings, signal) {
    const { size, repair, denoise, negative, crop, scratches, strokes } = settings;
    if (scratches && !this.openRestorer) throw new Error("no model that removes scratches is in this page");
    const restorer = scratches ? await this.openRestorer() : null;
    return this.colorizer.openPhoto(pixels, {
      size, repair, denoise, negative, crop, scan, signal, restorer, strokes,
    });
  }

  async #color(photo, pixels, settings, signal) {
    const session = await this.#openSession(photo, pixels, settings, signal);
    return session.colorize(settings.strength, settings.hints, { reference: settings.reference, signal });
  }

  /** Likely colours of the place `at`, { color: "#rrggbb", share }, the likeliest first. */
  async #suggest(photo, { at, ...settings }, signal) {
    const session = await this.#findSession(photo, "quick", settings, signal);
    const { hints, reference } = settings;
    const colors = (await session.suggest(...at, hints, { reference, signal })).map(({ rgb, share }) => (
      { color: `#${rgb.map((value) => value.toString(16).padStart(2, "0")).join("")}`, share }
    ));
    return { colors };
  }

  /** { after, notes, changed }: a preview; "changed" is white where the photo was repaired, or null. */
  async #show(photo, part, settings, signal) {
    const { picture, notes, repaired } = await this.#look(photo, part, settings, signal);
    const changed = repaired && await this.codec.encodePreview(repaired, "image/png");
    return { after: await this.#jpeg(picture), notes, changed };
  }

  /** A preview in colour, with notes. It has the whole photo's shape: cropped parts are grey. */
  async #look(photo, part, settings, signal) {
    const { strength, hints, reference } = settings;
    const image = photo[part];
    const session = await this.#findSession(photo, part, settings, signal);
    let picture = await session.colorize(strength, hints, { reference, signal });
    if (picture.width !== image.width || picture.height !== image.height) {
      const whole = newPixels(image.width, image.height);
      for (let i = 0; i < whole.data.length; i += 1) whole.data[i] = i % 4 === 3 ? 255 : CROPPED;
      pastePixels(whole, picture, session.box[0], session.box[1]);
      picture = whole;
    }
    const notes = [...session.notes, ...formatOffers(session.offers, SWITCHES)];
    return { picture, notes, repaired: session.repaired() };
  }

  /** The session of a copy of the photo, which is kept: it does not depend on hints, strength and reference. */
  async #findSession(photo, part, settings, signal) {
    const { size, repair, denoise, negative, crop, scratches, strokes } = settings;
    const key = JSON.stringify([size, repair, denoise, negative, crop, scratches && strokes]);
    if (photo.sessions[part]?.key !== key) {
      photo.sessions[part] = { key, session: await this.#openSession(photo, photo[part], settings, signal) };
    }
    return photo.sessions[part].session;
  }

  /** The photo as each working size would colour it. */
  async #sizes(photo, settings, signal) {
    const found = [];
    for (const size of [...new Set([...SIZES, this.colorizer.size])].sort((a, b) => a - b)) {
      const image = await this.#color(photo, photo.quick, { ...settings, size }, signal);
      found.push({ size, image: await this.#thumb(image, SIZE_SIDE) });
    }
    return found;
  }

  /** Makes the finished file: the photo's own size, upright, with its metadata. */
  async #save(photo, format, settings, signal) {
    const { name } = photo;
    if (!(format in SUFFIXES)) throw new Error(`format must be png or jpeg, got ${format}`);
    const { pixels, parts } = await this.codec.decodeFile(photo.file, name);
    if (format === "jpeg" && Math.max(pixels.width, pixels.height) > JPEG_MAX_SIDE) {
      throw new Error(`${name}: is too long for a JPEG; save it as PNG`);
    }
    const session = await this.#openSession(photo, pixels, settings, signal);
    pixels.data = null; // 200 MB, of 50 megapixels
    const writer = this.codec.createWriter({
      width: session.width, height: session.height, format, hasAlpha: session.alpha !== null,
      metadata: settings.strip ? NO_METADATA : readMetadata(parts), dpi: parts.dpi ?? null,
    });
    await session.paint(settings.strength, settings.hints, writer.add, { reference: settings.reference, signal });
    photo.result = await writer.finish();
    return { name: resultName(name, format), bytes: photo.result.size };
  }
}

function resultName(name, format) {
  const last = name.split("/").pop();
  const stem = last.lastIndexOf(".") > 0 ? last.slice(0, last.lastIndexOf(".")) : last;
  return `${stem || "photo"}${SUFFIXES[format]}`;
}
