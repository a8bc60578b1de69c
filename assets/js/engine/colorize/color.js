// sRGB and CIE L*a*b* (D65, 2 degrees), and `light`: L as 16 bits, 0..65535 for L 0..100.
// As pix2pix/images/color.py and chroma_upsampling.py, tables included.

const { fround } = Math;

// IEC 61966-2-1 primaries, rows X, Y and Z, and the D65 white that they add up to.
const RGB_TO_XYZ = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
].map((row) => row.map(fround));
const WHITE = RGB_TO_XYZ.map((row) => fround(row[0] + row[1] + row[2]));

export const AB_SCALE = 110; // networks use a and b divided by this
export const LIGHT_SCALE = 655.35; // `light` per unit of L
export const KNEE = 6 / 29; // CIE 15:2004: below it f is linear

/** f of CIE 15:2004. */
export const encodeF = (linear) => (
  linear > KNEE ** 3 ? Math.cbrt(linear) : linear / (3 * KNEE ** 2) + 4 / 29
);

const decodeGamma = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const encodeGamma = (linear) => (
  linear <= 0.0031308 ? linear * 12.92 : 1.055 * linear ** (1 / 2.4) - 0.055
);

const LINEAR_OF_U8 = Float32Array.from({ length: 256 }, (_, i) => decodeGamma(i / 255));

/** sRGB (uint8) of linear values, 0..65535. */
export const U8_OF_LINEAR = Uint8Array.from({ length: 65536 }, (_, i) => encodeGamma(i / 65535) * 255 + 0.5);

/** f(Y) of `light`. */
export const F_OF_LIGHT = Float32Array.from({ length: 65536 }, (_, i) => (i / LIGHT_SCALE + 16) / 116);

/** `light` of luminances, 0..65535. */
export const LIGHT_OF_LUMINANCE = Uint16Array.from({ length: 65536 }, (_, i) => (
  Math.min(Math.max((116 * encodeF(i / 65535) - 16) * LIGHT_SCALE + 0.5, 0), 65535)
));

/** The luminance of the values of each channel, three tables; white sums to 65535. */
export const LUMINANCE = RGB_TO_XYZ[1].map((weight) => Float32Array.from({ length: 256 }, (_, i) => (
  decodeGamma(i / 255) * weight / WHITE[1] * 65535
)));

/** `light` of an sRGB colour in 0..255. */
export function lightOf(red, green, blue) {
  const luminance = LUMINANCE[0][red] + LUMINANCE[1][green] + LUMINANCE[2][blue] + 0.5;
  return LIGHT_OF_LUMINANCE[Math.min(luminance, 65535) | 0];
}

/** The inverse of a 3x3 matrix. */
function invert([[a, b, c], [d, e, f], [g, h, i]]) {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  return [
    [e * i - f * h, c * h - b * i, b * f - c * e],
    [f * g - d * i, a * i - c * g, c * d - a * f],
    [d * h - e * g, b * g - a * h, a * e - b * d],
  ].map((row) => row.map((value) => value / det));
}

/** Linear RGB from XYZ relative to white: rows add up to 1, so that grey stays grey. */
export const RGB_OF_XYZ = invert(RGB_TO_XYZ).map((row) => row.map((value, i) => fround(fround(value) * WHITE[i])));

/** L, a and b of an sRGB colour in 0..255. */
export function rgbToLab(red, green, blue) {
  const rgb = [LINEAR_OF_U8[red], LINEAR_OF_U8[green], LINEAR_OF_U8[blue]];
  const [x, y, z] = RGB_TO_XYZ.map((row, i) => (
    encodeF((row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]) / WHITE[i])
  ));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

export const TOLERANCE = 5e-4; // of linear RGB, far below a step of 8-bit sRGB near black
export const FIT_STEPS = 11; // chroma to within 1/2048 of itself
const AB_SPACING = 16; // distance between the a/b points that the network predicts a distribution over

const decodeF = (f) => (f > KNEE ? f ** 3 : (f - 4 / 29) * 3 * KNEE * KNEE);

/** Linear RGB of a Lab colour; outside 0..1 for colours outside the sRGB gamut. */
function labToLinear(lightness, a, b) {
  const y = (lightness + 16) / 116;
  const xyz = [y + a / 500, y, y - b / 200].map(decodeF);
  return RGB_OF_XYZ.map((row) => row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2]);
}

const fits = (linear, tolerance) => linear.every((value) => value >= -tolerance && value <= 1 + tolerance);

/** a and b with chroma reduced to the sRGB gamut at this L; hue is kept. */
export function fitGamut(lightness, a, b) {
  if (fits(labToLinear(lightness, a, b), TOLERANCE)) return [a, b];
  let [low, high] = [0, 1];
  for (let i = 0; i < FIT_STEPS; i += 1) {
    const middle = (low + high) / 2;
    if (fits(labToLinear(lightness, a * middle, b * middle), TOLERANCE)) low = middle;
    else high = middle;
  }
  return [a * low, b * low];
}

/** sRGB in 0..255 of a Lab colour; colours outside the gamut are clipped. */
export function labToRgb(lightness, a, b) {
  return labToLinear(lightness, a, b).map((linear) => (
    Math.floor(encodeGamma(Math.min(Math.max(linear, 0), 1)) * 255 + 0.5)
  ));
}

/** The points [a, b], AB_SPACING apart, that are in the sRGB gamut at some L. */
export const AB_GRID = (() => {
  const ticks = Array.from({ length: 15 }, (_, i) => (i - 7) * AB_SPACING);
  const levels = Array.from({ length: 99 }, (_, i) => i + 1);
  return ticks.flatMap((a) => ticks.map((b) => [a, b])).filter(([a, b]) => (
    levels.some((level) => fits(labToLinear(level, a, b), 0))
  ));
})();

/** L in 0..100 of an sRGB colour in 0..255, without the rounding of `light`. */
export function lightnessOf(red, green, blue) {
  const [, [r, g, b]] = RGB_TO_XYZ;
  return 116 * encodeF(LINEAR_OF_U8[red] * r + LINEAR_OF_U8[green] * g + LINEAR_OF_U8[blue] * b) - 16;
}
