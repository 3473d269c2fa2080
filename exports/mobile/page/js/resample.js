/** Brings pictures to another size as Pillow does: anti-aliased, rounded per axis. */

/**
 * @typedef {{reach: number, weight: (distance: number) => number}} Filter  Of a pixel so many pixels away, less than
 *   `reach`.
 */

/** What prediction brings pictures to the model's size by. @type {Filter} */
export const LINEAR = { reach: 1, weight: (x) => 1 - x };

/** The same of models of clips: Keys' cubic with a = -1/2. @type {Filter} */
export const CUBIC = {
  reach: 2,
  weight: (x) => (x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2),
};

/**
 * @param {Uint8Array} rgb  [h, w, 3].
 * @param {Filter} filter
 * @param {{left: number, top: number, width: number, height: number}} box  What is taken of the picture; edges lie
 *   between pixels, (0, 0) is its corner.
 * @returns {Uint8Array} [newHeight, newWidth, 3].
 */
export function resample(
  rgb,
  h,
  w,
  newHeight,
  newWidth,
  filter = LINEAR,
  box = { left: 0, top: 0, width: w, height: h },
) {
  const wide = new Uint8Array(h * newWidth * 3);
  const columns = taps(w, box.left, box.width, newWidth, filter);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < newWidth; x++) {
      mix(rgb, 3 * y * w, 3, columns[x], wide, 3 * (y * newWidth + x));
    }
  }
  const result = new Uint8Array(newHeight * newWidth * 3);
  const rows = taps(h, box.top, box.height, newHeight, filter);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      mix(wide, 3 * x, 3 * newWidth, rows[y], result, 3 * (y * newWidth + x));
    }
  }
  return result;
}

function mix(from, offset, stride, { first, weights }, to, at) {
  let [red, green, blue] = [0, 0, 0];
  let place = offset + first * stride;
  for (const weight of weights) {
    red += weight * from[place];
    green += weight * from[place + 1];
    blue += weight * from[place + 2];
    place += stride;
  }
  to[at] = level(red);
  to[at + 1] = level(green);
  to[at + 2] = level(blue);
}

/** A cubic may leave the range. */
function level(value) {
  return Math.min(Math.max(Math.round(value), 0), 255);
}

/** For each new pixel, the old ones under a filter as wide as the step, and their weights. */
function taps(length, start, extent, newLength, { reach, weight }) {
  const step = extent / newLength;
  const width = Math.max(step, 1);
  return Array.from({ length: newLength }, (_, index) => {
    const center = start + (index + 0.5) * step;
    const first = Math.max(0, Math.trunc(center - reach * width + 0.5));
    const last = Math.min(length, Math.trunc(center + reach * width + 0.5));
    const weights = [];
    for (let at = first; at < last; at++) {
      const distance = Math.abs(at + 0.5 - center) / width;
      weights.push(distance < reach ? weight(distance) : 0);
    }
    const sum = weights.reduce((total, value) => total + value, 0);
    return { first, weights: weights.map((value) => value / sum) };
  });
}
