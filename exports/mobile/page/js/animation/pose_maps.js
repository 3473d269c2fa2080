/**
 * What the networks that animate persons see of a pose: 17 heat maps from 0 to 1 and a drawn skeleton from 0 to 255, as
 * posewarp_tf/poses/dance_maps.py makes them: equal but for the last bits of an exponential.
 *
 * Joints are [x, y] in pixels of the maps; a coordinate of 0 means missing.
 */

export const COCO_17 = [
  'nose',
  ...['left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder'],
  ...['left_elbow', 'right_elbow', 'left_wrist', 'right_wrist', 'left_hip', 'right_hip'],
  ...['left_knee', 'right_knee', 'left_ankle', 'right_ankle'],
];
export const HUMAN36M_17 = [
  ...['hip', 'right_hip', 'right_knee', 'right_ankle', 'left_hip', 'left_knee', 'left_ankle'],
  ...['spine', 'neck', 'nose', 'head', 'left_shoulder', 'left_elbow', 'left_wrist'],
  ...['right_shoulder', 'right_elbow', 'right_wrist'],
];

const LIMBS = new Map([
  [COCO_17, '0-1 1-3 0-2 2-4 5-7 7-9 6-8 8-10 11-12 5-6 11-13 12-14 13-15 14-16 5-11 6-12'],
  [HUMAN36M_17, '0-1 1-2 2-3 0-4 4-5 5-6 0-7 7-8 8-9 9-10 8-11 11-12 12-13 8-14 14-15 15-16'],
]);
const NUM_JOINTS = 17;
export const NUM_CHANNELS = NUM_JOINTS + 3;
/** Of heat maps and discs, in pixels; the first at this many rows, in proportion at others. */
const [SIGMA, SIGMA_HEIGHT, RADIUS] = [6, 256, 2];

/**
 * @param {[number, number][]} joints
 * @param {string[]} order  COCO_17 or HUMAN36M_17.
 * @param {[number, number]} size  Height and width.
 * @returns {Float32Array} [height, width, 20].
 */
export function poseMaps(joints, order, [height, width]) {
  const maps = new Float32Array(height * width * NUM_CHANNELS);
  const factor = -0.5 * (SIGMA_HEIGHT / (SIGMA * height)) ** 2;
  const bell = (length, middle) =>
    Float32Array.from({ length }, (_, place) => Math.exp(factor * (place - middle) ** 2));
  joints.forEach(([x, y], joint) => {
    if (x === 0 || y === 0) return;
    const [columns, rows] = [bell(width, x), bell(height, y)];
    for (let row = 0, to = joint; row < height; row++)
      for (let column = 0; column < width; column++, to += NUM_CHANNELS)
        maps[to] = rows[row] * columns[column];
  });
  drawSkeleton(joints, order, maps, [height, width]);
  return maps;
}

/** Limbs as thin white lines, then joints as discs in their colours, into the last three channels. */
function drawSkeleton(joints, order, maps, [height, width]) {
  const whole = joints.map((at) => at.map(Math.trunc));
  const isFound = ([x, y]) => x !== 0 && y !== 0;
  const paint = (row, column, color) =>
    maps.set(color, (row * width + column) * NUM_CHANNELS + NUM_JOINTS);
  // Lines that leave the picture go on along its border.
  const clip = (place, length) => Math.min(Math.max(place, 0), length - 1);
  for (const limb of LIMBS.get(order).split(' ')) {
    const [start, end] = limb.split('-').map((joint) => whole[joint]);
    if (!isFound(start) || !isFound(end)) continue;
    drawLine(start, end, (x, y, brightness) => {
      const level = Math.trunc(brightness * 255);
      paint(clip(y, height), clip(x, width), [level, level, level]);
    });
  }
  whole.forEach(([x, y], joint) => {
    if (!isFound([x, y])) return;
    for (let row = Math.max(y - RADIUS, 0); row <= Math.min(y + RADIUS, height - 1); row++)
      for (
        let column = Math.max(x - RADIUS, 0);
        column <= Math.min(x + RADIUS, width - 1);
        column++
      )
        if ((row - y) ** 2 + (column - x) ** 2 < RADIUS ** 2) paint(row, column, labelColor(joint));
  });
}

/**
 * A line of about one pixel with soft edges: every pixel is as bright as it is near to the line. Some pixels come twice;
 * the order counts where several of them are clipped to one.
 * @param {(x: number, y: number, brightness: number) => void} paint
 */
function drawLine([x0, y0], [x1, y1], paint) {
  const [dx, dy] = [Math.abs(x1 - x0), Math.abs(y1 - y0)];
  const [stepX, stepY] = [x0 < x1 ? 1 : -1, y0 < y1 ? 1 : -1];
  const length = dx + dy === 0 ? 1 : Math.sqrt(dx * dx + dy * dy);
  const light = (error) => 1 - Math.abs(error) / length;
  let [x, y, error] = [x0, y0, dx - dy];
  for (;;) {
    paint(x, y, light(error - dx + dy));
    const [before, beforeX] = [error, x];
    if (2 * before >= -dx) {
      if (x === x1) break;
      if (before + dy < length) paint(x, y + stepY, light(before + dy));
      error -= dy;
      x += stepX;
    }
    if (2 * before <= dy) {
      if (y === y1) break;
      if (dx - before < length) paint(beforeX + stepX, y, light(dx - before));
      error += dx;
      y += stepY;
    }
  }
}

/** PASCAL's label colours: bits 0, 1, 2 of a number are the highest bits of red, green, blue, and so on. */
function labelColor(label) {
  return [0, 1, 2].map((channel) =>
    [0, 1, 2].reduce((sum, step) => sum | (((label >> (3 * step + channel)) & 1) << (7 - step)), 0),
  );
}
