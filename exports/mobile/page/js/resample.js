/** Brings pictures to the model's size as prediction in Python does: anti-aliased bilinear, rounded per axis. */

/** uint8 [h, w, 3] to uint8 [newHeight, newWidth, 3]. */
export function resample(rgb, h, w, newHeight, newWidth) {
  const wide = new Uint8Array(h * newWidth * 3);
  const columns = taps(w, newWidth);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < newWidth; x++) {
      mix(rgb, 3 * y * w, 3, columns[x], wide, 3 * (y * newWidth + x));
    }
  }
  const result = new Uint8Array(newHeight * newWidth * 3);
  const rows = taps(h, newHeight);
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
  to[at] = Math.round(red);
  to[at + 1] = Math.round(green);
  to[at + 2] = Math.round(blue);
}

/** For each new pixel, the old ones under a triangle as wide as the step, and their weights. */
function taps(length, newLength) {
  const step = length / newLength;
  const reach = Math.max(step, 1);
  return Array.from({ length: newLength }, (_, index) => {
    const center = (index + 0.5) * step;
    const first = Math.max(0, Math.trunc(center - reach + 0.5));
    const last = Math.min(length, Math.trunc(center + reach + 0.5));
    const weights = [];
    for (let at = first; at < last; at++)
      weights.push(Math.max(0, 1 - Math.abs(at + 0.5 - center) / reach));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}
