/**
 * From the landmark model's raw answers to points of the body.
 *
 * @typedef {Object} Landmark
 * @property {number} x  In [0, 1] of the region that the model saw; beyond it where the body goes on.
 * @property {number} y
 * @property {number} visibility  In [0, 1]: how likely the picture shows it.
 */

import { sigmoid } from './detector.js';

export const LANDMARK_SIZE = 256;
export const NUM_LANDMARKS = 39;
/** Behind the body's own 33: the middle of the hips, and a point of the circle about the body. */
export const [HIPS, END] = [33, 34];
const VALUES_PER_LANDMARK = 5;
const HEATMAP_SIZE = 64;
/** Cells to each side of a landmark's own whose heat counts. */
const REACH = 3;
const MIN_HEAT = 0.5;

/**
 * @param {Float32Array} values  [39, 5]: x, y, z in pixels of the model's picture, visibility and presence before the
 *   sigmoid.
 * @returns {Landmark[]}
 */
export function decodeLandmarks(values) {
  return Array.from({ length: NUM_LANDMARKS }, (_, index) => {
    const [x, y, , visibility] = values.subarray(VALUES_PER_LANDMARK * index);
    return { x: x / LANDMARK_SIZE, y: y / LANDMARK_SIZE, visibility: sigmoid(visibility) };
  });
}

/**
 * Moves landmarks to the middle of the heat around them, where there is enough.
 * @param {Landmark[]} landmarks
 * @param {Float32Array} heatmap  [64, 64, 39], before the sigmoid.
 * @returns {Landmark[]}
 */
export function refine(landmarks, heatmap) {
  return landmarks.map((landmark, index) => {
    const middle = warmestPlace(landmark, heatmap, index);
    return middle ? { ...landmark, ...middle } : landmark;
  });
}

function warmestPlace({ x, y }, heatmap, index) {
  const [column, row] = [Math.trunc(x * HEATMAP_SIZE), Math.trunc(y * HEATMAP_SIZE)];
  const isOutside = Math.min(column, row) < 0 || Math.max(column, row) >= HEATMAP_SIZE;
  if (isOutside) return null;
  const sum = { heat: 0, x: 0, y: 0, largest: 0 };
  const range = (middle) => [
    Math.max(0, middle - REACH),
    Math.min(HEATMAP_SIZE - 1, middle + REACH),
  ];
  const [[left, right], [top, bottom]] = [range(column), range(row)];
  for (let v = top; v <= bottom; v++) {
    for (let u = left; u <= right; u++) {
      const heat = sigmoid(heatmap[(v * HEATMAP_SIZE + u) * NUM_LANDMARKS + index]);
      sum.largest = Math.max(sum.largest, heat);
      sum.heat += heat;
      sum.x += heat * u;
      sum.y += heat * v;
    }
  }
  if (sum.largest < MIN_HEAT) return null;
  return { x: sum.x / sum.heat / HEATMAP_SIZE, y: sum.y / sum.heat / HEATMAP_SIZE };
}
