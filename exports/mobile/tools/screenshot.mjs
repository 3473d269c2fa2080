/**
 * Takes the picture of docs/exporting.md: the example, re-posed by the model of a built page on an upright phone.
 * `npm run screenshot -- --root=folder --out=mobile.png [--pose="Hands on hips"]`
 */

import { launch } from './browser.mjs';
import { readArguments } from './arguments.mjs';
import { serve } from './server.mjs';

const given = readArguments({
  root: { help: 'folder that `npm run build` wrote' },
  out: { help: 'the PNG to write' },
  pose: { default: 'Hands on hips', help: 'a pose of the gallery (Hands on hips)' },
});
const server = await serve(given.root);
const browser = await launch();
const page = await browser.newPage({
  viewport: { width: 390, height: 780 },
  deviceScaleFactor: 1.5,
});
await page.goto(server.url);
await page.waitForSelector('body[data-accelerator]');
await page.click('#example');
await page.click('[data-step-to="pose"]');
await page.click(`#gallery button:has-text("${given.pose}")`);
await page.click('#to-result');
await page.waitForFunction(() => document.getElementById('result-hint').textContent);
await page.waitForTimeout(500);
await page.screenshot({ path: given.out });
await browser.close();
await server.close();
