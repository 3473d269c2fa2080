/**
 * Finds the largest person of a picture and the joints: one model finds people, another one the landmarks of one of them.
 * Runs in the worker, beside the models.
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box  Edges, in pixels of the picture.
 *
 * @typedef {Object} Found
 * @property {number} people  How many were found.
 * @property {([number, number] | null)[] | null} joints  Of the largest one, in pixels of the picture; null: nobody.
 * @property {Box | null} box  About all that belongs to that person, hair and hands included.
 */

import { DETECTOR_SIZE, makeAnchors } from './anchors.js';
import { toBox, toJoints } from './body.js';
import { decode, suppress } from './detector.js';
import { END, HIPS, LANDMARK_SIZE, decodeLandmarks, refine } from './landmarks.js';
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
    const person = await findLandmarks(pixels, region, models.landmarks);
    if (person) return { people: regions.length, ...person };
  }
  return { people: 0, joints: null, box: null };
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

/** Looks twice: the landmarks of the first look give a better region than the detector did. */
async function findLandmarks(pixels, region, model) {
  const first = await look(pixels, region, model);
  if (!first) return null;
  const [hips, end] = [HIPS, END].map((index) => first.landmarks[index]);
  const better = regionOfPerson(toPicture(region, hips.x, hips.y), toPicture(region, end.x, end.y));
  const second = await look(pixels, better, model);
  if (!second) return null;
  const joints = toJoints(second.landmarks, better, pixels);
  return { joints, box: toBox(second.mask, better, pixels) };
}

async function look(pixels, region, model) {
  const input = crop(pixels, region, LANDMARK_SIZE, { low: 0, high: 1, border: 'edge' });
  const [values, [presence], mask, heatmap] = await model.runInOrder([input]);
  if (presence < MIN_PRESENCE) return null;
  return { landmarks: refine(decodeLandmarks(values), heatmap), mask };
}
