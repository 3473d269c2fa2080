/**
 * Dances: the poses of a video, one for each frame, free of place and size.
 *
 * @typedef {Object} Dance
 * @property {string} title
 * @property {number} fps
 * @property {([number, number] | null)[][]} frames  Joints in the order of HUMAN36M_17, from the middle of the hips of
 *   the first frame, in torso lengths (hips to neck) of it; null where missing. exports/mobile/dances.py writes them.
 *
 * @typedef {import('../joints.js').Skeleton} Skeleton
 * @typedef {import('../joints.js').Size} Size
 */

import { PageError } from '../errors.js';
import { JOINT_NAMES, standing } from '../joints.js';
import { anchor } from '../poses.js';
import { COCO_17, HUMAN36M_17 } from './pose_maps.js';

/** What a page keeps while it plays: at 256 x 256 pixels 260 MB. */
export const MAX_FRAMES = 1000;

/** @returns {Promise<Dance[]>} those that come with the page. */
export async function loadDances() {
  try {
    const text = await (await fetch(new URL('../../dances.json', import.meta.url))).text();
    return readDances(text);
  } catch (error) {
    throw new PageError('page-incomplete', error);
  }
}

/**
 * @param {string} text  Of a file of dances.
 * @returns {Dance[]}
 * @throws {PageError} if it is something else.
 */
export function readDances(text) {
  let dances;
  try {
    dances = JSON.parse(text).dances;
  } catch (error) {
    throw new PageError('dance-unreadable', error);
  }
  if (!Array.isArray(dances) || !dances.length || !dances.every(isDance))
    throw new PageError('dance-unreadable', 'no list of dances');
  return dances;
}

function isDance(dance) {
  const isJoint = (at) =>
    at === null || (Array.isArray(at) && at.length === 2 && at.every(Number.isFinite));
  const isFrame = (joints) =>
    Array.isArray(joints) && joints.length === HUMAN36M_17.length && joints.every(isJoint);
  return (
    typeof dance?.title === 'string' &&
    dance.fps > 0 &&
    Array.isArray(dance.frames) &&
    dance.frames.length > 0 &&
    dance.frames.length <= MAX_FRAMES &&
    dance.frames.every(isFrame)
  );
}

/**
 * The dance where the person stands, as large as the person is, in pixels of the model's picture.
 * @param {Dance} dance
 * @param {Skeleton} person  In pixels of the photo.
 * @param {Size} size  Of the photo.
 * @param {[number, number]} modelSize  Height and width: the whole photo is squashed to it.
 * @returns {[number, number][][]} in the order of HUMAN36M_17; (0, 0) where missing.
 */
export function placedDance(dance, person, size, modelSize) {
  const { x, y, torso } = anchor(person) ?? anchor(standing(size));
  const squash = squashing(size, modelSize);
  const place = (at) => (at ? squash(x + at[0] * torso, y + at[1] * torso) : [0, 0]);
  return dance.frames.map((joints) => joints.map(place));
}

/**
 * The person's own pose, in pixels of the model's picture.
 * @returns {[number, number][]} in the order of COCO_17; (0, 0) where missing.
 */
export function referenceJoints(person, size, modelSize) {
  const squash = squashing(size, modelSize);
  return COCO_17.map((name) => {
    const { x, y, present } = person[JOINT_NAMES.indexOf(name)];
    return present ? squash(x, y) : [0, 0];
  });
}

function squashing({ width, height }, [newHeight, newWidth]) {
  return (x, y) => [(x * newWidth) / width, (y * newHeight) / height];
}
