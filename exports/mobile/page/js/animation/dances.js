/**
 * Dances: the poses of a video, one for each frame, free of place and size.
 *
 * @typedef {import('./clips.js').Clip} Dance  Its frames are joints in the order of HUMAN36M_17, from the middle of the
 *   hips of the first frame, in torso lengths (hips to neck) of it; null where missing. exports/mobile/dances.py writes
 *   them.
 *
 * @typedef {import('../joints.js').Skeleton} Skeleton
 * @typedef {import('../joints.js').Size} Size
 */

import { JOINT_NAMES, standing } from '../joints.js';
import { anchor } from '../poses.js';
import { isPoint } from './clips.js';
import { COCO_17, HUMAN36M_17 } from './pose_maps.js';

/** @type {import('./clips.js').Kind} */
export const DANCES = {
  list: 'dances',
  unreadable: 'dance-unreadable',
  isFrame: (joints) =>
    Array.isArray(joints) &&
    joints.length === HUMAN36M_17.length &&
    joints.every((at) => at === null || isPoint(at)),
};

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
