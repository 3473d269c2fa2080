/**
 * What the browser tests share. They need models, which Python makes (tests/exports/test_mobile.py): POSEWARP_MODELS
 * names a folder with tiny.tflite, foreign.tflite (some other model), huge.tflite (needs more memory than there is),
 * metadata.json, pictures, and in dance/ and talk/ recurrent models of persons and of faces with their metadata.json,
 * POSEWARP_POSE_MODELS one with the models that find joints, and landmarks of faces; what Python shall compare goes to the
 * folder of POSEWARP_RESULTS.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { launch } from '../tools/browser.mjs';
import { build } from '../tools/build.mjs';
import { serve } from '../tools/server.mjs';

export const MODELS = process.env.POSEWARP_MODELS;
export const POSE_MODELS = process.env.POSEWARP_POSE_MODELS;
export const RESULTS = process.env.POSEWARP_RESULTS;
assert(
  MODELS && POSE_MODELS && RESULTS,
  'POSEWARP_MODELS, POSEWARP_POSE_MODELS and POSEWARP_RESULTS are not set: run `make test-mobile`',
);

/** Recurrent models, for `startPage`: of persons, and of faces. */
export const [DANCE, TALK] = ['dance', 'talk'].map((name) => ({
  model: path.join(MODELS, name, 'posewarp_float32.tflite'),
  metadata: path.join(MODELS, name, 'metadata.json'),
}));

export const PORTRAIT = { viewport: { width: 390, height: 844 } };
export const LANDSCAPE = { viewport: { width: 844, height: 390 } };

/**
 * Builds the page with a model (and with those that find joints or faces, if `finds`), serves it and starts a browser; `t` cleans up.
 * @param {import('node:test').TestContext} t
 */
export async function startPage(
  t,
  {
    model = path.join(MODELS, 'tiny.tflite'),
    metadata = path.join(MODELS, 'metadata.json'),
    finds = false,
    flags,
  } = {},
) {
  const folder = await mkdtemp(path.join(tmpdir(), 'posewarp-test-'));
  const root = path.join(folder, 'page');
  await build(model, metadata, root, finds ? POSE_MODELS : '');
  const server = await serve(root);
  const browser = await launch(flags);
  t.after(async () => {
    await browser.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });
  return { root, server, browser };
}

/**
 * A phone at the page. `problems` collects errors of the page, `requests` what it asked the network for.
 * @param {import('playwright-core').Browser} browser
 */
export async function openPhone(browser, options = {}) {
  const context = await browser.newContext({
    ...PORTRAIT,
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
    ...options,
  });
  const page = await context.newPage();
  const [problems, requests] = [[], []];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  context.on('request', (request) => {
    if (/^(https?|wss?):/.test(request.url())) requests.push(request.url());
  });
  return { context, page, problems, requests };
}

export async function untilReady(page) {
  await page.waitForSelector('body[data-accelerator]', { timeout: 60_000 });
}

export async function openExample(page) {
  await page.tap('#example');
  await page.waitForSelector('body:not([data-step="photo"])');
}

/** Waits until the dots were put on the joints, and tells what the page says of it. */
export async function untilFound(page) {
  await page.waitForFunction(
    () => /Drag those that are off/.test(document.getElementById('joint-hint').textContent),
    null,
    { timeout: 60_000 },
  );
  return page.textContent('#joint-hint');
}

/** Waits until the page works without a network. */
export async function untilKept(page) {
  await page.waitForFunction(
    () => /offline ready$/.test(document.getElementById('status').textContent),
    null,
    { timeout: 60_000 },
  );
}

/** Waits for an error and tells what it says. */
export async function shownError(page) {
  await page.waitForSelector('#error:not([hidden])', { timeout: 60_000 });
  return {
    title: await page.textContent('#error-title'),
    text: await page.textContent('#error-text'),
  };
}

export async function chooseFile(page, name, buffer, mimeType = 'image/jpeg') {
  await page.setInputFiles('#choose-file', { name, buffer, mimeType });
}

