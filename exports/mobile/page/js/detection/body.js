/** The page's 18 joints among the 33 landmarks of a body, and how far a body reaches. */

import { LANDMARK_SIZE } from './landmarks.js';
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

/**
 * @param {Float32Array} mask  [256, 256] of the region: above 0 where the person is more likely than not.
 * @param {import('./region.js').Region} region
 * @param {{width: number, height: number}} size  Of the picture.
 * @returns {import('./finder.js').Box | null} about the person as far as the picture goes; null: the mask is empty.
 */
export function toBox(mask, region, { width, height }) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  mask.forEach((value, index) => {
    if (value <= 0) return;
    const column = index % LANDMARK_SIZE;
    const row = Math.floor(index / LANDMARK_SIZE);
    const [x, y] = toPicture(region, (column + 0.5) / LANDMARK_SIZE, (row + 0.5) / LANDMARK_SIZE);
    if (x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5) return;
    // From middles of pixels to edges.
    box.left = Math.min(box.left, x + 0.5);
    box.top = Math.min(box.top, y + 0.5);
    box.right = Math.max(box.right, x + 0.5);
    box.bottom = Math.max(box.bottom, y + 0.5);
  });
  return box.left < box.right && box.top < box.bottom ? box : null;
}
