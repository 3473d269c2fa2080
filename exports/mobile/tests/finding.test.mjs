/** The page finds the joints of a photo by itself, with the real models, and the pose of another one. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JOINT_NAMES } from '../page/js/joints.js';
import * as help from './helpers.mjs';

const EXAMPLE = fileURLToPath(new URL('../page/example.jpg', import.meta.url));
const GOLDEN = fileURLToPath(new URL('golden/person.png', import.meta.url));
const truth = JSON.parse(await readFile(new URL('../page/example.json', import.meta.url), 'utf8'));
const golden = JSON.parse(await readFile(new URL('golden/person.json', import.meta.url), 'utf8'));
const LEFT_HIP = JOINT_NAMES.indexOf('left_hip');
const RIGHT_SHOULDER = JOINT_NAMES.indexOf('right_shoulder');

async function startFinding(t, { options, ...how } = {}) {
  const { server, browser, root } = await help.startPage(t, { finds: true, ...how });
  const phone = await help.openPhone(browser, options);
  await phone.page.goto(server.url);
  await help.untilReady(phone.page);
  return { ...phone, server, browser, root };
}

/** (x, y) of all joints as the page has them, null where missing. */
async function shownJoints(page) {
  const labels = await page
    .locator('.joint')
    .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('aria-label')));
  return labels.map((label) => {
    const [, x, y] = /at (\d+), (\d+)$/.exec(label) ?? [];
    return x === undefined ? null : [Number(x), Number(y)];
  });
}

/** How many of the true joints were found within a fifth of the torso. */
function numRight(joints, expected) {
  const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
  const torso = distance(expected[LEFT_HIP], expected[RIGHT_SHOULDER]);
  return joints.filter((at, i) => at && distance(at, expected[i]) <= 0.2 * torso).length;
}

test('the dots lie on the joints of a photo, and all steps after it work', async (t) => {
  const { page, problems } = await startFinding(t);
  await page.setInputFiles('#choose-file', EXAMPLE);
  assert.match(await help.untilFound(page), /^The dots were placed for you\./);
  const joints = await shownJoints(page);
  assert.equal(numRight(joints, truth.joints), 18, JSON.stringify(joints));
  // Left and right are the person's own.
  const mirrored = joints.map(([x, y]) => [351 - x, y]);
  assert.ok(numRight(mirrored, truth.joints) < 10);
  const knee = await help.jointAt(page, 'left knee');
  await help.swipe(page, knee, { x: knee.x + 30, y: knee.y });
  await page.tap('#reset-joints');
  assert.deepEqual(await shownJoints(page), joints);
  await page.tap('#to-pose');
  await page.tap('#to-result');
  await help.untilResult(page);
  assert.deepEqual(problems, []);
});

test('what the models see and say is what the Python package found', async (t) => {
  const { page } = await startFinding(t);
  const answer = await page.evaluate(
    async ({ bytes, looks }) => {
      const { openPicture } = await import('./js/picture.js');
      const { crop, wholePicture } = await import('./js/detection/region.js');
      const { PointFinder } = await import('./js/point_finder.js');
      const picture = await openPicture(new Blob([Uint8Array.from(bytes)]));
      const { width, height, canvas } = picture;
      const pixels = canvas.getContext('2d').getImageData(0, 0, width, height);
      const dark = { low: -1, high: 1, border: 'black' };
      const inputs = [[...crop(pixels, wholePicture(pixels), 224, dark)]];
      for (const { center, side, angle } of looks) {
        const region = { x: center[0], y: center[1], size: side, angle };
        inputs.push([...crop(pixels, region, 256, { low: 0, high: 1, border: 'edge' })]);
      }
      return { inputs, ...(await new PointFinder('model/').find(picture)) };
    },
    { bytes: [...(await readFile(GOLDEN))], looks: golden.looks.map(({ region }) => region) },
  );
  const expected = [golden.detector, ...golden.looks].map(({ input }) => input);
  answer.inputs.forEach((input, look) => {
    const side = look ? 256 : 224;
    for (const [place, color] of Object.entries(expected[look])) {
      const [row, column] = place.split(',').map(Number);
      const got = input.slice(3 * (row * side + column), 3 * (row * side + column) + 3);
      got.forEach((value, i) => assert.ok(Math.abs(value - color[i]) < 1e-3, `${look}: ${place}`));
    }
  });
  JOINT_NAMES.forEach((name, index) => {
    const [dx, dy] = answer.joints[index].map((value, i) => value - golden.joints[name][i]);
    assert.ok(Math.hypot(dx, dy) < 0.5, `${name} is ${dx}, ${dy} off`);
  });
  const { left, top, right, bottom } = answer.box;
  [left, top, right, bottom].forEach((edge, i) =>
    assert.ok(Math.abs(edge - golden.box[i]) < 4, `${edge}, expected ${golden.box[i]}`),
  );
});

