/** Flows and masks as pictures, in the same colours as the Python package's. */

/** Corners of the wheel: the part of a turn at which each lies, clockwise on screen from the right. */
const WHEEL = [
  [0, [255, 0, 0]],
  [15 / 55, [255, 255, 0]],
  [21 / 55, [0, 255, 0]],
  [25 / 55, [0, 255, 255]],
  [36 / 55, [0, 0, 255]],
  [49 / 55, [255, 0, 255]],
  [1, [255, 0, 0]],
];

/**
 * @param {Float32Array} flow  [h, w, 2], (dx, dy).
 * @returns {ImageData} hue is the direction, full colour the longest vector, white no motion.
 */
export function flowPicture(flow, [height, width]) {
  let longest = 0;
  for (let i = 0; i < flow.length; i += 2)
    longest = Math.max(longest, Math.hypot(flow[i], flow[i + 1]));
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    image.data.set(flowColor(flow[2 * i], flow[2 * i + 1], longest), 4 * i);
  }
  return image;
}

/** @returns {[number, number, number, number]} */
export function flowColor(dx, dy, longest) {
  const saturation = Math.min(1, Math.hypot(dx, dy) / Math.max(longest, 1e-9));
  const turn = (Math.atan2(dy, dx) / (2 * Math.PI) + 1) % 1;
  const mix = (channel) => Math.round(255 * (1 - saturation) + saturation * channel);
  return [...wheelColor(turn).map(mix), 255];
}

function wheelColor(turn) {
  const next = WHEEL.findIndex(([at], index) => index > 0 && turn <= at);
  const [[start, from], [end, to]] = [WHEEL[next - 1], WHEEL[next]];
  const part = (turn - start) / (end - start);
  return from.map((value, channel) => value + (to[channel] - value) * part);
}

/**
 * The legend of flows.
 * @param {number} size  In pixels.
 * @returns {ImageData}
 */
export function wheelPicture(size) {
  const offsets = new Float32Array(size * size * 2);
  for (let i = 0; i < size * size; i++) {
    const [x, y] = [(i % size) - size / 2, Math.floor(i / size) - size / 2];
    const beyond = Math.max(1, Math.hypot(x, y) / (size / 2));
    offsets.set([x / beyond, y / beyond], 2 * i);
  }
  return flowPicture(offsets, [size, size]);
}

/**
 * @param {Float32Array} mask  [h, w, 1] in [0, 1]; 1 (white) is taken from the photo, 0 is made up.
 * @returns {ImageData}
 */
export function maskPicture(mask, [height, width]) {
  const image = new ImageData(width, height);
  mask.forEach((value, i) => {
    const gray = Math.round(255 * Math.min(1, Math.max(0, value)));
    image.data.set([gray, gray, gray, 255], 4 * i);
  });
  return image;
}
