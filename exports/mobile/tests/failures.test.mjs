/** Whatever goes wrong ends in a message that a person understands, and the next good try works. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import * as help from './helpers.mjs';

const inModels = (name) => path.join(help.MODELS, name);

async function worksNow(page) {
  await help.openExample(page);
  assert.ok(await page.isHidden('#error'));
  await page.tap('[data-step-to="result"]');
  await help.untilResult(page);
}

const UNSUITABLE = {
  'text called a photo': [
    Buffer.from('Dear diary, this is no picture.'),
    /not a picture that can be read/,
  ],
  'an empty file': [Buffer.alloc(0), /not a picture that can be read/],
  'a HEIC photo': [Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), /cannot read HEIC/],
  'a PNG that claims 10,000 x 10,000 pixels': [hugePng(), /too large.*10000 × 10000 pixels/],
};

test('pictures that cannot be used are refused by name, and the next good one works', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page, problems } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilReady(page);
  const whole = await readFile(inModels('large.png'));
  const cases = {
    ...UNSUITABLE,
    'half a PNG': [whole.subarray(0, 300), /not a picture that can be read/],
  };
  for (const [name, [buffer, expected]] of Object.entries(cases)) {
    await help.chooseFile(page, 'photo.jpg', buffer);
    const { title, text } = await help.shownError(page);
    assert.match(`${title}. ${text}`, expected, name);
    await page.tap('#error-close');
  }
  await worksNow(page);
  assert.deepEqual(problems, []);
});

test('a real picture of 10,000 x 10,000 pixels is refused before it is decoded', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.addInitScript(() => {
    window.decoded = 0;
    const original = window.createImageBitmap;
    window.createImageBitmap = (...given) => {
      window.decoded += 1;
      return original(...given);
    };
  });
  await page.goto(server.url);
  await page.setInputFiles('#choose-file', inModels('huge.png'));
  assert.match((await help.shownError(page)).text, /10000 × 10000 pixels/);
  assert.equal(await page.evaluate(() => window.decoded), 0);
});

test('a photo that there is no memory for is not called unreadable', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.addInitScript(() => {
    // What Chromium says.
    const words = 'The ImageBitmap could not be allocated.';
    window.createImageBitmap = () => Promise.reject(new DOMException(words, 'InvalidStateError'));
  });
  await page.goto(server.url);
  await page.setInputFiles('#choose-file', inModels('large.png'));
  assert.match((await help.shownError(page)).title, /Too little free memory/);
});

test('a photo taken sideways is turned upright', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.goto(server.url);
  // 96 x 64 pixels with the top to the right: red above blue once it is upright.
  const shape = await page.evaluate(
    async (bytes) => {
      const { openPicture } = await import('./js/picture.js');
      const { canvas } = await openPicture(new Blob([Uint8Array.from(bytes)]));
      const at = (y) => [...canvas.getContext('2d').getImageData(32, y, 1, 1).data];
      return { size: [canvas.width, canvas.height], top: at(10), bottom: at(85) };
    },
    [...(await readFile(inModels('sideways.jpg')))],
  );
  assert.deepEqual(shape.size, [64, 96]);
  assert.ok(shape.top[0] > 200 && shape.top[2] < 60, `top is ${shape.top}`);
  assert.ok(shape.bottom[2] > 200 && shape.bottom[0] < 60, `bottom is ${shape.bottom}`);
});

test('a model file that changed on its way is called damaged, and trying again helps', async (t) => {
  const { server, browser, root } = await help.startPage(t);
  const file = path.join(root, 'model', 'tiny.tflite');
  const whole = await readFile(file);
  await writeFile(file, whole.subarray(0, whole.length / 2));
  const { page, problems } = await help.openPhone(browser, { serviceWorkers: 'block' });
  await page.goto(server.url);
  assert.match((await help.shownError(page)).title, /model file is damaged/);
  await writeFile(file, whole);
  await page.tap('#error-retry');
  await help.untilReady(page);
  await worksNow(page);
  assert.deepEqual(problems, []);
});

test('a file that never was a model is called damaged', async (t) => {
  const model = path.join(help.RESULTS, 'text.tflite');
  await writeFile(model, 'This is no model. '.repeat(200));
  await refused(t, model, /model file is damaged/);
});

test('a model of something else is told apart', async (t) => {
  await refused(t, inModels('foreign.tflite'), /model for something else/);
});

async function refused(t, model, expected) {
  const { server, browser } = await help.startPage(t, { model });
  const { page, problems } = await help.openPhone(browser);
  await page.goto(server.url);
  assert.match((await help.shownError(page)).title, expected);
  assert.deepEqual(problems, []);
}

test('a model with its joints in another order is refused', async (t) => {
  const { server, browser, root } = await help.startPage(t);
  const file = path.join(root, 'model', 'model.json');
  const card = JSON.parse(await readFile(file, 'utf8'));
  card.joint_names.reverse();
  await writeFile(file, JSON.stringify(card));
  const { page } = await help.openPhone(browser);
  await page.goto(server.url);
  assert.match((await help.shownError(page)).title, /model for something else/);
});

test('a model that needs more memory than there is says so instead of a black picture', async (t) => {
  const { server, browser } = await help.startPage(t, { model: inModels('huge.tflite') });
  const { page, problems } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilReady(page);
  await help.openExample(page);
  await page.tap('[data-step-to="result"]');
  assert.match((await help.shownError(page)).title, /Too little free memory/);
  assert.deepEqual(problems, []);
});

test('a phone that cannot give the runtime its memory says so, and works once it can', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser, { serviceWorkers: 'block' });
  const glue = /litert_wasm\w*_internal\.js$/;
  await page.context().route(glue, async (route) => {
    const response = await route.fetch();
    const refuse =
      'WebAssembly.Memory = WebAssembly.instantiate = WebAssembly.instantiateStreaming = function () {' +
      ' throw new RangeError("WebAssembly.Memory(): could not allocate memory"); };\n';
    await route.fulfill({ response, body: refuse + (await response.text()) });
  });
  await page.goto(server.url);
  assert.match((await help.shownError(page)).title, /Too little free memory/);
  await page.context().unroute(glue);
  await page.tap('#error-retry');
  await help.untilReady(page);
  await worksNow(page);
});

test('an answer that comes after its step was left is not shown', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.addInitScript(() => {
    const original = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function postMessage(...given) {
      setTimeout(() => original.apply(this, given), given[0].type === 'run' ? 1500 : 0);
    };
  });
  await page.goto(server.url);
  await help.untilReady(page);
  await help.openExample(page);
  await page.tap('[data-step-to="result"]');
  assert.ok(await page.isDisabled('#save'));
  await page.waitForSelector('#busy:not([hidden])');
  await page.tap('[data-step-to="joints"]');
  await page.waitForSelector('#busy', { state: 'hidden' });
  assert.equal(await page.getAttribute('#picture', 'aria-label'), 'Photo');
});

test('a pose without joints is refused, and the picture before it cannot be saved as its result', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilReady(page);
  await help.openExample(page);
  await page.tap('[data-step-to="result"]');
  await help.untilResult(page);
  assert.ok(await page.isEnabled('#save'));
  await page.tap('[data-step-to="photo"]');
  await page.setInputFiles('#choose-file', inModels('large.png'));
  await page.waitForSelector('body[data-step="joints"]');
  // From a keyboard, as the joints of the face lie too close for a finger.
  for (const joint of await page.locator('.joint').all()) {
    if (/, at /.test(await joint.getAttribute('aria-label'))) await joint.press('Enter');
  }
  await page.tap('[data-step-to="result"]');
  assert.match((await help.shownError(page)).title, /no pose to work with/);
  for (const id of ['save', 'save-video']) assert.ok(await page.isDisabled(`#${id}`), id);
  await page.tap('[data-step-to="joints"]');
  await page.tap('#reset-joints');
  await page.tap('[data-step-to="result"]');
  await help.untilResult(page);
});

/** The first bytes of a PNG, which is as far as anybody should read. */
function hugePng() {
  const bytes = Buffer.alloc(64);
  Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1').copy(bytes);
  bytes.writeUInt32BE(10_000, 16);
  bytes.writeUInt32BE(10_000, 20);
  return bytes;
}
