// Requests of a drawing tab: to the engine of the page where it has one, else to the server's routes.

import { jsonOf, pictureOf, postFile, postJson } from "../core/api.js";
import { packIds } from "../core/codec.js";
import { engineOf } from "../core/engines.js";

/** Lets the server cancel an older request of this page when a newer one arrives. */
const VISITOR = crypto.getRandomValues(new Uint32Array(4)).join("-");

/**
 * The picture { blob, name, notice } of a drawing { ids, width, height, seed, style, id, format, large, thumbnail,
 * regions }; null where a newer request superseded it. Ids are a Uint8Array, or packed.
 */
export async function fetchPicture(api, drawing) {
  const engine = engineOf(api);
  return engine ? engine.draw(drawing) : fetchServerPicture(api, drawing);
}

/** As `fetchPicture`, from the server. */
export async function fetchServerPicture(api, drawing) {
  const { ids, regions } = drawing;
  const packed = { ids: await pack(ids), regions: regions && { ...regions, ids: await pack(regions.ids) } };
  return pictureOf(await postJson(`${api}/draw`, { ...drawing, ...packed, visitor: VISITOR }));
}

const pack = (ids) => (typeof ids === "string" ? ids : packIds(ids));

/** The drawing { ids, width, height } as a label image { blob, name }, exact to the pixel. */
export async function fetchLabelImage(api, drawing) {
  const engine = engineOf(api);
  if (engine?.encodeLabelImage) return engine.encodeLabelImage(drawing);
  return pictureOf(await postJson(`${api}/label-image`, drawing));
}

/** The packed ids of a made-up facade of a shape { width, height }. */
export async function fetchFacade(api, seed, { width, height }) {
  const engine = engineOf(api);
  if (engine?.makeFacade) return engine.makeFacade({ seed, width, height });
  return (await jsonOf(await postJson(`${api}/facade`, { seed, width, height }))).ids;
}

/**
 * Sends a file to "open", "trace" or "style"; the values of the answer. Rejects with a message;
 * `can_trace` on the error says that the file to open may be a photo.
 */
export async function sendFile(api, action, file, options) {
  const engine = engineOf(api);
  if (engine?.read) return engine.read(action, file, options);
  return jsonOf(await postFile(`${api}/${action}`, file, options));
}
