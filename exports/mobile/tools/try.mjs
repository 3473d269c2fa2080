/**
 * Re-poses the example in a page that is being served, as a person at a computer does:
 * `npm run --silent try -- --url=http://localhost:8090/`.
 *
 * Prints {"isolated": whether threads are allowed, "status": ..., "result": ..., "colors": in the result, "problems":
 * errors of the page} as JSON.
 */

import { readArguments } from './arguments.mjs';
import { launch } from './browser.mjs';

const { url } = readArguments({ url: { help: 'where the page is' } });
const browser = await launch();
const page = await browser.newPage();
const problems = [];
page.on('pageerror', (error) => problems.push(error.message));
page.on('console', (message) => {
  if (message.type() === 'error') problems.push(message.text());
});
try {
  await page.goto(url);
  await page.waitForSelector('body[data-accelerator]', { timeout: 60_000 });
  await page.click('#example');
  await page.click('#to-pose');
  await page.locator('#gallery button').nth(3).click();
  await page.click('#to-result');
  await page.waitForFunction(() =>
    /^Made in \d/.test(document.getElementById('result-hint').textContent),
  );
  const seen = await page.evaluate(look);
  console.log(JSON.stringify({ ...seen, problems }));
} finally {
  await browser.close();
}

/** Runs in the page. */
async function look() {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const canvas = document.getElementById('picture');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const colors = new Set();
  for (let i = 0; i < data.length; i += 4 * 97) colors.add(data.slice(i, i + 4).join());
  return {
    isolated: globalThis.crossOriginIsolated,
    status: document.getElementById('status').textContent,
    result: document.getElementById('result-hint').textContent,
    colors: colors.size,
  };
}
