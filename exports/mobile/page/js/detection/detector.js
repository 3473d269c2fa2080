/**
 * From the detector's raw answers to people: decoded against the anchors, and one for each person.
 *
 * @typedef {Object} Detection  Everything in [0, 1] of the detector's square picture.
 * @property {number} score  In [0, 1].
 * @property {number[]} numbers  left, top, right, bottom of the box about the head and chest, then (x, y) of four points:
 *   the middle of the hips, a point of the circle about the body, the middle of the shoulders, one above it.
 */

import { DETECTOR_SIZE, NUM_ANCHORS } from './anchors.js';

const VALUES_PER_ANCHOR = 12;
const MIN_SCORE = 0.5;
/** Boxes that share more than this part of what both cover are of the same person. */
const MAX_OVERLAP = 0.3;

export function sigmoid(value) {
  return 1 / (1 + Math.exp(-value));
}

/**
 * @param {Float32Array} values  [NUM_ANCHORS, 12]: box middle, width and height, then four points, each from the anchor and
 *   in pixels of the detector's picture.
 * @param {Float32Array} scores  [NUM_ANCHORS], before the sigmoid.
 * @param {Float32Array} anchors  [NUM_ANCHORS, 2].
 * @returns {Detection[]} whose score is at least 0.5.
 */
export function decode(values, scores, anchors) {
  const detections = [];
  for (let index = 0; index < NUM_ANCHORS; index++) {
    const score = sigmoid(scores[index]);
    if (score >= MIN_SCORE) detections.push({ score, numbers: decodeOne(values, anchors, index) });
  }
  return detections;
}

function decodeOne(values, anchors, index) {
  const own = values.subarray(VALUES_PER_ANCHOR * index, VALUES_PER_ANCHOR * (index + 1));
  const anchor = anchors.subarray(2 * index, 2 * index + 2);
  const place = (at) => own[at] / DETECTOR_SIZE + anchor[at % 2];
  const [halfWidth, halfHeight] = [2, 3].map((at) => own[at] / DETECTOR_SIZE / 2);
  const box = [
    place(0) - halfWidth,
    place(1) - halfHeight,
    place(0) + halfWidth,
    place(1) + halfHeight,
  ];
  return [...box, ...[4, 5, 6, 7, 8, 9, 10, 11].map(place)];
}

/**
 * One detection for each person: the mean, weighted by their scores, of those that overlap the best.
 * @param {Detection[]} detections
 * @returns {Detection[]} the best first.
 */
export function suppress(detections) {
  let rest = [...detections].sort((a, b) => b.score - a.score);
  const people = [];
  while (rest.length) {
    const best = rest[0];
    const same = rest.filter((other) => other === best || overlap(best, other) > MAX_OVERLAP);
    people.push({ score: best.score, numbers: weightedMean(same) });
    rest = rest.filter((other) => !same.includes(other));
  }
  return people;
}

function weightedMean(detections) {
  const total = detections.reduce((sum, { score }) => sum + score, 0);
  return detections[0].numbers.map(
    (_, at) => detections.reduce((sum, { score, numbers }) => sum + score * numbers[at], 0) / total,
  );
}

/** Area that two boxes share over the area that they cover together. */
export function overlap({ numbers: a }, { numbers: b }) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const area = ([left, top, right, bottom]) => (right - left) * (bottom - top);
  return (width * height) / (area(a) + area(b) - width * height);
}
