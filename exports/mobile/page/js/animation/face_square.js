/**
 * The square around a face, which is taken instead of the photo, as posewarp_tf/detection/face_footage.py cuts it.
 *
 * @typedef {{left: number, top: number, side: number}} Square  In pixels of the photo, whose middles lie on whole numbers.
 */

import { rgbCanvas } from '../picture.js';
import { CUBIC, resample } from '../resample.js';
import { windowPixels, wholeWindow } from '../window.js';

/** Sides of the square in those of the smallest one around all landmarks: hair and chin are in it. */
const MARGIN = 1.75;
/** Of the square's side, by which its middle lies above that of the landmarks. */
const ABOVE = 0.06;
/** Pixels of a side; a larger model has larger ones. */
const SIDE = 256;

/**
 * @param {import('./landmarks.js').Landmarks} landmarks
 * @param {import('../joints.js').Size} size  Of the photo.
 * @returns {Square} 1.75 times as large as the landmarks reach, inside the photo.
 */
export function squareAround(landmarks, { width, height }) {
  const spans = [0, 1].map((axis) => {
    const places = landmarks.map((at) => at[axis]);
    return { low: Math.min(...places), high: Math.max(...places) };
  });
  const reach = Math.max(...spans.map(({ low, high }) => high - low));
  const side = Math.min(MARGIN * reach, width, height);
  const [x, y] = spans.map(({ low, high }) => (low + high) / 2);
  // Pixel 0 reaches from -1/2 to 1/2.
  const start = (middle, length) =>
    Math.min(Math.max(middle - side / 2, -0.5), length - 0.5 - side);
  return { left: start(x, width), top: start(y - ABOVE * side, height), side };
}

/**
 * @param {import('../picture.js').Picture} photo
 * @param {import('./landmarks.js').Landmarks} landmarks  In pixels of the photo.
 * @param {[number, number]} modelSize  Height and width.
 * @returns {{picture: import('../picture.js').Picture, landmarks: import('./landmarks.js').Landmarks}} the square around
 *   the face and its landmarks there, in whole pixels.
 */
export function cutFace(photo, landmarks, modelSize) {
  const { left, top, side } = squareAround(landmarks, photo);
  const length = Math.max(SIDE, ...modelSize);
  const all = photo.canvas.getContext('2d').getImageData(0, 0, photo.width, photo.height);
  const box = { left: left + 0.5, top: top + 0.5, width: side, height: side };
  const rgb = windowPixels(all, wholeWindow(photo));
  const cut = resample(rgb, photo.height, photo.width, length, length, CUBIC, box);
  const place = (at, start) => Math.round((at - start) * (length / side) - 0.5);
  return {
    picture: { canvas: rgbCanvas(cut, length, length), width: length, height: length },
    landmarks: landmarks.map(([x, y]) => [place(x, left), place(y, top)]),
  };
}
