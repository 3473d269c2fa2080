/** The page of a recurrent model of faces: the same, but that landmarks are found or read, and clips are of faces. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import * as help from './helpers.mjs';

const LANDMARKS_OF_CORNER = Array.from({ length: 68 }, (_, index) => `${index},${2 * index}\n`);

function chooseLandmarks(page, text) {
  const file = { name: 'face.txt', buffer: Buffer.from(text), mimeType: 'text/plain' };
  return page.setInputFiles('#landmarks-file', file);
}

test('what a face does in a file is played, from frame to frame, and can be saved', async (t) => {
  const { page, problems } = await help.openAnimated(t, help.TALK);
  assert.equal(await page.locator('#clip option').count(), 4);
  await help.chooseClip(page, { dances: [] });
  assert.match((await help.shownError(page)).title, /^This file holds no clip of a face/);
  await page.tap('#error-close');
  // Somebody else, further to the right and with the head inclined: the page moves it onto the face.
  const talk = await help.shortClip(page, 'talks', 2, 9);
  talk.frames = talk.frames
    .filter((_, index) => index % 4 === 0)
    .map((points) => points.map(([x, y]) => [300 + x - 0.2 * y, y + 0.2 * x]));
  assert.match(await help.playAndSave(page, 'talks', talk), /^posewarp-talk\.(mp4|webm)$/);
  const requests = await page.evaluate(() => window.conversation);
  assert.equal(requests.length, 3);
  const example = await page.evaluate(async () => (await fetch('face.json')).json());
  const told = JSON.stringify({ requests, clip: talk, points: example.landmarks });
  await writeFile(path.join(help.RESULTS, 'talk.json'), told);
  assert.deepEqual(problems, []);
});

test('a face is found and the square around it taken; where none is, a file of landmarks helps', async (t) => {
  const { server, browser } = await help.startPage(t, { ...help.TALK, finds: true });
  const { page, problems } = await help.openPhone(browser);
  await page.goto(server.url);
  await help.untilReady(page);
  await page.setInputFiles('#choose-file', path.join(help.MODELS, 'face.png'));
  await page.waitForFunction(() =>
    /^A face/.test(document.getElementById('face-hint').textContent),
  );
  assert.ok(await page.isEnabled('.steps [data-step-to="clip"]'));
  const bytes = [...(await readFile(path.join(help.MODELS, 'face.png')))];
  const found = await page.evaluate(async (photo) => {
    const { cutFace } = await import('./js/animation/face_square.js');
    const { openPicture } = await import('./js/picture.js');
    const { PointFinder } = await import('./js/point_finder.js');
    const picture = await openPicture(new Blob([new Uint8Array(photo)]));
    const { landmarks } = await new PointFinder('model/', 'face').find(picture);
    const cut = cutFace(picture, landmarks, [32, 32]);
    return { landmarks: cut.landmarks, url: cut.picture.canvas.toDataURL() };
  }, bytes);
  const [landmarks, png] = [JSON.stringify(found.landmarks), found.url.split(',')[1]];
  await writeFile(path.join(help.RESULTS, 'face.json'), landmarks);
  await writeFile(path.join(help.RESULTS, 'face.png'), Buffer.from(png, 'base64'));

  await page.setInputFiles('#choose-file', path.join(help.MODELS, 'large.png'));
  assert.match((await help.shownError(page)).title, /^No face was found/);
  assert.ok(await page.isDisabled('.steps [data-step-to="clip"]'));
  for (const [text, expected] of [
    ['1,2\n', /^This file holds no landmarks/],
    [LANDMARKS_OF_CORNER.join('').replace('0,0', '9000,0'), /^The landmarks lie outside/],
  ]) {
    await chooseLandmarks(page, text);
    assert.match((await help.shownError(page)).title, expected);
  }
  await chooseLandmarks(page, LANDMARKS_OF_CORNER.join(''));
  await page.tap('.steps [data-step-to="clip"]');
  assert.ok(await page.isHidden('#error'));
  assert.ok(await page.isEnabled('#play'));
  assert.deepEqual(problems, []);
});
