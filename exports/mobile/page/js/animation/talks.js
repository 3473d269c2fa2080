/**
 * What faces do: the landmarks of a video, one list for each frame.
 *
 * @typedef {import('./clips.js').Clip} Talk  Its frames are 68 landmarks each, in pixels of any frame: they are moved onto
 *   the face of the photo. exports/mobile/talks.py writes them.
 *
 * @typedef {import('./landmarks.js').Landmarks} Landmarks
 */

import { areLandmarks } from './landmarks.js';

/** @type {import('./clips.js').Kind} */
export const TALKS = { list: 'talks', unreadable: 'talk-unreadable', isFrame: areLandmarks };

/**
 * The landmarks of all frames where the face of the photo is, as large and as inclined as it is: moved, enlarged and turned
 * by the similarity that brings the first frame as close as possible to the photo's landmarks, in the mean of squares; then
 * rounded to whole pixels, as landmarks in files are.
 * @param {Talk} talk
 * @param {Landmarks} landmarks  Of the photo.
 * @returns {Landmarks[]} in pixels of the photo.
 */
export function placedTalk({ frames }, landmarks) {
  const [from, to] = [middleOf(frames[0]), middleOf(landmarks)];
  // As complex numbers: the turn and scale is sum(conj(p) q) / sum(|p|^2), p and q from the middles.
  const sums = { real: 0, imaginary: 0, squares: 0 };
  frames[0].forEach(([x, y], index) => {
    const [px, py] = [x - from[0], y - from[1]];
    const [qx, qy] = [landmarks[index][0] - to[0], landmarks[index][1] - to[1]];
    sums.real += px * qx + py * qy;
    sums.imaginary += px * qy - py * qx;
    sums.squares += px * px + py * py;
  });
  const [real, imaginary] = [sums.real / sums.squares, sums.imaginary / sums.squares];
  const place = ([x, y]) => {
    const [px, py] = [x - from[0], y - from[1]];
    return [
      Math.round(to[0] + real * px - imaginary * py),
      Math.round(to[1] + imaginary * px + real * py),
    ];
  };
  return frames.map((points) => points.map(place));
}

function middleOf(points) {
  return [0, 1].map((axis) => points.reduce((sum, at) => sum + at[axis], 0) / points.length);
}
