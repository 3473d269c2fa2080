/** Draws page/icons/icon-*.png from icon.svg with Chromium: `node tools/icons.mjs`. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { launch } from './browser.mjs';

const folder = fileURLToPath(new URL('../page/icons/', import.meta.url));
const svg = await readFile(`${folder}icon.svg`, 'utf8');
const browser = await launch();
for (const size of [180, 192, 512]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block}</style>${svg}`);
  await page.screenshot({ path: `${folder}icon-${size}.png` });
}
await browser.close();
