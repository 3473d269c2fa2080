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
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns {Promise<import('playwright-core').Browser>} */
export async function launch() {
  for (const executablePath of PLACES.filter(Boolean)) {
    if (
      await access(executablePath).then(
        () => true,
        () => false,
      )
    ) {
      return chromium.launch({ executablePath, args: FLAGS });
    }
  }
  return stop(
    'no Chromium found: install it (apt-get install chromium) or name it by CHROMIUM=/path',
  );
}
