/** axe-core finds nothing serious, everything to touch is large enough, and nothing is cut off. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import * as help from './helpers.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const MIN_TARGET = 44;

/** Of a model that animates. */
const ANIMATING = {
  photo: async () => {},
  points: (page) => help.openExample(page),
  clip: (page) => page.tap('.steps [data-step-to="clip"]'),
};

const STEPS = {
  photo: async () => {},
  joints: (page) => help.openExample(page),
  pose: (page) => page.tap('#to-pose'),
  video: (page) => page.evaluate(() => document.getElementById('frame').showModal()),
  result: async (page) => {
    await page.evaluate(() => document.getElementById('frame').close());
    await page.tap('#to-result');
    await help.untilResult(page);
  },
  flow: (page) => page.tap('[data-view="flow"]'),
  error: async (page) => {
    await page.tap('[data-step-to="photo"]');
    await help.chooseFile(page, 'photo.jpg', Buffer.from('text'));
    await page.waitForSelector('#error:not([hidden])');
  },
};

for (const colorScheme of ['light', 'dark']) {
  for (const [held, options] of Object.entries({
    upright: help.PORTRAIT,
    turned: help.LANDSCAPE,
  })) {
    test(`every step is accessible and large enough, ${colorScheme}, phone held ${held}`, async (t) => {
      const { server, browser } = await help.startPage(t, { finds: true });
      const { page } = await help.openPhone(browser, { ...options, colorScheme });
      await page.goto(server.url);
      await checkSteps(page, STEPS);
    });
  }
}

for (const [who, model, held, options] of [
  ['persons', help.DANCE, 'upright', help.PORTRAIT],
  ['persons', help.DANCE, 'turned', help.LANDSCAPE],
  ['faces', help.TALK, 'upright', help.PORTRAIT],
]) {
  test(`so is every step of a page that animates ${who}, phone held ${held}`, async (t) => {
    const { server, browser } = await help.startPage(t, model);
    const { page } = await help.openPhone(browser, options);
    await page.goto(server.url);
    await checkSteps(page, ANIMATING);
  });
}

async function checkSteps(page, steps) {
  await help.untilReady(page);
  for (const [name, enter] of Object.entries(steps)) {
    await enter(page);
    assert.deepEqual(await seriousFindings(page), [], name);
    assert.deepEqual(await smallTargets(page), [], name);
    assert.ok(await fits(page), `${name} is wider than the screen`);
  }
}

/** Evaluated by the test's own channel, which the page's policy does not bind. */
async function seriousFindings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** Joints are touched through the stage, which takes the nearest: their own boxes are no targets. */
function smallTargets(page) {
  return page.evaluate((least) => {
    const targets = [
      ...document.querySelectorAll('button:not(.joint), select, input:not([type="file"])'),
    ];
    const sizes = targets.map((target) => [target, target.getBoundingClientRect()]);
    const small = sizes.filter(
      ([, { width, height }]) => width && (width < least || height < least),
    );
    return small.map(
      ([{ id, textContent }, { width, height }]) => `${id || textContent}: ${width} x ${height}`,
    );
  }, MIN_TARGET);
}

function fits(page) {
  return page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
}
