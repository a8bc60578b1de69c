// `light` (H, W) uint16 of photos, and L of it. As pix2pix/images/chroma_upsampling.py.

import { LIGHT_OF_LUMINANCE, LIGHT_SCALE, LUMINANCE } from "./color.js";
import { newPlane } from "./planes.js";
import { pause, strips } from "./stages.js";

/** `light` of some pixels, without their alpha. */
export async function measureLight({ width, height, data }, signal) {
  const light = newPlane(width, height, Uint16Array);
  const out = light.data;
  const [red, green, blue] = LUMINANCE;
  for (const [top, bottom] of strips(width, height, 1 << 20)) {
    await pause(signal);
    for (let i = top * width, at = 4 * i; i < bottom * width; i += 1, at += 4) {
      const luminance = (red[data[at]] + green[data[at + 1]] + blue[data[at + 2]] + 0.5) | 0;
      out[i] = LIGHT_OF_LUMINANCE[luminance > 65535 ? 65535 : luminance];
    }
  }
  return light;
}

/** L in 0..100 of `light`. */
export function toLightness({ width, height, data }) {
  const lightness = newPlane(width, height);
  for (let i = 0; i < data.length; i += 1) lightness.data[i] = data[i] / LIGHT_SCALE;
  return lightness;
}

/** `light` of L; values are rounded and clipped. */
export function toLight({ width, height, data }) {
  const light = newPlane(width, height, Uint16Array);
  for (let i = 0; i < data.length; i += 1) {
    light.data[i] = Math.min(Math.max(data[i] * LIGHT_SCALE + 0.5, 0), 65535);
  }
  return light;
}
