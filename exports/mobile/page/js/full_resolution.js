/**
 * The model's small answer in the photo's own resolution.
 *
 * The colours come from the model's picture, stretched to the window. Its flow, stretched as well, moves the photo's own
 * pixels to where the new pose has them; what is finer in them than the model's pixels is added:
 *
 *   result = up(answer) + up(a) * (moved - up(down(moved))),   a = mask * agreement
 *
 * a is 1 where the model says that it took the photo's colours (mask 1) and they are those it shows; it is 0 where the
 * model made something up (mask 0, there and next to it) and falls where the moved photo shows other colours. Of the
 * Python package's way it leaves out what folds and stretches of the flow say. Runs in a worker.
 *
 * @typedef {import('./detection/region.js').Pixels} Pixels
 * @typedef {{data: Uint8Array | Float32Array, height: number, width: number}} Plane
 *
 * @typedef {Object} Answer  What the model made of a window.
 * @property {Plane} image  uint8 RGB [h, w, 3].
 * @property {Plane} [flow]  (dx, dy) in its own pixels, from where a colour goes to where it came from.
 * @property {Plane} [mask]  In [0, 1].
 */

import { resample } from './resample.js';

/** Levels of 255; colours that differ by them lower the agreement to 1 / e. */
const COLOR_DISTANCE = 30;
/** Of the window's smaller side: where it ends within the photo, it fades into it. */
const FADE = 0.04;

/**
 * @param {Pixels} photo
 * @param {import('./window.js').Window} window
 * @param {Answer} answer
 * @returns {Uint8ClampedArray} RGBA of the photo's size: the photo, with the answer in the window.
 */
export function compose(photo, window, answer) {
  const { image, flow, mask } = answer;
  const moved = flow && mask ? movePhoto(photo, window, flow) : null;
  const detail = moved && findDetail(moved, window, image, mask);
  const rows = taps(image.height, window.height);
  const columns = taps(image.width, window.width);
  const fade = fading(photo, window);
  const result = Uint8ClampedArray.from(photo.data);
  const [first, last] = [
    Math.max(0, -window.left),
    Math.min(window.width, photo.width - window.left),
  ];
  for (let y = Math.max(0, -window.top); y < window.height && y + window.top < photo.height; y++) {
    const colors = mixRows(image, 3, rows, y);
    const low = detail && mixRows(detail.low, 3, rows, y);
    const weights = detail && mixRows(detail.weights, 1, rows, y);
    for (let x = first; x < last; x++) {
      const to = 4 * ((y + window.top) * photo.width + x + window.left);
      const weight = detail ? mixColumns(weights, 1, 0, columns, x) : 0;
      const part = fade.x[x] * fade.y[y];
      for (let channel = 0; channel < 3; channel++) {
        let value = mixColumns(colors, 3, channel, columns, x);
        if (weight > 0) {
          const own = moved[3 * (y * window.width + x) + channel];
          value += weight * (own - mixColumns(low, 3, channel, columns, x));
        }
        const before = photo.data[to + channel];
        // In between, colours may leave the range of levels: what fades is what would be seen.
        result[to + channel] = before + part * (Math.min(255, Math.max(0, value)) - before);
      }
    }
  }
  return result;
}

/**
 * The photo's pixels where the flow says that they go.
 * @returns {Uint8Array} RGB of the window's size.
 */
export function movePhoto(photo, window, flow) {
  const rows = taps(flow.height, window.height);
  const columns = taps(flow.width, window.width);
  const [scaleX, scaleY] = [window.width / flow.width, window.height / flow.height];
  const result = new Uint8Array(window.width * window.height * 3);
  for (let y = 0, to = 0; y < window.height; y++) {
    const offsets = mixRows(flow, 2, rows, y);
    for (let x = 0; x < window.width; x++, to += 3) {
      const dx = scaleX * mixColumns(offsets, 2, 0, columns, x);
      const dy = scaleY * mixColumns(offsets, 2, 1, columns, x);
      takeColor(photo, window.left + x + dx, window.top + y + dy, result, to);
    }
  }
  return result;
}

