/** The page of a recurrent model: a photo dances, each frame made from the one before. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import * as help from './helpers.mjs';

async function openDancing(t, options) {
  const { server, browser } = await help.startPage(t, help.DANCE);
  const phone = await help.openPhone(browser, options);
  await help.listen(phone.page);
  await phone.page.goto(server.url);
  await help.untilReady(phone.page);
  await help.openExample(phone.page);
  await phone.page.tap('[data-for="joints"] [data-step-to="dance"]');
  return phone;
}

function chooseDance(page, content) {
  const buffer = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return page.setInputFiles('#dance-file', {
    name: 'd.json',
    buffer,
    mimeType: 'application/json',
  });
}

/** Of so many frames the first ones of a dance that comes with the page, the second without a left wrist. */
async function shortDance(page, length) {
  const { dances } = await page.evaluate(async () => (await fetch('dances.json')).json());
  const frames = dances[3].frames.slice(0, length);
  frames[1][13] = null;
  return { dances: [{ title: 'Short', fps: 50, frames }] };
}

function untilMade(page, words) {
  const said = (start) => document.getElementById('dance-hint').textContent.startsWith(start);
  return page.waitForFunction(said, words, { timeout: 120_000 });
}

test('a dance of a file is played, from frame to frame, and can be saved', async (t) => {
  const { page, problems } = await openDancing(t);
  assert.equal(await page.locator('#dance option').count(), 4);
  const dance = await shortDance(page, 3);
  await chooseDance(page, dance);
  await untilMade(page, '3 frames.');
  assert.ok(await page.isDisabled('#save-video'));
  await page.tap('#play');
  await untilMade(page, '3 of 3 frames');
  assert.equal(await page.textContent('#play'), 'Stop');
  await page.tap('#play');
  assert.equal(await page.textContent('#play'), 'Play');
  assert.ok(await page.isEnabled('#save-video'));
  const [download] = await Promise.all([page.waitForEvent('download'), page.tap('#save-video')]);
  assert.match(download.suggestedFilename(), /^posewarp-dance\.(mp4|webm)$/);
  const requests = await page.evaluate(() => window.conversation);
  assert.equal(requests.length, 3);
  // Frames that are there are shown again, not made again.
  const example = await page.evaluate(async () => (await fetch('example.json')).json());
  const told = JSON.stringify({ requests, dance: dance.dances[0], joints: example.joints });
  await writeFile(path.join(help.RESULTS, 'dance.json'), told);
  assert.deepEqual(problems, []);
});

test('a file of something else is refused in words, and dances of the page stay', async (t) => {
  const { page } = await openDancing(t, help.LANDSCAPE);
  for (const bad of [
    '{"dances": []}',
    'GIF89a',
    { dances: [{ title: 'x', fps: 5, frames: [[]] }] },
  ]) {
    await chooseDance(page, bad);
    assert.match((await help.shownError(page)).title, /^This file holds no dance/);
    await page.tap('#error-close');
  }
  assert.equal(await page.locator('#dance option').count(), 4);
});
