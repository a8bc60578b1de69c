// `light` (H, W) uint16 of photos, and L of it. As pix2pix/images/chroma_upsampling.py.

import { LIGHT_SCALE, lightOf } from "./color.js";
import { newPlane } from "./planes.js";
import { pause, strips } from "./stages.js";

/** `light` of some pixels, without their alpha. */
export async function measureLight({ width, height, data }, signal) {
  const light = newPlane(width, height, Uint16Array);
  for (const [top, bottom] of strips(width, height, 1 << 20)) {
    await pause(signal);
    for (let i = top * width; i < bottom * width; i += 1) {
      light.data[i] = lightOf(data[i * 4], data[i * 4 + 1], data[i * 4 + 2]);
    }
  }
  return light;
}

/** L in 0..100 of `light`. */
export function toLightness({ width, height, data }) {
  return { width, height, data: Float32Array.from(data, (value) => value / LIGHT_SCALE) };
}

/** `light` of L; values are rounded and clipped. */
export function toLight({ width, height, data }) {
  return {
    width, height, data: Uint16Array.from(data, (value) => Math.min(Math.max(value * LIGHT_SCALE + 0.5, 0), 65535)),
  };
}
