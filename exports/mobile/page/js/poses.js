/**
 * Poses of the gallery: brought into the picture, mirrored, and blended into each other.
 *
 * @typedef {import('./joints.js').Skeleton} Skeleton
 * @typedef {import('./joints.js').Size} Size
 * @typedef {Object} GalleryPose
 * @property {string} title
 * @property {([number, number] | null)[]} joints  From the middle of the hips, in torso lengths; null where missing.
 */

import { PageError } from './errors.js';
import { LEFT_HIP, LIMBS, JOINT_NAMES, NECK, RIGHT_HIP, fromPoints, standing } from './joints.js';

const MARGIN = 0.02;

/** Index of the joint on the other side of the body. */
const OTHER_SIDE = JOINT_NAMES.map((name) => {
  const [side, part] = name.split('_');
  return JOINT_NAMES.indexOf(part ? `${side === 'left' ? 'right' : 'left'}_${part}` : name);
});

/** @returns {Promise<GalleryPose[]>} */
export async function loadGallery() {
  try {
    return await (await fetch(new URL('../poses.json', import.meta.url))).json();
  } catch (error) {
    throw new PageError('page-incomplete', error);
  }
}

/**
 * The same pose seen in a mirror: left becomes right.
 * @param {GalleryPose} pose
 * @returns {GalleryPose}
 */
export function mirrored({ title, joints }) {
  const flip = (at) => at && [-at[0], at[1]];
  return { title, joints: OTHER_SIDE.map((other) => flip(joints[other])) };
}

/**
 * A pose of somebody else, to go into the gallery.
 * @param {string} title
 * @param {([number, number] | null)[]} points  In pixels of some picture.
 * @returns {GalleryPose | null} null: too little of the torso was seen to tell place and size.
 */
export function relativePose(title, points) {
  const present = points.map((at) => ({ x: at?.[0], y: at?.[1], present: Boolean(at) }));
  const torso = anchor(present);
  if (!torso) return null;
  const relative = ([x, y]) => [(x - torso.x) / torso.torso, (y - torso.y) / torso.torso];
  return { title, joints: points.map((at) => at && relative(at)) };
}

/**
 * A pose of the gallery where the person stands, as large as the person is, but inside the picture.
 * @param {GalleryPose} pose
 * @param {Skeleton} person
 * @param {Size} size
 * @returns {Skeleton}
 */
export function placed(pose, person, size) {
  const { x, y, torso } = anchor(person) ?? anchor(standing(size));
  const points = pose.joints.filter(Boolean);
  const span = (axis) => {
    const values = points.map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)];
  };
  const [[left, right], [top, bottom]] = [span(0), span(1)];
  const room = { x: size.width * (1 - 2 * MARGIN), y: size.height * (1 - 2 * MARGIN) };
  const unit = Math.min(torso, room.x / (right - left), room.y / (bottom - top));
  const keep = (at, low, high, length) =>
    Math.min(Math.max(at, MARGIN * length - low * unit), (1 - MARGIN) * length - high * unit);
  const originX = keep(x, left, right, size.width);
  const originY = keep(y, top, bottom, size.height);
  const toPicture = (at) => at && [originX + at[0] * unit, originY + at[1] * unit];
  return fromPoints(pose.joints.map(toPicture), size);
}

/** The middle of the hips and the length from there to the neck; null if they are missing. */
export function anchor(skeleton) {
  const [neck, right, left] = [skeleton[NECK], skeleton[RIGHT_HIP], skeleton[LEFT_HIP]];
  if (!neck.present || !right.present || !left.present) return null;
  const [x, y] = [(right.x + left.x) / 2, (right.y + left.y) / 2];
  const torso = Math.hypot(neck.x - x, neck.y - y);
  return torso > 1 ? { x, y, torso } : null;
}

/**
 * A pose on the way from one to another: limbs turn about the joint that they hang on, so none shrinks halfway.
 * @param {Skeleton} from
 * @param {Skeleton} to
 * @param {number} part  0 is `from`, 1 is `to`.
 * @returns {Skeleton}  A joint that either pose lacks is missing in between.
 */
export function between(from, to, part) {
  if (part <= 0) return from;
  if (part >= 1) return to;
  const mix = (a, b) => a + (b - a) * part;
  const result = from.map((a, index) => ({
    x: mix(a.x, to[index].x),
    y: mix(a.y, to[index].y),
    present: a.present && to[index].present,
  }));
  for (const [parent, child] of LIMBS) {
    const [a, b] = [limb(from, parent, child), limb(to, parent, child)];
    // The shorter way round.
    const turn = ((b.angle - a.angle + 3 * Math.PI) % (2 * Math.PI)) - Math.PI;
    const [angle, length] = [a.angle + turn * part, mix(a.length, b.length)];
    result[child].x = result[parent].x + length * Math.cos(angle);
    result[child].y = result[parent].y + length * Math.sin(angle);
  }
  return result;
}

function limb(skeleton, parent, child) {
  const dx = skeleton[child].x - skeleton[parent].x;
  const dy = skeleton[child].y - skeleton[parent].y;
  return { angle: Math.atan2(dy, dx), length: Math.hypot(dx, dy) };
}
