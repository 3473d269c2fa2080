/** From a photo to a saved picture, with fingers, on an upright and on a turned phone. */

import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { standing } from '../page/js/joints.js';
import { placed } from '../page/js/poses.js';
import { framing, frameOf } from '../page/js/window.js';
import * as help from './helpers.mjs';

for (const [name, options] of Object.entries({ upright: help.PORTRAIT, turned: help.LANDSCAPE })) {
  test(`a finger drags a joint and the model re-poses on a phone held ${name}`, async (t) => {
    const { server, browser } = await help.startPage(t);
    const { page, problems } = await help.openPhone(browser, options);
    await page.goto(server.url);
    await help.untilReady(page);
    await help.openExample(page);
    const before = await help.jointAt(page, 'left wrist');
    await help.swipe(page, before, { x: before.x + 40, y: before.y - 30 });
    const after = await help.jointAt(page, 'left wrist');
    assert.ok(Math.abs(after.x - before.x - 40) < 2 && Math.abs(after.y - before.y + 30) < 2);
    await page.tap('#to-pose');
    await page.locator('#gallery button').nth(3).tap();
    await page.tap('#to-result');
    await help.untilResult(page);
    for (const view of ['flow', 'mask', 'photo', 'image']) {
      await page.tap(`[data-view="${view}"]`);
      assert.ok((await numColors(page)) > 20, `${view} is empty`);
    }
    assert.match(await page.textContent('#status'), /^0\.6 MB · WASM/);
    assert.deepEqual(problems, []);
  });
}

test('a tap marks a joint missing and present again; undo, redo and reset work', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.openExample(page);
  const { x, y, label } = await help.jointAt(page, 'right knee');
  await page.touchscreen.tap(x, y);
  assert.equal((await help.jointAt(page, 'right knee')).label, 'right knee, missing');
  await page.tap('#undo');
  assert.equal((await help.jointAt(page, 'right knee')).label, label);
  await page.tap('#redo');
  assert.equal((await help.jointAt(page, 'right knee')).label, 'right knee, missing');
  await page.touchscreen.tap(x, y);
  assert.equal((await help.jointAt(page, 'right knee')).label, label);
  await help.swipe(page, { x, y }, { x: x + 50, y });
  await page.tap('#reset-joints');
  assert.equal((await help.jointAt(page, 'right knee')).label, label);
});

test('two fingers enlarge the view, or the body when all of it is moved', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.openExample(page);
  const apart = async () => {
    const [neck, ankle] = [
      await help.jointAt(page, 'neck'),
      await help.jointAt(page, 'left ankle'),
    ];
    return {
      screen: Math.hypot(neck.x - ankle.x, neck.y - ankle.y),
      labels: neck.label + ankle.label,
    };
  };
  const before = await apart();
  await help.pinch(page, { x: 190, y: 300 }, 80, 160);
  const zoomed = await apart();
  assert.ok(Math.abs(zoomed.screen / before.screen - 2) < 0.1);
  assert.equal(zoomed.labels, before.labels);
  await page.tap('[data-for="joints"] [data-move-all]');
  await help.pinch(page, { x: 190, y: 300 }, 160, 80);
  const shrunk = await apart();
  assert.ok(Math.abs(shrunk.screen / zoomed.screen - 0.5) < 0.05);
  assert.notEqual(shrunk.labels, before.labels);
});

test('a keyboard alone moves a joint, chooses a pose and gets a result', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser, { hasTouch: false, isMobile: false });
  await page.goto(server.url);
  await help.untilReady(page);
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await page.focus('#example');
  await press('Enter');
  await page.waitForSelector('body[data-step="joints"]');
  await page.focus('.joint[aria-label^="nose,"]');
  await press('Tab', 'Tab');
  const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  const [, x, y] = /^right shoulder, at (\d+), (\d+)$/.exec(await focused());
  await press('ArrowRight', 'Shift+ArrowDown');
  assert.equal(await focused(), `right shoulder, at ${Number(x) + 1}, ${Number(y) + 10}`);
  await press('Space');
  assert.equal(await focused(), 'right shoulder, missing');
  await page.focus('#to-pose');
  await press('Enter');
  await page.focus('#gallery [aria-checked="true"]');
  await press('ArrowRight');
  assert.equal(await page.textContent('#gallery [aria-checked="true"]'), 'Walking');
  await page.focus('#to-result');
  await press('Enter');
  await help.untilResult(page);
});

test('the animation runs every pose on the way through the model and stops when asked', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page, problems } = await help.openPhone(browser);
  await help.listen(page);
  await page.goto(server.url);
  await help.untilReady(page);
  await help.openExample(page);
  await page.tap('[data-step-to="result"]');
  await help.untilResult(page);
  await page.selectOption('#from', '1');
  await page.tap('#play');
  await page.waitForFunction(() => document.getElementById('way').value === '0', null, {
    timeout: 60_000,
  });
  await page.tap('#play');
  assert.equal(await page.getAttribute('#play', 'aria-label'), 'Play');
  const poses = await page.evaluate(() =>
    window.conversation.map((run) => run.target_keypoints.join()),
  );
  assert.ok(new Set(poses).size >= 13, `${new Set(poses).size} poses`);
  const [saved] = await Promise.all([page.waitForEvent('download'), page.tap('#save-video')]);
  assert.match(saved.suggestedFilename(), /^posewarp-result\.(mp4|webm)$/);
  const video = await readFile(await saved.path());
  // Each format names itself near its start.
  assert.match(video.toString('latin1', 0, 64), /ftyp|webm/);
  assert.ok(video.length > 2000);
  assert.deepEqual(problems, []);
});

