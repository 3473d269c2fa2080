/** The page's 18 joints among the 33 landmarks of a body. */

import { toPicture } from './region.js';

const MIN_VISIBILITY = 0.5;
/** Landmarks of each joint, in the order of JOINT_NAMES; the neck lies between the shoulders. */
const LANDMARKS = [
  [0],
  [11, 12],
  [12],
  [14],
  [16],
  [11],
  [13],
  [15],
  [24],
  [26],
  [28],
  [23],
  [25],
  [27],
  [5],
  [2],
  [8],
  [7],
];

/**
 * @param {import('./landmarks.js').Landmark[]} landmarks
 * @param {import('./region.js').Region} region  That they were found in.
 * @param {{width: number, height: number}} size  Of the picture.
 * @returns {([number, number] | null)[]} 18 points in pixels of the picture; null: not visible, or beyond its edges.
 */
export function toJoints(landmarks, region, { width, height }) {
  return LANDMARKS.map((indices) => {
    const own = indices.map((index) => landmarks[index]);
    const mean = (axis) => own.reduce((sum, landmark) => sum + landmark[axis], 0) / own.length;
    const [x, y] = toPicture(region, mean('x'), mean('y'));
    const isInside = x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1;
    const isVisible = own.every(({ visibility }) => visibility >= MIN_VISIBILITY);
    return isInside && isVisible ? [x, y] : null;
  });
}
