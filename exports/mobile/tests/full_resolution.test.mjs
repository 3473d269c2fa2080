/** The answer in the photo's own resolution, with motions that are known exactly. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compose, movePhoto } from '../page/js/full_resolution.js';
import { resample } from '../page/js/resample.js';

const [SMALL, LARGE] = [32, 256];
const SCALE = LARGE / SMALL;
const WHOLE = { left: 0, top: 0, width: LARGE, height: LARGE };

/** Broad waves of colour with fine stripes on them, at any place: RGB in [0, 255]. */
function scene(x, y) {
  const broad = 40 * Math.sin(x / 41) + 30 * Math.cos(y / 53);
  const fine = 25 * Math.sin(x * 1.3) * Math.cos(y * 1.1 + x * 0.2);
  return [120 + broad + fine, 110 - broad + fine, 128 + fine];
}

/** A picture of the scene where the pixel (x, y) shows `place(x, y)`. */
function render(place) {
  const data = new Uint8ClampedArray(LARGE * LARGE * 4);
  for (let y = 0; y < LARGE; y++)
    for (let x = 0; x < LARGE; x++) data.set([...scene(...place(x, y)), 255], 4 * (y * LARGE + x));
  return { data, width: LARGE, height: LARGE };
}

function small(picture) {
  const rgb = Uint8Array.from(picture.data).filter((_, i) => i % 4 !== 3);
  return plane(resample(rgb, LARGE, LARGE, SMALL, SMALL));
}

function plane(data) {
  return { data, height: SMALL, width: SMALL };
}

/** A flow of SMALL x SMALL pixels, in these, from a motion in pixels of the photo. */
function flowOf(place) {
  const flow = new Float32Array(SMALL * SMALL * 2);
  for (let v = 0; v < SMALL; v++)
    for (let u = 0; u < SMALL; u++) {
      const [x, y] = [(u + 0.5) * SCALE - 0.5, (v + 0.5) * SCALE - 0.5];
      const [fromX, fromY] = place(x, y);
      flow.set([(fromX - x) / SCALE, (fromY - y) / SCALE], 2 * (v * SMALL + u));
    }
  return plane(flow);
}

const mask = (value) => plane(new Float32Array(SMALL * SMALL).fill(value));

/** PSNR in dB, away from the border, of what is finer than a model's pixel. */
function finePsnr(a, b) {
  let [sum, count] = [0, 0];
  const fine = [a, b].map(withoutBroad);
  const margin = 40;
  for (let y = margin; y < LARGE - margin; y++)
    for (let x = margin; x < LARGE - margin; x++, count++)
      sum += (fine[0][y * LARGE + x] - fine[1][y * LARGE + x]) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / count));
}

/** Red, minus its mean over squares of the size of the model's pixels. */
function withoutBroad({ data }) {
  const result = new Float32Array(LARGE * LARGE);
  const half = SCALE / 2;
  for (let y = half; y < LARGE - half; y++)
    for (let x = half; x < LARGE - half; x++) {
      let sum = 0;
      for (let v = y - half; v < y + half; v++)
        for (let u = x - half; u < x + half; u++) sum += data[4 * (v * LARGE + u)];
      result[y * LARGE + x] = data[4 * (y * LARGE + x)] - sum / SCALE ** 2;
    }
  return result;
}

const MOTIONS = {
  'to the right': (x, y) => [x + 24, y],
  down: (x, y) => [x, y + 17.25],
  'closer by a third': (x, y) => [128 + (x - 128) / 1.5, 128 + (y - 128) / 1.5],
};

for (const [name, place] of Object.entries(MOTIONS)) {
  test(`a photo moved ${name} keeps its fine stripes, which stretching loses`, (t) => {
    const [photo, truth] = [render((x, y) => [x, y]), render(place)];
    const answer = { image: small(truth), flow: flowOf(place), mask: mask(1) };
    const composed = compose(photo, WHOLE, answer);
    const stretched = compose(photo, WHOLE, { image: answer.image });
    const [own, plain] = [composed, stretched].map((data) => finePsnr({ data }, truth));
    t.diagnostic(`${own.toFixed(1)} dB, stretched ${plain.toFixed(1)} dB`);
    assert.ok(own > plain + 10, `${own} dB, stretched ${plain} dB`);
  });
}

