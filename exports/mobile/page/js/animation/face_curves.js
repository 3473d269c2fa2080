/**
 * Curves through landmarks, drawn pixel by pixel as posewarp_tf/faces/curves.py does: in pieces of 3 points with step 2,
 * of which a rest of 2 points is a straight line.
 *
 * Of each piece the axis with the larger step is the abscissa t, x if both are equal. The parabola through its points is
 * drawn at |t_last - t_first| places, unless it is too bent.
 */

import { closestParabola } from './closest_parabola.js';

/** A steeper parabola is no part of a face, but comes of points that lie too close together. */
const MOST_BENT = 1;

/**
 * @param {[number, number][]} points  Of one curve, in whole pixels.
 * @param {[number, number]} size  Height and width, to which pixels are clipped.
 * @param {(row: number, column: number) => void} paint
 */
export function drawCurve(points, [height, width], paint) {
  const clip = (place, length) => Math.min(Math.max(Math.trunc(place), 0), length - 1);
  for (let start = 0; start < points.length - 1; start += 2)
    drawPiece(points.slice(start, start + 3), (x, y) => paint(clip(y, height), clip(x, width)));
}

function drawPiece(points, paint) {
  // A straight line has its last point twice.
  const [first, middle, last = middle] = points;
  const step = (axis) =>
    Math.max(Math.abs(middle[axis] - first[axis]), Math.abs(last[axis] - middle[axis]));
  const isUpright = step(0) < step(1);
  const [along, across] = isUpright ? [1, 0] : [0, 1];
  const t = [first, middle, last].map((at) => at[along]);
  const values = [first, middle, last].map((at) => at[across]);
  const isLine = middle[0] === last[0] && middle[1] === last[1];
  const [a, b, c] = fit(t, values, isLine);
  if (![a, b, c].every(Number.isFinite) || Math.abs(a) > MOST_BENT) return;
  const length = Math.abs(t[2] - t[0]);
  const [start, stride] = [Math.min(t[0], t[2]), length / Math.max(length - 1, 1)];
  for (let number = 0; number < length; number++) {
    const at = start + number * stride;
    const value = a * (at * at) + b * at + c;
    if (isUpright) paint(value, at);
    else paint(at, value);
  }
}

/** (a, b, c) of a t^2 + b t + c through three points; not finite where there is none. */
function fit(t, values, isLine) {
  const first = (values[1] - values[0]) / (t[1] - t[0]);
  const second = (values[2] - values[1]) / (t[2] - t[1]);
  const a = isLine ? 0 : (second - first) / (t[2] - t[0]);
  const b = first - a * (t[0] + t[1]);
  const parabola = [a, b, values[0] - (a * t[0] + b) * t[0]];
  const isAmbiguous = !isLine && t[0] !== t[2] && !parabola.every(Number.isFinite);
  return isAmbiguous ? closestParabola(t, values) : parabola;
}
