/** The page of a recurrent model of persons: a photo dances, each frame made from the one before. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import * as help from './helpers.mjs';

test('a dance of a file is played, from frame to frame, and can be saved', async (t) => {
  const { page, problems } = await help.openAnimated(t, help.DANCE);
  assert.equal(await page.locator('#clip option').count(), 4);
  // The second frame is without a left wrist.
  const dance = await help.shortClip(page, 'dances', 3, 3);
  dance.frames[1][13] = null;
  assert.match(await help.playAndSave(page, 'dances', dance), /^posewarp-dance\.(mp4|webm)$/);
  const requests = await page.evaluate(() => window.conversation);
  // Frames that are there are shown again, not made again.
  assert.equal(requests.length, 3);
  const example = await page.evaluate(async () => (await fetch('example.json')).json());
  const told = JSON.stringify({ requests, clip: dance, points: example.joints });
  await writeFile(path.join(help.RESULTS, 'dance.json'), told);
  assert.deepEqual(problems, []);
});

test('a file of something else is refused in words, and dances of the page stay', async (t) => {
  const { page } = await help.openAnimated(t, help.DANCE, help.LANDSCAPE);
  for (const bad of [
    '{"dances": []}',
    'GIF89a',
    { dances: [{ title: 'x', fps: 5, frames: [[]] }] },
  ]) {
    await help.chooseClip(page, bad);
    assert.match((await help.shownError(page)).title, /^This file holds no dance/);
    await page.tap('#error-close');
  }
  assert.equal(await page.locator('#clip option').count(), 4);
});
