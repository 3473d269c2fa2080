/** The page that `posewarp app` serves: its models are added by a server, and the browser keeps nothing. */

import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { build } from '../tools/build.mjs';
import { serve } from '../tools/server.mjs';
import * as help from './helpers.mjs';

/** A page as the app serves it, its model under another name than in `other`, a built page. */
async function buildServed(t, other) {
  const folder = await mkdtemp(path.join(tmpdir(), 'posewarp-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const root = path.join(folder, 'page');
  await build('', '', root);
  await cp(path.join(other, 'model'), path.join(root, 'model'), { recursive: true });
  const card = path.join(root, 'model', 'model.json');
  const content = JSON.parse(await readFile(card, 'utf8'));
  await rm(path.join(root, 'model', content.file));
  await cp(path.join(help.MODELS, 'tiny.tflite'), path.join(root, 'model', 'posewarp.tflite'));
  await writeFile(card, JSON.stringify({ ...content, file: 'posewarp.tflite' }));
  return root;
}

test('a page of the app re-poses and leaves nothing in the browser', async (t) => {
  const { root, browser } = await help.startPage(t);
  const server = await serve(await buildServed(t, root));
  t.after(() => server.close());
  const { page, problems } = await help.openPhone(browser);
  await page.goto(server.url);
  await page.waitForSelector('body[data-model="ready"]', { timeout: 30_000 });
  await help.openExample(page);
  await page.tap('[data-step-to="result"]');
  await help.untilResult(page);
  await page.reload();
  await help.untilReady(page);
  assert.deepEqual(await page.evaluate(() => caches.keys()), []);
  assert.deepEqual(problems, []);
});

test('a page kept from another model of the same address gives way by itself', async (t) => {
  const { server, root, browser } = await help.startPage(t);
  const { page } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilReady(page);
  assert.equal((await page.evaluate(() => caches.keys())).length, 1);
  const port = Number(new URL(server.url).port);
  await server.close();
  const again = await serve(await buildServed(t, root), port);
  t.after(() => again.close());
  const asked = page.waitForRequest(/model\/posewarp\.tflite$/, { timeout: 30_000 });
  await page.goto(again.url);
  await asked;
  await help.untilReady(page);
  assert.deepEqual(await page.evaluate(() => caches.keys()), []);
});