/** The moved photo as the model's pixels see it, and how far what is finer than that is to be believed. */
function findDetail(moved, window, image, mask) {
  const { height, width } = image;
  const low = resample(moved, window.height, window.width, height, width);
  const difference = Float32Array.from(low, (value, at) => value - image.data[at]);
  const taken = stretched(mask, height, width);
  const weights = new Float32Array(height * width);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const around = [];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++)
          around.push(v * width + u);
      const mean = (channel) =>
        around.reduce((sum, pixel) => sum + difference[3 * pixel + channel], 0) / around.length;
      const square = (mean(0) ** 2 + mean(1) ** 2 + mean(2) ** 2) / 3;
      const least = around.reduce((value, pixel) => Math.min(value, taken[pixel]), 1);
      weights[at] = Math.max(0, least) * Math.exp(-square / COLOR_DISTANCE ** 2);
    }
  }
  return { low: { data: low, height, width }, weights: { data: weights, height, width } };
}

/** A plane of one channel at another size. */
function stretched(plane, height, width) {
  const rows = taps(plane.height, height);
  const columns = taps(plane.width, width);
  const result = new Float32Array(height * width);
  for (let y = 0, at = 0; y < height; y++) {
    const row = mixRows(plane, 1, rows, y);
    for (let x = 0; x < width; x++, at++) result[at] = mixColumns(row, 1, 0, columns, x);
  }
  return result;
}

/**
 * For each pixel of a row or column that is stretched: the two old ones next to it, and the part of the second.
 * @returns {{first: Int32Array, second: Int32Array, part: Float32Array}}
 */
function taps(length, newLength) {
  const first = new Int32Array(newLength);
  const second = new Int32Array(newLength);
  const part = new Float32Array(newLength);
  for (let index = 0; index < newLength; index++) {
    const place = Math.min(Math.max(((index + 0.5) * length) / newLength - 0.5, 0), length - 1);
    first[index] = Math.floor(place);
    second[index] = Math.min(first[index] + 1, length - 1);
    part[index] = place - first[index];
  }
  return { first, second, part };
}

/** A row of the stretched plane, still as narrow as the plane. */
function mixRows({ data, width }, channels, { first, second, part }, y) {
  const length = width * channels;
  const [upper, lower] = [first[y] * length, second[y] * length];
  const row = new Float32Array(length);
  for (let at = 0; at < length; at++)
    row[at] = data[upper + at] + part[y] * (data[lower + at] - data[upper + at]);
  return row;
}

/** One channel of one pixel of such a row, as wide as it shall be. */
function mixColumns(row, channels, channel, { first, second, part }, x) {
  const value = row[channels * first[x] + channel];
  return value + part[x] * (row[channels * second[x] + channel] - value);
}

/** The photo's colour at (x, y), bilinear; beyond its edge as there. */
function takeColor({ data, width, height }, x, y, to, at) {
  const u = Math.min(Math.max(x, 0), width - 1);
  const v = Math.min(Math.max(y, 0), height - 1);
  const left = Math.floor(u);
  const top = Math.floor(v);
  const right = 4 * (left < width - 1 ? 1 : 0);
  const down = 4 * (top < height - 1 ? width : 0);
  const partX = u - left;
  const partY = v - top;
  for (let channel = 0, from = 4 * (top * width + left); channel < 3; channel++, from++) {
    const upper = data[from] + partX * (data[from + right] - data[from]);
    const lower = data[from + down] + partX * (data[from + down + right] - data[from + down]);
    to[at + channel] = Math.round(upper + partY * (lower - upper));
  }
}

/** How much of the window shows in each column and row: less near edges that lie within the photo. */
function fading(photo, window) {
  const reach = Math.max(1, FADE * Math.min(window.width, window.height));
  const along = (start, length, limit) =>
    Float32Array.from({ length }, (_, index) => {
      const fromStart = start > 0 ? (index + 0.5) / reach : 1;
      const fromEnd = start + length < limit ? (length - index - 0.5) / reach : 1;
      return Math.min(1, fromStart, fromEnd);
    });
  return {
    x: along(window.left, window.width, photo.width),
    y: along(window.top, window.height, photo.height),
  };
}
