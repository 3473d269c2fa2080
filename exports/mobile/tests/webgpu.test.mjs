/** WebGPU takes over only where it computes the same picture; here it is Chromium's software renderer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as help from './helpers.mjs';

const SOFTWARE_GPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-angle=swiftshader',
];

test('after WebGPU was tried, results are those of WebAssembly, whoever makes them', async (t) => {
  const { server, browser } = await help.startPage(t, { flags: SOFTWARE_GPU });
  const { page } = await help.openPhone(browser, { serviceWorkers: 'block' });
  await page.goto(new URL('runtime.html', server.url).href);
  assert.ok(await page.evaluate(async () => Boolean(await navigator.gpu.requestAdapter())));
  const { difference, kept } = await page.evaluate(async () => {
    const { Engine } = await import('./js/engine.js');
    const engine = new Engine('model/');
    const { card } = await engine.load();
    const [height, width] = card.image_size;
    const keypoints = (shift) =>
      Float32Array.from({ length: 36 }, (_, i) => 8 + ((i * 11 + shift) % 48));
    const inputs = {
      source_image: Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 7) % 256),
      source_keypoints: keypoints(0),
      target_keypoints: keypoints(5),
    };
    const before = await engine.run(inputs);
    const moved = await engine.tryWebGpu(() => true);
    const after = await engine.run(inputs);
    const apart = before.outputs.image.map((value, i) => Math.abs(value - after.outputs.image[i]));
    return { difference: Math.max(...apart), kept: moved === null };
  });
  t.diagnostic(kept ? 'stayed with WebAssembly' : 'moved to WebGPU');
  assert.ok(difference <= 2, `${difference} levels`);
});
