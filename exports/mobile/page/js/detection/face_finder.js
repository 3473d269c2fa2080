/**
 * Finds the largest face of a picture and its 68 landmarks, as posewarp_tf/detection/face_mesh.py does: one model finds
 * faces, another one 468 points of one of them. Runs in the worker, beside the models.
 *
 * @typedef {Object} FoundFace
 * @property {number} people  1, or 0 if there is no face.
 * @property {import('../animation/landmarks.js').Landmarks | null} landmarks  In pixels of the picture.
 */

import { makeAnchors } from './anchors.js';
import { sigmoid } from './detector.js';
import { crop, toPicture, wholePicture } from './region.js';

const [DETECTOR_SIZE, MESH_SIZE] = [128, 192];
const anchors = makeAnchors(DETECTOR_SIZE, [
  { stride: 8, perCell: 2 },
  { stride: 16, perCell: 6 },
]);
const VALUES_PER_ANCHOR = 16;
/** How much larger than the face a region is. */
const MARGIN = 1.5;
const LEAST_SCORE = 0.5;

/** Of the points of the mesh, those at the landmarks 0..67. */
const MESH_POINTS = [
  ...[162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389],
  ...[70, 63, 105, 66, 107, 336, 296, 334, 293, 300],
  ...[168, 197, 5, 4, 75, 97, 2, 326, 305],
  ...[33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380],
  ...[61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87],
];
/** These are the upper edges of the brows, the landmarks from 17 on; the lower ones are there. */
const FIRST_OF_BROWS = 17;
const BELOW_BROWS = [46, 53, 52, 65, 55, 285, 295, 282, 283, 276];
/** Outer corners of the eyes. */
const EYES = [33, 263];

/**
 * @param {import('./region.js').Pixels} pixels
 * @param {{detector: import('./finder.js').Model, landmarks: import('./finder.js').Model}} models
 * @returns {Promise<FoundFace>}
 */
export async function findFace(pixels, models) {
  const whole = wholePicture(pixels);
  let regions = await findRegions(pixels, whole, models.detector);
  // A face that is small in the whole picture may be found in a part of it.
  if (!regions.length)
    for (const part of partsOf(whole))
      regions = regions.concat(await findRegions(pixels, part, models.detector));
  for (const region of regions.sort((a, b) => b.size - a.size)) {
    // Looks twice: the points of the first look give a better region than the box.
    const first = await look(pixels, region, models.landmarks);
    const found = await look(pixels, first.region, models.landmarks);
    if (Math.min(first.score, found.score) >= LEAST_SCORE)
      return { people: 1, landmarks: found.landmarks };
  }
  return { people: 0, landmarks: null };
}

/** Of all faces that the first model finds in a square of the picture; some of one face. */
async function findRegions(pixels, square, detector) {
  const input = crop(pixels, square, DETECTOR_SIZE, { low: -1, high: 1, border: 'black' });
  const [values, scores] = await detector.runInOrder([input]);
  const regions = [];
  scores.forEach((logit, index) => {
    if (sigmoid(logit) < LEAST_SCORE) return;
    const own = values.subarray(VALUES_PER_ANCHOR * index, VALUES_PER_ANCHOR * (index + 1));
    // Middle and size of the box, then points, of which the first two are the eyes.
    const place = (pair) =>
      toPicture(
        square,
        own[2 * pair] / DETECTOR_SIZE + anchors[2 * index],
        own[2 * pair + 1] / DETECTOR_SIZE + anchors[2 * index + 1],
      );
    const side = (Math.max(own[2], own[3]) / DETECTOR_SIZE) * square.size;
    regions.push(regionOfFace(place(0), [place(2), place(3)], side));
  });
  return regions;
}

/** What the second model sees in a region, and where it would look next. */
async function look(pixels, region, model) {
  const input = crop(pixels, region, MESH_SIZE, { low: 0, high: 1, border: 'edge' });
  const [values, [logit]] = await model.runInOrder([input]);
  const inRegion = (index) => [values[3 * index] / MESH_SIZE, values[3 * index + 1] / MESH_SIZE];
  const point = (index) => toPicture(region, ...inRegion(index));
  const spans = [0, 1].map((axis) => {
    const places = Array.from({ length: values.length / 3 }, (_, index) => inRegion(index)[axis]);
    return [Math.min(...places), Math.max(...places)];
  });
  const middle = toPicture(region, ...spans.map(([low, high]) => (low + high) / 2));
  const side = Math.max(...spans.map(([low, high]) => high - low)) * region.size;
  const landmarks = MESH_POINTS.map(point);
  BELOW_BROWS.forEach((index, brow) => {
    const [upper, lower] = [landmarks[FIRST_OF_BROWS + brow], point(index)];
    landmarks[FIRST_OF_BROWS + brow] = upper.map((place, axis) => (place + lower[axis]) / 2);
  });
  return { landmarks, score: sigmoid(logit), region: regionOfFace(middle, EYES.map(point), side) };
}

/** The square around a face, in which its eyes, first the one on the left, are on one height. */
function regionOfFace([x, y], [left, right], side) {
  const angle = Math.atan2(right[1] - left[1], right[0] - left[0]);
  return { x, y, size: MARGIN * side, angle };
}

/** Squares of half its size that overlap. */
function partsOf({ x, y, size, angle }) {
  const shifts = [-0.25, 0, 0.25].map((part) => part * size);
  return shifts.flatMap((dy) =>
    shifts.map((dx) => ({ x: x + dx, y: y + dy, size: size / 2, angle })),
  );
}
