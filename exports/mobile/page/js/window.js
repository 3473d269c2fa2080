/**
 * The part of a photo that the model sees: a rectangle around the person in the shape of the model's pictures, in which
 * the person stands as people did in the training. Nothing is squashed.
 *
 * Its edges lie between pixels: a photo as a whole is {left: 0, top: 0, width, height}, while joints and pixels have their
 * middles on whole numbers. It may reach beyond the photo, which goes on there as at its edge.
 *
 * @typedef {{left: number, top: number, width: number, height: number}} Window  In whole pixels of a photo.
 *
 * @typedef {Object} PersonFrame  How people stand in the pictures of the training; of model.json.
 * @property {number} aspect  height / width of the pictures.
 * @property {{left: number, right: number, top: number, bottom: number}} margins  Room around all joints, in parts of
 *   their height.
 * @property {[number, number]} height_range  What of the picture's height the joints take.
 *
 * @typedef {import('./joints.js').Skeleton} Skeleton
 * @typedef {import('./joints.js').Size} Size
 */

/** A photo of nearly the training's shape, in which the person is as large as there, is taken as a whole. */
const SAME_ASPECT = 1.06;
/** How the drawn people of the demo stand, from head to toe; for models that do not tell. */
const FRAME = {
  margins: { left: 0.16, right: 0.16, top: 0.12, bottom: 0.09 },
  height_range: [0.7, 0.9],
};
/** Of a pose that is wider than this many heights, the margins go by the width. */
const WIDE = 0.5;

/** @returns {Window} */
export function wholeWindow({ width, height }) {
  return { left: 0, top: 0, width, height };
}

/** @returns {PersonFrame} of a model. */
export function frameOf({ person_frame: frame, image_size: [height, width] }) {
  return frame ?? { aspect: height / width, ...FRAME };
}

/**
 * @param {Size} size  Of the photo.
 * @param {Skeleton[]} skeletons  All poses that the window has to hold, the first being the person's own.
 * @param {PersonFrame} frame
 * @param {import('./detection/finder.js').Box | null} box  About the person, which it has to hold, too.
 * @returns {Window}
 */
export function framing(size, skeletons, frame, box = null) {
  const joints = boundsOf(skeletons);
  const aspect = size.height / size.width;
  const isSameShape = Math.max(aspect / frame.aspect, frame.aspect / aspect) <= SAME_ASPECT;
  const part = boundsOf(skeletons.slice(0, 1)).height / size.height;
  const [low, high] = frame.height_range;
  if (isSameShape && low <= part && part <= high) return wholeWindow(size);
  const unit = Math.max(joints.height, WIDE * joints.width);
  const { left, right, top, bottom } = frame.margins;
  const edges = {
    left: joints.left - left * unit,
    top: joints.top - top * unit,
    right: joints.left + joints.width + right * unit,
    bottom: joints.top + joints.height + bottom * unit,
  };
  return onWholePixels(withAspect(holding(edges, box ?? edges), frame.aspect));
}

/** Around all joints that are present. */
function boundsOf(skeletons) {
  const present = skeletons.flat().filter((joint) => joint.present);
  const edges = (axis) => {
    const places = present.map((joint) => joint[axis] + 0.5);
    return [Math.min(...places), Math.max(...places)];
  };
  const [[left, right], [top, bottom]] = [edges('x'), edges('y')];
  return { left, top, width: Math.max(right - left, 1), height: Math.max(bottom - top, 1) };
}

function holding(a, b) {
  const [left, top] = [Math.min(a.left, b.left), Math.min(a.top, b.top)];
  const [right, bottom] = [Math.max(a.right, b.right), Math.max(a.bottom, b.bottom)];
  return { left, top, width: right - left, height: bottom - top };
}

/** The smallest window about the same middle that covers this one. */
function withAspect({ left, top, width, height }, aspect) {
  const [wide, high] = [Math.max(width, height / aspect), Math.max(height, width * aspect)];
  return {
    left: left - (wide - width) / 2,
    top: top - (high - height) / 2,
    width: wide,
    height: high,
  };
}

function onWholePixels({ left, top, width, height }) {
  const [x, y] = [Math.round(left), Math.round(top)];
  return {
    left: x,
    top: y,
    width: Math.max(1, Math.round(left + width) - x),
    height: Math.max(1, Math.round(top + height) - y),
  };
}

/**
 * The window of the same photo at another size.
 * @param {Window} window
 * @param {number} scale
 */
export function scaledWindow({ left, top, width, height }, scale) {
  return onWholePixels({
    left: left * scale,
    top: top * scale,
    width: width * scale,
    height: height * scale,
  });
}

/**
 * What the model takes: float32 [1, 18, 2] in pixels of its own picture of the window, -1 where missing or outside.
 * @param {Skeleton} skeleton
 * @param {Window} window
 * @param {[number, number]} imageSize  Height and width of the model's picture.
 */
export function toTensor(skeleton, { left, top, width, height }, [newHeight, newWidth]) {
  const tensor = new Float32Array(skeleton.length * 2).fill(-1);
  skeleton.forEach(({ x, y, present }, index) => {
    const [u, v] = [(x + 0.5 - left) / width, (y + 0.5 - top) / height];
    if (!present || Math.min(u, v) < 0 || Math.max(u, v) > 1) return;
    // A joint on the outer half of a border pixel belongs to that pixel.
    const clamp = (place, length) => Math.min(Math.max(place * length - 0.5, 0), length - 1);
    tensor.set([clamp(u, newWidth), clamp(v, newHeight)], 2 * index);
  });
  return tensor;
}

/**
 * The window's pixels, beyond the photo as at its edge.
 * @param {{data: Uint8ClampedArray, width: number, height: number}} photo  RGBA.
 * @param {Window} window
 * @returns {Uint8Array} RGB [window.height, window.width, 3].
 */
export function windowPixels({ data, width, height }, window) {
  const rgb = new Uint8Array(window.width * window.height * 3);
  const within = (place, length) => Math.min(Math.max(place, 0), length - 1);
  for (let y = 0, to = 0; y < window.height; y++) {
    const row = within(window.top + y, height) * width;
    for (let x = 0; x < window.width; x++, to += 3) {
      const from = 4 * (row + within(window.left + x, width));
      rgb[to] = data[from];
      rgb[to + 1] = data[from + 1];
      rgb[to + 2] = data[from + 2];
    }
  }
  return rgb;
}