/** Opens the page of a recurrent model, listens to its worker, and goes to the last step with the example. */
export async function openAnimated(t, how, options) {
  const { server, browser } = await startPage(t, how);
  const phone = await openPhone(browser, options);
  await listen(phone.page);
  await phone.page.goto(server.url);
  await untilReady(phone.page);
  await openExample(phone.page);
  await phone.page.tap('.steps [data-step-to="clip"]');
  return phone;
}

/** Hands the page a file of clips. */
export function chooseClip(page, content) {
  const buffer = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const file = { name: 'clip.json', buffer, mimeType: 'application/json' };
  return page.setInputFiles('#clip-file', file);
}

/** The first frames of clip number `index` of those that come with the page in `<list>.json`. */
export async function shortClip(page, list, index, length) {
  const clips = await page.evaluate(async (name) => (await fetch(name)).json(), `${list}.json`);
  return { title: 'Short', fps: 50, frames: clips[list][index].frames.slice(0, length) };
}

/** Plays a file of one clip to its end, stops, saves the video and tells what it is called. */
export async function playAndSave(page, list, clip) {
  const said = (words) =>
    page.waitForFunction(
      (start) => document.getElementById('clip-hint').textContent.startsWith(start),
      words,
      { timeout: 120_000 },
    );
  const { length } = clip.frames;
  await chooseClip(page, { [list]: [clip] });
  await said(`${length} frames.`);
  assert.ok(await page.isDisabled('#save-video'));
  await page.tap('#play');
  await said(`${length} of ${length} frames`);
  assert.equal(await page.textContent('#play'), 'Stop');
  await page.tap('#play');
  assert.equal(await page.textContent('#play'), 'Play');
  assert.ok(await page.isEnabled('#save-video'));
  const [download] = await Promise.all([page.waitForEvent('download'), page.tap('#save-video')]);
  return download.suggestedFilename();
}

/** Waits for the model's answer and checks that it took some time. */
export async function untilResult(page) {
  await page.waitForFunction(() =>
    /^Made in \d/.test(document.getElementById('result-hint').textContent),
  );
}

/** Where a joint is on the screen, and what its label says. */
export async function jointAt(page, name) {
  const button = page.locator(`.joint[aria-label^="${name},"]`);
  const box = await button.boundingBox();
  return {
    x: box.x + box.width / 2,
    y: box.y + box.height / 2,
    label: await button.getAttribute('aria-label'),
  };
}

/**
 * Drags with a finger that rests before it lifts, by touch events that go the browser's own way. Without the rest, it
 * would be a flick, after which browsers ignore taps for a moment.
 */
export async function swipe(page, from, to, steps = 6) {
  const session = await page.context().newCDPSession(page);
  const touch = (type, points) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: points });
  await touch('touchStart', [from]);
  for (let i = 1; i <= steps; i++) {
    const part = i / steps;
    await touch('touchMove', [
      { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part },
    ]);
  }
  await page.waitForTimeout(150);
  await touch('touchMove', [to]);
  await touch('touchEnd', []);
  await session.detach();
}

/** Two fingers that move apart (or together) along a line. */
export async function pinch(page, center, from, to, steps = 6) {
  const session = await page.context().newCDPSession(page);
  const fingers = (apart) => [
    { x: center.x - apart / 2, y: center.y, id: 0 },
    { x: center.x + apart / 2, y: center.y, id: 1 },
  ];
  const touch = (type, touchPoints) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints });
  await touch('touchStart', [fingers(from)[0]]);
  await touch('touchStart', fingers(from));
  for (let i = 1; i <= steps; i++)
    await touch('touchMove', fingers(from + ((to - from) * i) / steps));
  await touch('touchEnd', []);
  await session.detach();
}

/** Keeps what goes to and comes from the worker with the model, in `window.conversation`. */
export async function listen(page) {
  await page.addInitScript(() => {
    window.conversation = [];
    const original = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function postMessage(message, ...rest) {
      if (message.type === 'run') {
        const inputs = Object.entries(message.inputs).map(([name, array]) => [name, [...array]]);
        window.conversation.push(Object.fromEntries(inputs));
      }
      return original.call(this, message, ...rest);
    };
  });
}