test('a flow with x and y swapped does not', () => {
  const place = MOTIONS['to the right'];
  const [photo, truth] = [render((x, y) => [x, y]), render(place)];
  const swapped = flowOf((x, y) => [x, y + 24]);
  const moved = movePhoto(photo, WHOLE, swapped);
  const right = movePhoto(photo, WHOLE, flowOf(place));
  const errorOf = (rgb) => {
    let sum = 0;
    for (let y = 40; y < 200; y++)
      for (let x = 40; x < 200; x++)
        sum += Math.abs(rgb[3 * (y * LARGE + x)] - truth.data[4 * (y * LARGE + x)]);
    return sum / 160 ** 2;
  };
  assert.ok(errorOf(right) < 1 && errorOf(moved) > 10);
});

test('where the mask is 0 nothing of the photo is pasted', () => {
  const photo = render((x, y) => [x, y]);
  const half = mask(1);
  half.data.fill(0, 0, (SMALL * SMALL) / 2);
  const answer = { image: small(photo), flow: flowOf((x, y) => [x, y]), mask: half };
  const composed = compose(photo, WHOLE, answer);
  const stretched = compose(photo, WHOLE, { image: answer.image });
  const upper = 4 * LARGE * (LARGE / 2);
  assert.deepEqual(composed.subarray(0, upper), stretched.subarray(0, upper));
  assert.notDeepEqual(composed.subarray(upper), stretched.subarray(upper));
});

test('where the moved photo shows other colours than the model, nothing of it is pasted', () => {
  const photo = render((x, y) => [x, y]);
  const other = plane(Uint8Array.from(small(photo).data, (value) => (value + 128) % 256));
  const answer = { image: other, flow: flowOf((x, y) => [x, y]), mask: mask(1) };
  const composed = compose(photo, WHOLE, answer);
  const stretched = compose(photo, WHOLE, { image: other });
  const differences = composed.map((value, i) => Math.abs(value - stretched[i]));
  assert.ok(Math.max(...differences.subarray(0, 4 * LARGE * 100)) <= 1);
});

test('a photo of the size of the model becomes what the model made, to the level', () => {
  const image = Uint8Array.from({ length: SMALL * SMALL * 3 }, (_, i) => (i * 37) % 256);
  const photo = { width: SMALL, height: SMALL };
  photo.data = Uint8ClampedArray.from({ length: SMALL * SMALL * 4 }, (_, i) => (i * 11) % 256);
  const flow = plane(Float32Array.from({ length: SMALL * SMALL * 2 }, (_, i) => Math.sin(i) * 5));
  const window = { left: 0, top: 0, width: SMALL, height: SMALL };
  const composed = compose(photo, window, { image: plane(image), flow, mask: mask(1) });
  const rgb = composed.filter((_, i) => i % 4 !== 3);
  assert.deepEqual([...rgb], [...image]);
});

test('outside of the window the photo stays, and the window fades into it', () => {
  const photo = render((x, y) => [x, y]);
  const window = { left: 60, top: -30, width: 100, height: 120 };
  const image = plane(new Uint8Array(SMALL * SMALL * 3));
  const composed = compose(photo, window, { image });
  const red = (x, y) => composed[4 * (y * LARGE + x)];
  const own = (x, y) => photo.data[4 * (y * LARGE + x)];
  for (const [x, y] of [
    [59, 40],
    [160, 40],
    [100, 90],
    [200, 200],
  ])
    assert.equal(red(x, y), own(x, y));
  assert.equal(red(110, 40), 0);
  // The upper edge of the photo lies within the window: nothing fades there.
  assert.equal(red(110, 0), 0);
  assert.ok(red(60, 40) > 0.7 * own(60, 40) && red(60, 40) < own(60, 40));
});
