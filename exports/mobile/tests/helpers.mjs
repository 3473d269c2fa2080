/**
 * What the browser tests share. They need models, which Python makes (tests/exports/test_mobile.py): POSEWARP_MODELS
 * names a folder with tiny.tflite, foreign.tflite (some other model), huge.tflite (needs more memory than there is),
 * metadata.json, pictures, and in dance/ a recurrent model with its metadata.json, POSEWARP_POSE_MODELS one with the models that find joints; what Python shall compare goes
 * to the folder of POSEWARP_RESULTS.
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

/** A recurrent model, for `startPage`. */
export const DANCE = {
  model: path.join(MODELS, 'dance', 'posewarp_float32.tflite'),
  metadata: path.join(MODELS, 'dance', 'metadata.json'),
};

export const PORTRAIT = { viewport: { width: 390, height: 844 } };
export const LANDSCAPE = { viewport: { width: 844, height: 390 } };

/**
 * Builds the page with a model (and with those that find joints, if `findsJoints`), serves it and starts a browser; `t` cleans up.
 * @param {import('node:test').TestContext} t
 */
export async function startPage(
  t,
  {
    model = path.join(MODELS, 'tiny.tflite'),
    metadata = path.join(MODELS, 'metadata.json'),
    findsJoints = false,
    flags,
  } = {},
) {
  const folder = await mkdtemp(path.join(tmpdir(), 'posewarp-test-'));
  const root = path.join(folder, 'page');
  await build(model, metadata, root, findsJoints ? POSE_MODELS : '');
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
  await page.waitForSelector('body[data-step="joints"]');
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
