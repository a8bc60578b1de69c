// Puts small a and b on a photo's full-size L, along its edges. As pix2pix/images/chroma_upsampling.py.

import { FIT_STEPS, F_OF_LIGHT, KNEE, RGB_OF_XYZ, TOLERANCE, U8_OF_LINEAR } from "./color.js";
import { boxBlur } from "./cv_filters.js";
import { resizeLinear } from "./cv_resize.js";

const [LOWEST, HIGHEST] = [-TOLERANCE, 1 + TOLERANCE]; // linear RGB that counts as inside the gamut
const RADIUS = 3;
const NOISE = 9; // variance of L
const [[RX, RY, RZ], [GX, GY, GZ], [BX, BY, BZ]] = RGB_OF_XYZ;
const KNEE_SLOPE = 3 * KNEE * KNEE;

const decodeF = (f) => (f > KNEE ? f * f * f : (f - 4 / 29) * KNEE_SLOPE);
const Y_OF_LIGHT = Float32Array.from(F_OF_LIGHT, decodeF);

const mapPlane = ({ width, height, data }, act) => ({ width, height, data: data.map(act) });
const mean = (plane) => boxBlur(plane, 2 * RADIUS + 1, 1);

/**
 * Slope and offset planes with a value = slope * L + offset in each neighbourhood, for each of `planes`:
 * the fast guided filter (He and Sun, arXiv:1505.00996). `lightness` is L in 0..100.
 */
export function guideChroma(lightness, planes) {
  const light = lightness.data;
  const meanLight = mean(lightness);
  const variance = mapPlane(mean(mapPlane(lightness, (l) => l * l)), (square, i) => (
    Math.max(square - meanLight.data[i] ** 2, 0)
  ));
  return planes.map((plane) => {
    const own = mean(plane);
    const both = mean(mapPlane(plane, (value, i) => value * light[i]));
    const slope = mapPlane(both, (product, i) => (
      (product - meanLight.data[i] * own.data[i]) / (variance.data[i] + NOISE)
    ));
    const offset = mapPlane(own, (value, i) => value - slope.data[i] * meanLight.data[i]);
    return { slope: mean(slope), offset: mean(offset) };
  });
}

/**
 * A function that paints the rows [top, bottom) of the photo in colour: `paint(top, bottom, out, at, step)`
 * writes RGB and an alpha of 255 into the bytes `out`, the first pixel at byte `at`, rows `step` bytes
 * apart. `light` is full-size; `lightness` (L), `a` and `b` are small planes. Chroma outside the sRGB
 * gamut is reduced at constant hue.
 */
export function preparePainter(light, lightness, a, b) {
  const { width, height } = light;
  const rows = lightness.height;
  const widen = (plane) => resizeLinear(plane, width, rows).data;
  // In terms of f: a = 500 (f(X) - f(Y)) and b = 200 (f(Y) - f(Z)), with L = 116 f(Y) - 16
  const [slopeX, offsetX, slopeZ, offsetZ] = guideChroma(lightness, [a, b]).flatMap(({ slope, offset }, i) => {
    const perF = i ? -1 / 200 : 1 / 500;
    return [
      widen(mapPlane(slope, (value) => value * 116 * perF)),
      widen(mapPlane(offset, (value, at) => (value - 16 * slope.data[at]) * perF)),
    ];
  });

  return function paint(top, bottom, out, at, step) {
    for (let y = top; y < bottom; y += 1) {
      const place = Math.min(Math.max((y + 0.5) * (rows / height) - 0.5, 0), rows - 1);
      const above = Math.floor(place);
      const part = place - above;
      let i = above * width;
      let j = Math.min(above + 1, rows - 1) * width;
      let to = at + (y - top) * step;
      for (let x = y * width; x < (y + 1) * width; x += 1, i += 1, j += 1, to += 4) {
        const value = light.data[x];
        const f = F_OF_LIGHT[value];
        const dx = (slopeX[i] + (slopeX[j] - slopeX[i]) * part) * f + offsetX[i] + (offsetX[j] - offsetX[i]) * part;
        const dz = (slopeZ[i] + (slopeZ[j] - slopeZ[i]) * part) * f + offsetZ[i] + (offsetZ[j] - offsetZ[i]) * part;
        paintPixel(f, Y_OF_LIGHT[value], dx, dz, out, to);
      }
    }
  };
}

function paintPixel(f, Y, dx, dz, out, to) {
  let X = decodeF(f + dx);
  let Z = decodeF(f + dz);
  let red = RX * X + RY * Y + RZ * Z;
  let green = GX * X + GY * Y + GZ * Z;
  let blue = BX * X + BY * Y + BZ * Z;
  if (isOutside(red, green, blue)) {
    let low = 0;
    let high = 1;
    for (let i = 0; i < FIT_STEPS; i += 1) {
      const middle = (low + high) / 2;
      X = decodeF(f + dx * middle);
      Z = decodeF(f + dz * middle);
      if (isOutside(RX * X + RY * Y + RZ * Z, GX * X + GY * Y + GZ * Z, BX * X + BY * Y + BZ * Z)) high = middle;
      else low = middle;
    }
    X = decodeF(f + dx * low);
    Z = decodeF(f + dz * low);
    red = RX * X + RY * Y + RZ * Z;
    green = GX * X + GY * Y + GZ * Z;
    blue = BX * X + BY * Y + BZ * Z;
  }
  out[to] = encode(red);
  out[to + 1] = encode(green);
  out[to + 2] = encode(blue);
  out[to + 3] = 255;
}

function isOutside(red, green, blue) {
  return red < LOWEST || green < LOWEST || blue < LOWEST || red > HIGHEST || green > HIGHEST || blue > HIGHEST;
}

function encode(linear) {
  const value = linear * 65535 + 0.5;
  return U8_OF_LINEAR[value < 0 ? 0 : value > 65535 ? 65535 : value | 0];
}

/** The whole photo in colour, as pixels. */
export function recolor(light, lightness, a, b) {
  const { width, height } = light;
  const data = new Uint8ClampedArray(width * height * 4);
  preparePainter(light, lightness, a, b)(0, height, data, 0, width * 4);
  return { width, height, data };
}
