// Morphology of masks, Uint8Arrays of 0 and 1, as OpenCV's with square windows; pixels beyond the border
// do not count.

/** 1 where the window around a pixel has a 1. `side` is odd. */
export function dilate(mask, width, height, side) {
  return slide(slide(mask, width, height, side, 1), width, height, side, 1, true);
}

/** 1 where the window around a pixel has only 1. */
export function erode(mask, width, height, side) {
  return slide(slide(mask, width, height, side, 0), width, height, side, 0, true);
}

/** 1 where a window that has only 1 fits over a pixel. */
export function open(mask, width, height, side) {
  return dilate(erode(mask, width, height, side), width, height, side);
}

/** `value` where it occurs within the window, in rows or in columns. */
function slide(mask, width, height, side, value, isDown = false) {
  const [lines, length, lineStep, step] = isDown ? [width, height, 1, width] : [height, width, width, 1];
  const reach = side >> 1;
  const result = new Uint8Array(mask.length).fill(1 - value);
  for (let line = 0; line < lines; line += 1) {
    let filled = 0; // how far the result is set
    for (let i = 0; i < length; i += 1) {
      if (mask[line * lineStep + i * step] !== value) continue;
      const end = Math.min(i + reach + 1, length);
      for (let to = Math.max(i - reach, filled, 0); to < end; to += 1) result[line * lineStep + to * step] = value;
      filled = end;
    }
  }
  return result;
}

/** Sets the connected ones (4 neighbours) around a pixel to `value`, in place. */
export function fillFrom(mask, width, start, value) {
  if (mask[start] !== 1) return;
  const stack = [start];
  mask[start] = value;
  while (stack.length) {
    const at = stack.pop();
    const x = at % width;
    for (const [next, isIn] of [[at - 1, x > 0], [at + 1, x < width - 1], [at - width, true], [at + width, true]]) {
      if (isIn && mask[next] === 1) {
        mask[next] = value;
        stack.push(next);
      }
    }
  }
}

export function countOnes(mask) {
  let count = 0;
  for (let i = 0; i < mask.length; i += 1) count += mask[i];
  return count;
}

/** 1 where the largest channel difference within 3x3 pixels is at most `range`, of three bytes a pixel. */
export function evenPlaces(rgb, width, height, range) {
  const { low, high } = extremes(rgb, width, height);
  const row = 3 * width;
  const result = new Uint8Array(width * height).fill(1);
  for (let y = 0, at = 0; y < height; y += 1) {
    const up = y > 0 ? row : 0;
    const down = y < height - 1 ? row : 0;
    for (let i = 0; i < row; i += 1, at += 1) {
      const most = Math.max(high[at - up], high[at], high[at + down]);
      const least = Math.min(low[at - up], low[at], low[at + down]);
      if (most - least > range) result[Math.floor(at / 3)] = 0;
    }
  }
  return result;
}

/** The least and the largest of each value and those beside it in its row. */
function extremes(rgb, width, height) {
  const low = new Uint8Array(rgb.length);
  const high = new Uint8Array(rgb.length);
  for (let y = 0, at = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const left = x > 0 ? 3 : 0;
      const right = x < width - 1 ? 3 : 0;
      for (let c = 0; c < 3; c += 1, at += 1) {
        low[at] = Math.min(rgb[at - left], rgb[at], rgb[at + right]);
        high[at] = Math.max(rgb[at - left], rgb[at], rgb[at + right]);
      }
    }
  }
  return { low, high };
}
