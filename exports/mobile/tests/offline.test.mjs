/** Works without a network, keeps photos to itself, and notices a newer version. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import * as help from './helpers.mjs';

async function reposeExample(page) {
  await help.openExample(page);
  await page.tap('[data-step-to="result"]');
  await help.untilResult(page);
}

test('the second visit works with the network off, threads included', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { context, page, problems } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilKept(page);
  const isolated = await page.evaluate(() => crossOriginIsolated);
  await page.close();
  await context.setOffline(true);
  await server.close();
  const again = await context.newPage();
  again.on('pageerror', (error) => problems.push(error.message));
  await again.goto(server.url);
  await help.untilReady(again);
  assert.equal(await again.getAttribute('body', 'data-model'), 'ready');
  await reposeExample(again);
  assert.deepEqual([isolated, await again.evaluate(() => crossOriginIsolated)], [true, true]);
  assert.deepEqual(problems, []);
});

test('once loaded, nothing is asked of the network, and the policy would not let it', async (t) => {
  const { server, browser } = await help.startPage(t);
  // Without the service worker, which would answer in the network's place.
  const { page, requests } = await help.openPhone(browser, { serviceWorkers: 'block' });
  await page.goto(server.url);
  await help.untilReady(page);
  assert.ok(requests.length > 10);
  requests.length = 0;
  const photo = await readFile(path.join(help.MODELS, 'large.png'));
  await help.chooseFile(page, 'me.png', photo, 'image/png');
  await page.waitForSelector('body[data-step="joints"]');
  await page.tap('#to-pose');
  await page.tap('#mirror');
  await page.tap('#to-result');
  await help.untilResult(page);
  await Promise.all([page.waitForEvent('download'), page.tap('#save')]);
  await page.tap('#play');
  await page.waitForTimeout(500);
  assert.deepEqual(requests, []);
  const sent = await page.evaluate(async () => {
    const ways = [
      () => fetch('https://example.com/', { method: 'POST', body: 'a photo' }),
      () =>
        new Promise((resolve, reject) => {
          const image = Object.assign(new Image(), { onload: resolve, onerror: reject });
          image.src = 'https://example.com/?photo';
        }),
    ];
    return Promise.all(
      ways.map((way) =>
        way().then(
          () => 'sent',
          () => 'refused',
        ),
      ),
    );
  });
  assert.deepEqual(sent, ['refused', 'refused']);
});

test('a newer version is offered, taken over by a tap, and the older one is forgotten', async (t) => {
  const { server, browser, root } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilReady(page);
  const before = await page.evaluate(() => caches.keys());
  const precache = path.join(root, 'precache.js');
  const content = await readFile(precache, 'utf8');
  await writeFile(precache, content.replace(/"version": "\w+"/, '"version": "newer"'));
  await page.reload();
  await page.waitForSelector('#update:not([hidden])');
  await Promise.all([page.waitForEvent('load'), page.tap('#update-now')]);
  await help.untilReady(page);
  assert.equal(before.length, 1);
  assert.deepEqual(await page.evaluate(() => caches.keys()), ['posewarp-newer']);
});

test("a newer version that came to nobody's notice works with the network off, too", async (t) => {
  const { server, browser, root } = await help.startPage(t);
  const { context, page } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilKept(page);
  const precache = path.join(root, 'precache.js');
  const content = await readFile(precache, 'utf8');
  await writeFile(precache, content.replace(/"version": "\w+"/, '"version": "newer"'));
  await page.reload();
  await page.waitForSelector('#update:not([hidden])');
  await page.evaluate(async () => {
    const { waiting } = await navigator.serviceWorker.getRegistration();
    const activated = new Promise((resolve) => {
      waiting.addEventListener('statechange', () => waiting.state === 'activated' && resolve());
    });
    waiting.postMessage('take over');
    await activated;
  });
  await page.close();
  await context.setOffline(true);
  await server.close();
  const again = await context.newPage();
  await again.goto(server.url);
  await help.untilKept(again);
  assert.deepEqual(await again.evaluate(() => caches.keys()), ['posewarp-newer']);
  await reposeExample(again);
});

test('what was loaded before the service worker was there is kept as well', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  // A worker that comes so late that the page no longer waits for it.
  await page.addInitScript(() => {
    const container = Object.getPrototypeOf(navigator.serviceWorker);
    const original = container.register;
    container.register = async function register(...given) {
      setTimeout(() => original.apply(this, given), 8000);
      throw new Error('not now');
    };
  });
  await page.goto(server.url);
  await help.untilReady(page);
  assert.doesNotMatch(await page.textContent('#status'), /offline ready/);
  await help.untilKept(page);
  const kept = await page.evaluate(async () => {
    const [name] = await caches.keys();
    return (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname);
  });
  assert.ok(kept.includes('/model/tiny.tflite'));
  for (const ending of [/\.wasm$/, /_internal\.js$/])
    assert.ok(kept.some((url) => ending.test(url)));
});

test('a model that cannot be kept is not called offline ready', async (t) => {
  const { server, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilKept(page);
  const answers = await page.evaluate(async () => {
    const { areKept } = await import('./js/offline.js');
    return [await areKept([]), await areKept([new URL('model/absent.tflite', location).href])];
  });
  assert.deepEqual(answers, [true, false]);
});
