/**
 * The 18 joints, and what can be done with all of them at once.
 *
 * @typedef {Object} Joint
 * @property {number} x  In pixels of the picture as the page shows it.
 * @property {number} y
 * @property {boolean} present  A missing joint keeps its place, so that it can come back.
 * @typedef {readonly Joint[]} Skeleton  In the order of JOINT_NAMES; never changed in place.
 * @typedef {{width: number, height: number}} Size
 */

export const JOINT_NAMES = [
  'nose',
  'neck',
  'right_shoulder',
  'right_elbow',
  'right_wrist',
  'left_shoulder',
  'left_elbow',
  'left_wrist',
  'right_hip',
  'right_knee',
  'right_ankle',
  'left_hip',
  'left_knee',
  'left_ankle',
  'right_eye',
  'left_eye',
  'right_ear',
  'left_ear',
];

/** Pairs [nearer to the neck, farther]: a tree that starts at the neck. */
export const LIMBS = [
  [1, 2],
  [1, 5],
  [2, 3],
  [3, 4],
  [5, 6],
  [6, 7],
  [1, 8],
  [8, 9],
  [9, 10],
  [1, 11],
  [11, 12],
  [12, 13],
  [1, 0],
  [0, 14],
  [14, 16],
  [0, 15],
  [15, 17],
];

export const NECK = 1;
export const RIGHT_HIP = 8;
export const LEFT_HIP = 11;

/** A person who stands and faces the camera, as parts of the picture's height, from the middle of the hips. */
const STANDING = [
  [0, -0.36],
  [0, -0.28],
  [-0.1, -0.275],
  [-0.13, -0.13],
  [-0.14, -0.01],
  [0.1, -0.275],
  [0.13, -0.13],
  [0.14, -0.01],
  [-0.055, 0],
  [-0.06, 0.2],
  [-0.065, 0.39],
  [0.055, 0],
  [0.06, 0.2],
  [0.065, 0.39],
  [-0.018, -0.378],
  [0.018, -0.378],
  [-0.038, -0.37],
  [0.038, -0.37],
];

/** `right wrist` for `right_wrist`: the person's own right. */
export function spokenName(index) {
  return JOINT_NAMES[index].replace('_', ' ');
}

/**
 * Where a joint of another pose may be put: inside the picture.
 * @param {Joint} joint
 * @param {Size} size
 * @returns {Joint}
 */
export function inside(joint, { width, height }) {
  const clamp = (value, high) => Math.min(Math.max(value, 0), high);
  return { ...joint, x: clamp(joint.x, width - 1), y: clamp(joint.y, height - 1) };
}

/**
 * The skeleton to start from: standing in the middle, filling the picture's height as far as its width allows.
 * @param {Size} size
 * @returns {Skeleton}
 */
export function standing({ width, height }) {
  const unit = Math.min(height, width / 0.36);
  const place = ([x, y]) => ({ x: width / 2 + x * unit, y: height / 2 + y * unit, present: true });
  return STANDING.map(place).map((joint) => inside(joint, { width, height }));
}

/**
 * Joints from a list of [x, y] or null; a null is missing and lies where a standing person has it.
 * @param {([number, number] | null)[]} points
 * @param {Size} size
 * @returns {Skeleton}
 */
export function fromPoints(points, size) {
  const spare = standing(size);
  const joint = (at, index) =>
    at ? inside({ x: at[0], y: at[1], present: true }, size) : { ...spare[index], present: false };
  return points.map(joint);
}

/** @returns {Skeleton} moved by (dx, dy), as far as all of it stays in the picture. */
export function moved(skeleton, dx, dy, size) {
  const xs = skeleton.map(({ x }) => x);
  const ys = skeleton.map(({ y }) => y);
  const within = (step, values, high) =>
    Math.max(-Math.min(...values), Math.min(step, high - 1 - Math.max(...values)));
  const [x, y] = [within(dx, xs, size.width), within(dy, ys, size.height)];
  return skeleton.map((joint) => inside({ ...joint, x: joint.x + x, y: joint.y + y }, size));
}

/** @returns {Skeleton} enlarged about its middle, as far as all of it stays in the picture. */
export function scaled(skeleton, factor, size) {
  const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
  const x = middle(skeleton.map((joint) => joint.x));
  const y = middle(skeleton.map((joint) => joint.y));
  const room = skeleton.map((joint) => roomFor(joint, x, y, size));
  const limited = Math.min(factor, Math.max(1, Math.min(...room)));
  const grow = (joint) => ({
    ...joint,
    x: x + (joint.x - x) * limited,
    y: y + (joint.y - y) * limited,
  });
  return skeleton.map(grow).map((joint) => inside(joint, size));
}

function roomFor(joint, x, y, { width, height }) {
  const along = (offset, from, high) =>
    Math.abs(offset) < 1e-6 ? Infinity : ((offset > 0 ? high - 1 : 0) - from) / offset;
  return Math.min(along(joint.x - x, x, width), along(joint.y - y, y, height));
}

/** @returns {number} how many joints count. */
export function numPresent(skeleton) {
  return skeleton.filter(({ present }) => present).length;
}
