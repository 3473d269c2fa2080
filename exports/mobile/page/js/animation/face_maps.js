/**
 * What the networks that animate faces see of one: 16 maps of its landmarks, as posewarp_tf/faces/face_maps.py makes
 * them without edges of the background.
 *
 * channel 0        the 14 curves as 1
 * channels 1..14   for each curve min(floor(d / 3), 255) / 255, d: city-block distance to its nearest pixel
 * channel 15       the label 0..6 of the part that covers a pixel
 */

import { PageError } from '../errors.js';
import { drawCurve } from './face_curves.js';
import { CURVES, PARTS, withUpperHalf } from './landmarks.js';

export const NUM_CHANNELS = 16;
/** Where a picture has no pixel of a curve. */
const FAR = 3 * 255;
/** Landmarks lie at most so many widths and heights from the picture's middle. */
const REACH = 1.5;

/**
 * @param {import('./landmarks.js').Landmarks} landmarks  In pixels of the picture.
 * @param {import('../joints.js').Size} picture  Its size: parts are drawn at it.
 * @param {[number, number]} size  Height and width of the maps.
 * @returns {Float32Array} [height, width, 16].
 * @throws {PageError} if a landmark lies far outside the picture.
 */
export function faceMaps(landmarks, picture, [height, width]) {
  requireNear(landmarks, picture);
  const points = withUpperHalf(landmarks);
  const maps = new Float32Array(height * width * NUM_CHANNELS);
  const [scaleX, scaleY] = [width / picture.width, height / picture.height];
  const scaled = points.map(([x, y]) => [Math.trunc(x * scaleX), Math.trunc(y * scaleY)]);
  CURVES.forEach((numbers, curve) => {
    const distances = new Uint16Array(height * width).fill(FAR);
    const ownPoints = numbers.map((number) => scaled[number]);
    drawCurve(ownPoints, [height, width], (row, column) => (distances[row * width + column] = 0));
    spread(distances, [height, width]);
    distances.forEach((distance, at) => {
      if (distance === 0) maps[at * NUM_CHANNELS] = 1;
      maps[at * NUM_CHANNELS + 1 + curve] = Math.min(Math.floor(distance / 3), 255) / 255;
    });
  });
  const labels = nearest(drawParts(points, picture), picture, [height, width]);
  labels.forEach((label, at) => (maps[at * NUM_CHANNELS + NUM_CHANNELS - 1] = label));
  return maps;
}

/** @throws {PageError} if a landmark lies so far outside the picture that it cannot be of it. */
export function requireNear(landmarks, { width, height }) {
  const isNear = ([x, y]) =>
    Math.max(Math.abs(x / width - 0.5), Math.abs(y / height - 0.5)) <= REACH;
  if (!landmarks.every(isNear))
    throw new PageError('landmarks-outside', `${width} × ${height} pixels`);
}

/** City-block distances to the nearest 0: a shortest way goes first along one axis, then along the other. */
function spread(distances, [height, width]) {
  for (const [lines, step, length, next] of [
    [width, width, height, 1],
    [height, 1, width, width],
  ])
    for (let line = 0; line < lines; line++)
      for (const way of [step, -step]) {
        let at = line * next + (way > 0 ? 0 : (length - 1) * step);
        for (let place = 1; place < length; place++, at += way)
          distances[at + way] = Math.min(distances[at + way], distances[at] + 1);
      }
}

/** The label of the part at each pixel of the picture; the outlines belong to the parts. */
function drawParts(points, { width, height }) {
  const labels = new Uint8Array(width * height);
  const whole = points.map((at) => at.map(Math.trunc));
  for (const [numbers, label] of PARTS) {
    const corners = numbers.map((number) => whole[number]);
    const edges = corners.map((corner, index) => [corners.at(index - 1), corner]);
    const paint = (row, column) => (labels[row * width + column] = label);
    fillInside(edges, { width, height }, paint);
    for (const [from, to] of edges)
      drawLine(from, to, (x, y) => {
        if (x >= 0 && y >= 0 && x < width && y < height) paint(y, x);
      });
  }
  return labels;
}

/** Pixels to the left of which the outline crosses their row an odd number of times. */
function fillInside(edges, { width, height }, paint) {
  const tops = edges.map(([, [, y]]) => y);
  const last = Math.min(Math.max(...tops), height);
  for (let row = Math.max(Math.min(...tops), 0); row < last; row++) {
    // An edge has its upper end, not its lower one, so that a corner is met once.
    const columns = edges
      .filter(([[, y0], [, y1]]) => row >= y0 !== row >= y1)
      .map(([[x0, y0], [x1, y1]]) => Math.ceil(x0 + (row - y0) * ((x1 - x0) / (y1 - y0))))
      .map((column) => Math.min(Math.max(column, 0), width))
      .sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < columns.length; pair += 2)
      for (let column = columns[pair]; column < columns[pair + 1]; column++) paint(row, column);
  }
}

/** The pixels of a straight line, one for each step of its longer axis. */
function drawLine([x0, y0], [x1, y1], paint) {
  const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  const [stepX, stepY] = [x1 > x0 ? 1 : -1, y1 > y0 ? 1 : -1];
  const isSteep = dy > dx;
  const [long, short] = isSteep ? [dy, dx] : [dx, dy];
  let [x, y, error] = [x0, y0, 2 * short - long];
  for (let place = 0; place < long; place++) {
    paint(x, y);
    if (error >= 0) {
      if (isSteep) x += stepX;
      else y += stepY;
      error -= 2 * long;
    }
    if (isSteep) y += stepY;
    else x += stepX;
    error += 2 * short;
  }
  paint(x1, y1);
}

/** Labels at another size: of each new pixel, the one that its middle lies in; middles are summed up, as Pillow does. */
function nearest(labels, { width, height }, [newHeight, newWidth]) {
  const places = (length, newLength) => {
    const step = length / newLength;
    let middle = step * 0.5;
    return Array.from({ length: newLength }, () => {
      const place = Math.trunc(middle);
      middle += step;
      return Math.min(place, length - 1);
    });
  };
  const [rows, columns] = [places(height, newHeight), places(width, newWidth)];
  const result = new Uint8Array(newHeight * newWidth);
  rows.forEach((row, y) =>
    columns.forEach((column, x) => (result[y * newWidth + x] = labels[row * width + column])),
  );
  return result;
}
