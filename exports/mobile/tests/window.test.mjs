/** What of a photo the model sees, against closed forms. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standing } from '../page/js/joints.js';
import { framing, frameOf, scaledWindow, toTensor, windowPixels } from '../page/js/window.js';

const frame = frameOf({ image_size: [256, 192] });

/** Joints at the corners of a box, and missing ones elsewhere. */
function corners([left, top, right, bottom]) {
  const place = ([x, y]) => ({ x, y, present: true });
  const missing = { x: 9999, y: 9999, present: false };
  return [place([left, top]), place([right, bottom]), ...Array(16).fill(missing)];
}

test('a small person in a wide photo gets a window of the shape of the training, with its margins', () => {
  const window = framing(
    { width: 4000, height: 3000 },
    [corners([999.5, 499.5, 1199.5, 1499.5])],
    frame,
  );
  // 1000 pixels of joints with 0.12 above and 0.09 below.
  assert.deepEqual([window.top, window.height], [380, 1210]);
  assert.ok(Math.abs(window.height / window.width - 256 / 192) < 2e-3);
  assert.ok(Math.abs(window.left + window.width / 2 - 1100) <= 1);
});

test('x and y are told apart: a lying person gets a wider window than high joints would', () => {
  const window = framing(
    { width: 4000, height: 3000 },
    [corners([499.5, 999.5, 1499.5, 1199.5])],
    frame,
  );
  // Margins go by half of the width: 0.16 on both sides.
  assert.equal(window.width, 1160);
  assert.ok(Math.abs(window.height - (1160 * 256) / 192) <= 1);
});

test('a photo of the shape of the training that the person fills is taken whole; a larger one is not', () => {
  const size = { width: 750, height: 1000 };
  assert.deepEqual(framing(size, [standing(size)], frame), { left: 0, top: 0, ...size });
  const wide = { width: 1000, height: 1000 };
  assert.notDeepEqual(framing(wide, [standing(wide)], frame), { left: 0, top: 0, ...wide });
  const small = corners([300, 500, 400, 700]);
  assert.notDeepEqual(framing(size, [small], frame), { left: 0, top: 0, ...size });
});

test('the window holds every pose and all of the person', () => {
  const own = corners([100, 100, 200, 500]);
  const other = corners([0, 50, 400, 400]);
  const box = { left: 20, top: 5, right: 210, bottom: 620 };
  const { left, top, width, height } = framing(
    { width: 500, height: 1200 },
    [own, other],
    frame,
    box,
  );
  assert.ok(left <= 0 && top <= 5 && left + width >= 401 && top + height >= 620);
});

test('the frame of the training comes from the model where it tells, else its shape from its pictures', () => {
  const person_frame = { aspect: 2, margins: {}, height_range: [0, 1] };
  assert.equal(frameOf({ image_size: [64, 64], person_frame }), person_frame);
  assert.equal(frameOf({ image_size: [256, 128] }).aspect, 2);
});

test('joints reach the model in its own pixels; missing ones and those outside as -1', () => {
  const window = { left: 10, top: 20, width: 30, height: 40 };
  // Middles of pixels lie on whole numbers: the window's first pixel becomes the first two of twice the size.
  const skeleton = [
    { x: 10, y: 20, present: true },
    { x: 24.5, y: 39.5, present: true },
    { x: 24.5, y: 39.5, present: false },
    { x: 41, y: 30, present: true },
    { x: 39.5, y: 59.5, present: true },
  ];
  const tensor = toTensor(skeleton, window, [80, 60]);
  assert.deepEqual([...tensor], [0.5, 0.5, 29.5, 39.5, -1, -1, -1, -1, 59, 79]);
});

test('a window beyond the photo shows its edge, and is the same at another size', () => {
  const [width, height] = [3, 2];
  const data = Uint8ClampedArray.from({ length: 24 }, (_, i) => (i % 4 === 3 ? 255 : i >> 2));
  const window = { left: -1, top: 1, width: 5, height: 2 };
  const pixels = windowPixels({ data, width, height }, window);
  const reds = [...pixels].filter((_, i) => i % 3 === 0);
  assert.deepEqual(reds, [3, 3, 4, 5, 5, 3, 3, 4, 5, 5]);
  assert.deepEqual(scaledWindow(window, 2), { left: -2, top: 2, width: 10, height: 4 });
});
