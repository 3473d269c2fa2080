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
  const moved = flow ? movePhoto(photo, window, flow) : null;
  const rows = taps(image.height, window.height);
  const columns = taps(image.width, window.width);
  const detail = moved && mask ? findDetail(moved, window, image, mask) : null;
  const result = Uint8ClampedArray.from(photo.data);
  const fade = fading(photo, window);
  const mixed = new Float32Array(3);
  for (let y = Math.max(0, -window.top); y < window.height && y + window.top < photo.height; y++) {
    for (
      let x = Math.max(0, -window.left);
      x < window.width && x + window.left < photo.width;
      x++
    ) {
      mixColor(image, rows[y], columns[x], mixed);
      if (detail) addDetail(detail, rows[y], columns[x], moved, 3 * (y * window.width + x), mixed);
      const to = 4 * ((y + window.top) * photo.width + x + window.left);
      const part = fade.x[x] * fade.y[y];
      for (let channel = 0; channel < 3; channel++)
        result[to + channel] += part * (mixed[channel] - photo.data[to + channel]);
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
    for (let x = 0; x < window.width; x++, to += 3) {
      const dx = scaleX * mixValue(flow, 2, 0, rows[y], columns[x]);
      const dy = scaleY * mixValue(flow, 2, 1, rows[y], columns[x]);
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
  const weights = new Float32Array(height * width);
  const [rows, columns] = [taps(mask.height, height), taps(mask.width, width)];
  const around = new Float32Array(3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      around.fill(0);
      let [least, count] = [1, 0];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++, count++) {
          least = Math.min(least, mixValue(mask, 1, 0, rows[v], columns[u]));
          const from = 3 * (v * width + u);
          for (let channel = 0; channel < 3; channel++)
            around[channel] += difference[from + channel];
        }
      }
      const square = around.reduce((sum, value) => sum + (value / count) ** 2, 0) / 3;
      weights[at] = Math.max(0, least) * Math.exp(-square / COLOR_DISTANCE ** 2);
    }
  }
  return { low: { data: low, height, width }, weights: { data: weights, height, width } };
}

const lowColor = new Float32Array(3);

function addDetail({ low, weights }, row, column, moved, at, mixed) {
  const weight = mixValue(weights, 1, 0, row, column);
  if (weight === 0) return;
  mixColor(low, row, column, lowColor);
  for (let channel = 0; channel < 3; channel++)
    mixed[channel] += weight * (moved[at + channel] - lowColor[channel]);
}

/**
 * For each pixel of a row or column that is stretched: the two old ones next to it, and the part of the second.
 * @returns {{first: number, second: number, part: number}[]}
 */
function taps(length, newLength) {
  return Array.from({ length: newLength }, (_, index) => {
    const place = Math.min(Math.max(((index + 0.5) * length) / newLength - 0.5, 0), length - 1);
    const first = Math.floor(place);
    return { first, second: Math.min(first + 1, length - 1), part: place - first };
  });
}

/** One channel of a plane, between its pixels. */
function mixValue({ data, width }, channels, channel, row, column) {
  const value = (y, x) => data[channels * (y * width + x) + channel];
  const upper =
    value(row.first, column.first) * (1 - column.part) +
    value(row.first, column.second) * column.part;
  const lower =
    value(row.second, column.first) * (1 - column.part) +
    value(row.second, column.second) * column.part;
  return upper * (1 - row.part) + lower * row.part;
}

function mixColor(plane, row, column, color) {
  for (let channel = 0; channel < 3; channel++)
    color[channel] = mixValue(plane, 3, channel, row, column);
}

/** The photo's colour at (x, y), bilinear; beyond its edge as there. */
function takeColor({ data, width, height }, x, y, to, at) {
  const [u, v] = [Math.min(Math.max(x, 0), width - 1), Math.min(Math.max(y, 0), height - 1)];
  const [left, top] = [Math.floor(u), Math.floor(v)];
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const [partX, partY] = [u - left, v - top];
  for (let channel = 0; channel < 3; channel++) {
    const value = (row, column) => data[4 * (row * width + column) + channel];
    const upper = value(top, left) * (1 - partX) + value(top, right) * partX;
    const lower = value(bottom, left) * (1 - partX) + value(bottom, right) * partX;
    to[at + channel] = Math.round(upper * (1 - partY) + lower * partY);
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
