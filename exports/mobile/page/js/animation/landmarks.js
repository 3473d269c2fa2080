/**
 * 68 landmarks of a face in the order of iBUG, [x, y] in pixels, and the curves and parts that they make; as
 * posewarp_tf/faces/landmarks.py has them.
 *
 * The face's right side comes first, which is the left one of the picture.
 *
 * @typedef {[number, number][]} Landmarks
 */

import { PageError } from '../errors.js';
import { isPoint } from './clips.js';

export const NUM_LANDMARKS = 68;

/** The numbers from `first` to `last`, both included. */
function span(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

export const JAW = span(0, 16);
export const BROWS = [span(17, 21), span(22, 26)];
export const NOSE = span(27, 35);
export const EYES = [span(36, 41), span(42, 47)];
export const OUTER_LIPS = span(48, 59);
export const INNER_LIPS = span(60, 67);

/** Each in a channel of its own; 68..82 are the points of the upper half of the face. */
export const CURVES = [
  [...JAW, ...span(68, 82), 0],
  ...BROWS,
  [28, 31],
  span(31, 35),
  [35, 28],
  [36, 37, 38, 39],
  [39, 40, 41, 36],
  [42, 43, 44, 45],
  [45, 46, 47, 42],
  span(48, 54),
  [...span(54, 59), 48],
  span(60, 64),
  [64, 65, 66, 67, 60],
];

/** Polygons and their labels; later ones cover earlier ones, and 0 is what none covers. */
export const PARTS = [
  [CURVES[0], 1],
  ...BROWS.map((brow) => [brow, 2]),
  [[28, ...span(31, 35), 28], 3],
  ...EYES.map((eye) => [eye, 4]),
  [OUTER_LIPS, 5],
  [INNER_LIPS, 6],
];

/**
 * With 15 points of the forehead: the jaw mirrored at the line between the ears, two thirds as high, on whole pixels.
 * @param {Landmarks} landmarks
 * @returns {Landmarks} 83 points.
 */
export function withUpperHalf(landmarks) {
  const jaw = landmarks.slice(0, JAW.length).map((at) => at.map(Math.trunc));
  const base = (jaw[0][1] + jaw.at(-1)[1]) / 2;
  const mirrored = jaw
    .slice(1, -1)
    .reverse()
    .map(([x, y]) => [x, Math.trunc(base + Math.floor((2 * (base - y)) / 3))]);
  return [...landmarks, ...mirrored];
}

/**
 * @param {string} text  Of a file of 68 lines `x,y`, as `posewarp landmarks` writes them.
 * @returns {Landmarks}
 * @throws {PageError} if it is something else.
 */
export function readLandmarks(text) {
  const lines = text.split(/\r?\n/).filter((line) => line.trim());
  // An empty field would be a 0.
  const toNumber = (field) => (field.trim() ? Number(field) : NaN);
  const landmarks = lines.map((line) => line.split(',').map(toNumber));
  if (!areLandmarks(landmarks)) throw new PageError('landmarks-unreadable');
  return landmarks;
}

/** Whether this is a list of 68 points. */
export function areLandmarks(points) {
  return Array.isArray(points) && points.length === NUM_LANDMARKS && points.every(isPoint);
}
