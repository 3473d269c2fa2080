/**
 * Finds the largest person of a picture and the joints: one model finds people, another one the landmarks of one of them.
 * Runs in the worker, beside the models.
 *
 * @typedef {Object} Found
 * @property {number} people  How many were found.
 * @property {([number, number] | null)[] | null} joints  Of the largest one, in pixels of the picture; null: nobody.
 */

import { DETECTOR_SIZE, makeAnchors } from './anchors.js';
import { toJoints } from './body.js';
import { decode, suppress } from './detector.js';
import { LANDMARK_SIZE, decodeLandmarks, refine } from './landmarks.js';
import { crop, regionOfPerson, toPicture, wholePicture } from './region.js';

const MIN_PRESENCE = 0.5;
const anchors = makeAnchors();

/** A model as this needs it: values in, values out, in the order of the file. */
/** @typedef {{runInOrder: (inputs: Float32Array[]) => Promise<Float32Array[]>}} Model */

/**
 * @param {import('./region.js').Pixels} pixels
 * @param {{detector: Model, landmarks: Model}} models
 * @returns {Promise<Found>}
 */
export async function findPerson(pixels, models) {
  const regions = await findRegions(pixels, models.detector);
  for (const region of regions) {
    const joints = await findJoints(pixels, region, models.landmarks);
    if (joints) return { people: regions.length, joints };
  }
  return { people: 0, joints: null };
}

/** @returns {Promise<import('./region.js').Region[]>} of all people, the largest first. */
async function findRegions(pixels, detector) {
  const whole = wholePicture(pixels);
  const input = crop(pixels, whole, DETECTOR_SIZE, { low: -1, high: 1, border: 'black' });
  const [values, scores] = await detector.runInOrder([input]);
  const people = suppress(decode(values, scores, anchors));
  const regions = people.map(({ numbers }) =>
    regionOfPerson(
      toPicture(whole, numbers[4], numbers[5]),
      toPicture(whole, numbers[6], numbers[7]),
    ),
  );
  return regions.sort((a, b) => b.size - a.size);
}

async function findJoints(pixels, region, model) {
  const input = crop(pixels, region, LANDMARK_SIZE, { low: 0, high: 1, border: 'edge' });
  const [values, [presence], , heatmap] = await model.runInOrder([input]);
  if (presence < MIN_PRESENCE) return null;
  return toJoints(refine(decodeLandmarks(values), heatmap), region, pixels);
}
