/** Starts Chromium for the tools and tests here. */

import { access } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { stop } from './arguments.mjs';

const PLACES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * @param {string[]} flags  More flags for Chromium.
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function launch(flags = ['--disable-gpu']) {
  return chromium.launch({ executablePath: await findChromium(), args: [...FLAGS, ...flags] });
}

/** @returns {Promise<string>} where it is; without one, the program ends. */
export async function findChromium() {
  for (const executablePath of PLACES.filter(Boolean)) {
    const exists = await access(executablePath).then(
      () => true,
      () => false,
    );
    if (exists) return executablePath;
  }
  return stop(
    'no Chromium found: install it (apt-get install chromium) or name it by CHROMIUM=/path',
  );
}