test('a picture dropped on the page is opened; a pose moved by hand is no longer one of the gallery', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page, problems } = await help.openPhone(browser);
  await page.goto(server.url);
  await page.evaluate(
    (bytes) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(bytes)], 'me.png', { type: 'image/png' }));
      document
        .getElementById('stage')
        .dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
    },
    [...(await readFile(path.join(help.MODELS, 'large.png')))],
  );
  await page.waitForSelector('body[data-step="joints"]');
  await page.tap('#to-pose');
  assert.equal(await page.locator('#gallery [aria-checked="true"]').count(), 1);
  const knee = await help.jointAt(page, 'left knee');
  await help.swipe(page, knee, { x: knee.x + 30, y: knee.y });
  assert.equal(await page.locator('#gallery [aria-checked="true"]').count(), 0);
  await page.tap('#mirror');
  assert.equal(await page.locator('#gallery [aria-checked="true"]').count(), 1);
  assert.deepEqual(problems, []);
});

test('what is saved is what the model made of this picture', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await help.listen(page);
  await page.goto(server.url);
  await help.untilReady(page);
  await mkdir(help.RESULTS, { recursive: true });
  // One of the model's own size, of which every pixel counts, and one of which it sees a part.
  const sizes = { small: { width: 64, height: 64 }, large: { width: 460, height: 700 } };
  for (const [name, size] of Object.entries(sizes)) {
    await page.tap('[data-step-to="photo"]');
    const file = path.join(help.MODELS, `${name}.png`);
    await help.chooseFile(page, `${name}.png`, await readFile(file), 'image/png');
    await page.waitForSelector('body[data-step="joints"]');
    const elbow = await help.jointAt(page, 'left elbow');
    await page.touchscreen.tap(elbow.x, elbow.y);
    await page.tap('#to-pose');
    await page.tap('#to-result');
    await help.untilResult(page);
    const [saved] = await Promise.all([page.waitForEvent('download'), page.tap('#save')]);
    assert.equal(saved.suggestedFilename(), 'posewarp-result.png');
    await copyFile(await saved.path(), path.join(help.RESULTS, `${name}.png`));
    const inputs = await page.evaluate(() => window.conversation.at(-1));
    const window = await windowOf(page, size);
    await writeFile(
      path.join(help.RESULTS, `${name}.json`),
      JSON.stringify({ ...inputs, window: [window.left, window.top, window.width, window.height] }),
    );
  }
});

/** What the model sees of a photo in which nobody was found, for the pose that the page starts with. */
async function windowOf(page, size) {
  const gallery = await page.evaluate(async () => (await fetch('poses.json')).json());
  const person = standing(size);
  return framing(
    size,
    [person, placed(gallery[2], person, size)],
    frameOf({ image_size: [64, 64] }),
  );
}

test('a large photo is saved as large as a phone can make it; beside the person it stays', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page, problems } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilReady(page);
  const photo = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 4000, height: 3000 });
    const context = canvas.getContext('2d');
    context.fillStyle = 'rgb(20 200 40)';
    context.fillRect(0, 0, 4000, 3000);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve));
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  await help.chooseFile(page, 'photo.png', Buffer.from(photo), 'image/png');
  await page.waitForSelector('body[data-step="joints"]');
  await page.tap('[data-step-to="result"]');
  await help.untilResult(page);
  // What is seen while the slider moves is smaller; what is saved is not.
  await page.evaluate(() => {
    const way = document.getElementById('way');
    way.value = '6';
    way.dispatchEvent(new Event('input'));
  });
  await help.untilResult(page);
  const [saved] = await Promise.all([page.waitForEvent('download'), page.tap('#save')]);
  const look = await page.evaluate(
    async (bytes) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(bytes)]));
      const { width, height } = bitmap;
      const context = new OffscreenCanvas(width, height).getContext('2d');
      context.drawImage(bitmap, 0, 0);
      const at = (x, y) => [...context.getImageData(x, y, 1, 1).data];
      return { size: [width, height], corner: at(0, 0), middle: at(width / 2, height / 2) };
    },
    [...(await readFile(await saved.path()))],
  );
  assert.deepEqual(look.size, [2048, 1536]);
  assert.deepEqual(look.corner, [20, 200, 40, 255]);
  assert.notDeepEqual(look.middle, look.corner);
  assert.deepEqual(problems, []);
});

/** Colours of the stage, in a sample of its pixels. */
function numColors(page) {
  return page.evaluate(async () => {
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    const canvas = document.getElementById('picture');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colors = new Set();
    for (let i = 0; i < data.length; i += 4 * 97) colors.add(data.slice(i, i + 4).join());
    return colors.size;
  });
}
