// Pictures as typed arrays. Pixels are { width, height, data } with four bytes a pixel, as in ImageData;
// a plane is the same with one number a pixel.

export const newPlane = (width, height, Kind = Float32Array) => (
  { width, height, data: new Kind(width * height) }
);

export const newPixels = (width, height) => (
  { width, height, data: new Uint8ClampedArray(width * height * 4) }
);

/** The part of a plane in a box [left, top, right, bottom]. */
export function cropPlane({ width, data }, [left, top, right, bottom]) {
  const result = newPlane(right - left, bottom - top, data.constructor);
  for (let y = top; y < bottom; y += 1) {
    result.data.set(data.subarray(y * width + left, y * width + right), (y - top) * result.width);
  }
  return result;
}

/** The part of some pixels in a box [left, top, right, bottom]. */
export function cropPixels({ width, data }, [left, top, right, bottom]) {
  const result = newPixels(right - left, bottom - top);
  for (let y = top; y < bottom; y += 1) {
    result.data.set(data.subarray((y * width + left) * 4, (y * width + right) * 4), (y - top) * result.width * 4);
  }
  return result;
}

/** Copies pixels into larger ones, their upper left corner at (left, top). */
export function pastePixels(target, { width, height, data }, left, top) {
  for (let y = 0; y < height; y += 1) {
    target.data.set(data.subarray(y * width * 4, (y + 1) * width * 4), ((top + y) * target.width + left) * 4);
  }
}

/** A plane with each value mapped by a table, in place. */
export function applyTable(plane, table) {
  const { data } = plane;
  for (let i = 0; i < data.length; i += 1) data[i] = table[data[i]];
  return plane;
}

/** The pixels on white, as Pillow's `alpha_composite` lays them; the same where all are opaque. */
export function layOnWhite(photo) {
  if (isOpaque(photo)) return photo;
  const result = newPixels(photo.width, photo.height);
  for (let i = 0; i < photo.data.length; i += 4) {
    const own = photo.data[i + 3] * 128;
    for (let c = i; c < i + 3; c += 1) {
      const mixed = photo.data[c] * own + 255 * (255 * 128 - own) + (128 << 7);
      result.data[c] = ((mixed >> 8) + mixed) >> 15;
    }
    result.data[i + 3] = 255;
  }
  return result;
}

/** Whether no pixel is transparent. */
export function isOpaque({ data }) {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false;
  return true;
}