test('joints are found with the network off, after one visit', async (t) => {
  const { context, page, server, problems } = await startFinding(t);
  await help.untilKept(page);
  await page.close();
  await context.setOffline(true);
  await server.close();
  const again = await context.newPage();
  again.on('pageerror', (error) => problems.push(error.message));
  await again.goto(server.url);
  await help.untilReady(again);
  await again.setInputFiles('#choose-file', EXAMPLE);
  await help.untilFound(again);
  assert.equal(numRight(await shownJoints(again), truth.joints), 18);
  assert.deepEqual(problems, []);
});

test('nobody in a photo is said, the photo stays, and joints placed by hand work', async (t) => {
  const { page, problems } = await startFinding(t);
  await page.setInputFiles('#choose-file', path.join(help.MODELS, 'large.png'));
  const { title, text } = await help.shownError(page);
  assert.match(title, /Nobody was found/);
  assert.match(text, /by hand/);
  assert.ok(await page.isHidden('#error-retry'));
  await page.tap('#error-close');
  assert.equal(await page.getAttribute('#picture', 'aria-label'), 'Photo');
  await page.tap('#to-pose');
  await page.tap('#to-result');
  await help.untilResult(page);
  assert.deepEqual(problems, []);
});

test('of two people the larger one gets the dots, and the page says so', async (t) => {
  const { page } = await startFinding(t);
  const both = await page.evaluate(async () => {
    const image = await createImageBitmap(await (await fetch('example.jpg')).blob());
    const canvas = Object.assign(document.createElement('canvas'), { width: 700, height: 512 });
    const context = canvas.getContext('2d');
    context.fillStyle = 'white';
    context.fillRect(0, 0, 700, 512);
    context.drawImage(image, 0, 150, 220, 320);
    context.drawImage(image, 300, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  await help.chooseFile(page, 'both.png', Buffer.from(both), 'image/png');
  assert.match(await help.untilFound(page), /^The dots are on the largest of 2 people\./);
  const shifted = truth.joints.map(([x, y]) => [x + 300, y]);
  assert.ok(numRight(await shownJoints(page), shifted) >= 17);
  const hints = await page.evaluate(async () => {
    const { describeFound } = await import('./js/finding.js');
    const skeleton = (hidden) => Array.from({ length: 18 }, (_, i) => ({ present: i >= hidden }));
    return [0, 1, 4].map((hidden) => describeFound(1, skeleton(hidden)));
  });
  assert.doesNotMatch(hints[0], /not show/);
  assert.match(hints[1], /One joint does not show\./);
  assert.match(hints[2], /4 joints do not show\./);
});

test('a joint moved while the page still looks stays there; reset leads to what was found', async (t) => {
  const { page } = await startFinding(t);
  await page.evaluate(() => {
    const original = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function postMessage(...given) {
      setTimeout(() => original.apply(this, given), given[0].type === 'find' ? 2500 : 0);
    };
  });
  await page.setInputFiles('#choose-file', EXAMPLE);
  await page.waitForSelector('body[data-step="joints"]');
  const wrist = await help.jointAt(page, 'left wrist');
  await help.swipe(page, wrist, { x: wrist.x + 40, y: wrist.y - 60 });
  const own = await shownJoints(page);
  await page.waitForSelector('#busy:not([hidden])');
  assert.equal(await page.textContent('#busy-text'), 'Finding the joints');
  await page.waitForSelector('#busy[hidden]', { state: 'attached' });
  assert.deepEqual(await shownJoints(page), own);
  await page.tap('#reset-joints');
  assert.equal(numRight(await shownJoints(page), truth.joints), 18);
});

test('models for joints that changed on their way are called damaged, and trying again helps', async (t) => {
  const { page, root, problems } = await startFinding(t, { options: { serviceWorkers: 'block' } });
  const file = path.join(root, 'model', 'pose_landmark_full.tflite');
  const whole = await readFile(file);
  await writeFile(file, whole.subarray(0, 1000));
  await page.setInputFiles('#choose-file', EXAMPLE);
  assert.match((await help.shownError(page)).title, /model file is damaged/);
  assert.equal(await page.getAttribute('#picture', 'aria-label'), 'Photo');
  await writeFile(file, whole);
  await page.tap('#error-retry');
  await help.untilFound(page);
  assert.deepEqual(problems, []);
});

test('a pose comes from another photo, or from a moment of a video', async (t) => {
  const { page, problems } = await startFinding(t);
  await help.openExample(page);
  await page.tap('#to-pose');
  const numPoses = await page.locator('#gallery button').count();
  await page.setInputFiles('#pose-file', GOLDEN);
  await page.waitForSelector('#gallery [aria-checked="true"]:has-text("From a photo")');
  assert.equal(await page.locator('#gallery button').count(), numPoses + 1);
  const offset = ([, at], joints) => at.map((value, axis) => value - joints.get('neck')[axis]);
  const given = new Map(Object.entries(golden.joints));
  const shown = new Map((await shownJoints(page)).map((at, i) => [JOINT_NAMES[i], at]));
  // The same directions from the neck, whatever the size.
  for (const name of ['right_wrist', 'left_wrist', 'right_ankle', 'left_knee']) {
    const [ax, ay] = offset([name, given.get(name)], given);
    const [bx, by] = offset([name, shown.get(name)], shown);
    const turn = Math.atan2(ax * by - ay * bx, ax * bx + ay * by);
    assert.ok(Math.abs(turn) < 0.05, `${name} is turned by ${turn}`);
  }
  const video = await filmExample(page);
  await page.setInputFiles('#pose-file', {
    name: 'me.webm',
    mimeType: 'video/webm',
    buffer: Buffer.from(video),
  });
  await page.waitForSelector('#frame-use:not([disabled])');
  await page.tap('#frame-use');
  await page.waitForFunction(
    (count) => document.querySelectorAll('#gallery button').length === count,
    numPoses + 2,
  );
  assert.ok(await page.isHidden('#frame'));
  await page.tap('#to-result');
  await help.untilResult(page);
  assert.deepEqual(problems, []);
});

/** Bytes of a video that shows the example for a second. */
function filmExample(page) {
  return page.evaluate(async () => {
    const { film } = await import('./js/saving.js');
    const image = await createImageBitmap(await (await fetch('example.jpg')).blob());
    const canvas = Object.assign(document.createElement('canvas'), { width: 352, height: 512 });
    canvas.getContext('2d').drawImage(image, 0, 0);
    const blob = await film(Array(5).fill(canvas), canvas, 200);
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
}

test('a photo without a pose and a broken video leave the pose as it was, and say what to do', async (t) => {
  const { page, problems } = await startFinding(t);
  await help.openExample(page);
  await page.tap('#to-pose');
  const before = await shownJoints(page);
  await page.setInputFiles('#pose-file', path.join(help.MODELS, 'large.png'));
  assert.match((await help.shownError(page)).title, /No pose was found/);
  await page.tap('#error-close');
  const text = { name: 'me.mp4', mimeType: 'video/mp4', buffer: Buffer.from('no video') };
  await page.setInputFiles('#pose-file', text);
  assert.match((await help.shownError(page)).title, /video cannot be read/);
  assert.ok(await page.isHidden('#frame'));
  await page.tap('#error-close');
  await page.setInputFiles('#pose-file', { ...text, name: 'me.jpg', mimeType: 'image/jpeg' });
  assert.match((await help.shownError(page)).title, /not a picture/);
  assert.deepEqual(await shownJoints(page), before);
  assert.deepEqual(problems, []);
});

test('a page that was built without these models does not offer what needs them', async (t) => {
  const { page, requests } = await startFinding(t, { finds: false });
  await page.setInputFiles('#choose-file', EXAMPLE);
  await page.waitForSelector('body[data-step="joints"]');
  await page.tap('#to-pose');
  assert.ok(await page.isHidden('#pose-photo'));
  // By the page, and again by its service worker.
  const models = requests.filter((url) => url.endsWith('.tflite'));
  assert.deepEqual([...new Set(models.map((url) => path.basename(url)))], ['tiny.tflite']);
});
