/**
 * Squares of a picture, turned as a person is, and what lies in them.
 *
 * @typedef {Object} Region
 * @property {number} x  Of its middle, in pixels of the picture, whose middles lie on whole numbers.
 * @property {number} y
 * @property {number} size  Length of a side, in pixels.
 * @property {number} angle  By which it is turned clockwise on the screen, in radians.
 *
 * @typedef {{data: Uint8ClampedArray | Float32Array, width: number, height: number}} Pixels  RGBA, as of ImageData.
 */

/** How much larger a person's square is than the circle about the body; what the landmark model was trained with. */
const MARGIN = 1.25;

/** @returns {Region} the smallest upright square with the whole picture in its middle. */
export function wholePicture({ width, height }) {
  return { x: (width - 1) / 2, y: (height - 1) / 2, size: Math.max(width, height), angle: 0 };
}

/**
 * The square of a person, turned so that the person stands upright in it.
 * @param {[number, number]} hips  The middle of the hips, in pixels.
 * @param {[number, number]} end  A point of the circle about the whole body, on the side of the head.
 * @returns {Region}
 */
export function regionOfPerson(hips, end) {
  const [dx, dy] = [end[0] - hips[0], end[1] - hips[1]];
  return {
    x: hips[0],
    y: hips[1],
    size: 2 * Math.hypot(dx, dy) * MARGIN,
    angle: Math.atan2(dx, -dy),
  };
}

/**
 * From a region to the picture.
 * @param {Region} region
 * @param {number} u  In [0, 1] from the region's left to its right.
 * @param {number} v  In [0, 1] from its top to its bottom.
 * @returns {[number, number]} in pixels of the picture.
 */
export function toPicture({ x, y, size, angle }, u, v) {
  const [right, down] = [(u - 0.5) * size, (v - 0.5) * size];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [x + cos * right - sin * down, y + sin * right + cos * down];
}

/**
 * What a region shows, bilinearly sampled at the middles of the new pixels. A picture that becomes much smaller is first
 * averaged over squares of pixels, so that none is passed over.
 * @param {Pixels} pixels
 * @param {Region} region
 * @param {number} side  Of the new picture, in pixels.
 * @param {{low: number, high: number, border: 'black' | 'edge'}} how  The values of black and white; beyond the
 *   picture everything is black, or as the nearest pixel of its edge.
 * @returns {Float32Array} RGB [side, side, 3].
 */
export function crop(pixels, region, side, { low, high, border }) {
  const factor = Math.max(1, Math.floor(region.size / side));
  const reduced = factor > 1 ? reduce(pixels, factor) : pixels;
  const result = new Float32Array(side * side * 3);
  const gain = (high - low) / 255;
  for (let row = 0, at = 0; row < side; row++) {
    for (let column = 0; column < side; column++, at += 3) {
      const [x, y] = toPicture(region, (column + 0.5) / side, (row + 0.5) / side).map(
        (place) => (place + 0.5) / factor - 0.5,
      );
      addPixel(reduced, x, y, border === 'edge', result, at);
      for (let channel = at; channel < at + 3; channel++)
        result[channel] = low + gain * result[channel];
    }
  }
  return result;
}

/** The mean of each square of `factor` pixels a side; at the right and lower edge of as many as there are. */
export function reduce({ data, width, height }, factor) {
  const [newWidth, newHeight] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const sums = new Float32Array(newWidth * newHeight * 4);
  for (let y = 0, from = 0; y < height; y++) {
    const row = Math.floor(y / factor) * newWidth;
    for (let x = 0; x < width; x++, from += 4) {
      const to = 4 * (row + Math.floor(x / factor));
      for (let channel = 0; channel < 3; channel++) sums[to + channel] += data[from + channel];
      sums[to + 3] += 1;
    }
  }
  for (let at = 0; at < sums.length; at += 4)
    for (let channel = 0; channel < 3; channel++) sums[at + channel] /= sums[at + 3];
  return { data: sums, width: newWidth, height: newHeight };
}

/** Adds the colour at (x, y) of RGBA values. */
function addPixel({ data, width, height }, x, y, repeatsEdge, result, at) {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  for (let corner = 0; corner < 4; corner++) {
    let [column, row] = [left + (corner & 1), top + (corner >> 1)];
    const weight = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
    if (repeatsEdge) {
      column = Math.min(Math.max(column, 0), width - 1);
      row = Math.min(Math.max(row, 0), height - 1);
    } else if (column < 0 || row < 0 || column >= width || row >= height) continue;
    const from = 4 * (row * width + column);
    for (let channel = 0; channel < 3; channel++)
      result[at + channel] += weight * data[from + channel];
  }
}
