/** Poses, picture headers and the server, without a browser. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { access, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LIMBS, moved, scaled, standing } from '../page/js/joints.js';
import { readHeader } from '../page/js/picture_header.js';
import { between, mirrored, placed } from '../page/js/poses.js';
import { build } from '../tools/build.mjs';
import { serve } from '../tools/server.mjs';
import { MODELS, RESULTS } from './helpers.mjs';

const PAGE = fileURLToPath(new URL('../page/', import.meta.url));
const gallery = JSON.parse(await readFile(path.join(PAGE, 'poses.json'), 'utf8'));
const SIZES = [
  { width: 352, height: 512 },
  { width: 1024, height: 300 },
  { width: 80, height: 1024 },
];

function isInside(skeleton, { width, height }) {
  return skeleton.every(({ x, y }) => x >= 0 && y >= 0 && x < width && y < height);
}

test('the gallery has at least eight poses, and each fits into any picture', () => {
  assert.ok(gallery.length >= 8);
  for (const size of SIZES) {
    const person = standing(size);
    assert.ok(isInside(person, size));
    for (const pose of [...gallery, ...gallery.map(mirrored)]) {
      const skeleton = placed(pose, person, size);
      assert.ok(isInside(skeleton, size), pose.title);
      assert.deepEqual(
        skeleton.map(({ present }) => present),
        pose.joints.map(Boolean),
      );
    }
  }
});

test('a mirrored pose swaps left and right, and mirrored again is itself', () => {
  for (const pose of gallery) {
    const flipped = mirrored(pose).joints;
    const [right, left] = [pose.joints[4], flipped[7]];
    assert.deepEqual(left, right && [-right[0], right[1]]);
    assert.deepEqual(mirrored(mirrored(pose)), pose);
  }
});

test('a pose on the way starts and ends in its poses, and no limb shrinks halfway', () => {
  const size = SIZES[0];
  const [from, to] = [gallery[0], gallery[5]].map((pose) => placed(pose, standing(size), size));
  assert.equal(between(from, to, 0), from);
  assert.equal(between(from, to, 1), to);
  const length = (skeleton, [a, b]) =>
    Math.hypot(skeleton[a].x - skeleton[b].x, skeleton[a].y - skeleton[b].y);
  const half = between(from, to, 0.5);
  for (const limb of LIMBS) {
    const mean = (length(from, limb) + length(to, limb)) / 2;
    assert.ok(Math.abs(length(half, limb) - mean) < 1e-9);
  }
});

test('a joint that one of two poses lacks is missing on the way', () => {
  const person = standing(SIZES[0]);
  const without = person.map((joint, index) => ({ ...joint, present: index !== 4 }));
  assert.deepEqual(
    between(person, without, 0.5).map(({ present }) => present),
    without.map(({ present }) => present),
  );
});

test('moving and enlarging keep the whole body in the picture and its proportions', () => {
  const size = SIZES[0];
  const person = standing(size);
  for (const skeleton of [
    moved(person, 1e4, -1e4, size),
    scaled(person, 100, size),
    scaled(person, 0.1, size),
  ]) {
    assert.ok(isInside(skeleton, size));
    const ratio = (s) => (s[10].y - s[1].y) / (s[5].x - s[2].x);
    assert.ok(Math.abs(ratio(skeleton) / ratio(person) - 1) < 1e-6);
  }
});

test('headers tell the kind and size of pictures', async () => {
  const png = readHeader(await readFile(path.join(MODELS, 'huge.png')));
  assert.deepEqual(png, { kind: 'png', width: 10_000, height: 10_000 });
  const jpeg = readHeader(await readFile(path.join(MODELS, 'sideways.jpg')));
  assert.deepEqual(jpeg, { kind: 'jpeg', width: 96, height: 64 });
  for (const form of ['lossy', 'lossless', 'animated']) {
    const webp = readHeader(await readFile(path.join(MODELS, `${form}.webp`)));
    assert.deepEqual(webp, { kind: 'webp', width: 70, height: 50 }, form);
  }
  assert.deepEqual(readHeader(new Uint8Array()), { kind: 'other' });
  assert.deepEqual(readHeader(Buffer.from([0xff, 0xd8, 0xff])), { kind: 'jpeg' });
});

/** Builds a page by the tool, as `make mobile` does. */
function buildByTool(model, metadata, out) {
  const tool = fileURLToPath(new URL('../tools/build.mjs', import.meta.url));
  const given = [`--model=${model}`, `--metadata=${metadata}`, `--out=${out}`];
  return spawnSync(process.execPath, [tool, ...given]);
}

/** Builds a page with changed metadata, which is refused: what is said. */
async function refusal(metadata) {
  const [file, out] = [path.join(RESULTS, 'changed.json'), path.join(RESULTS, 'refused')];
  await writeFile(file, JSON.stringify(metadata));
  const done = buildByTool(path.join(MODELS, 'tiny.tflite'), file, out);
  assert.equal(done.status, 2);
  await assert.rejects(access(out));
  return done.stderr.toString();
}

test('no page is built for a model that needs more than a photo and joints', async () => {
  const metadata = JSON.parse(await readFile(path.join(MODELS, 'metadata.json'), 'utf8'));
  metadata.signatures.serving_default.inputs.source_parts = { dtype: 'uint8', shape: [1, 64, 64] };
  assert.match(await refusal(metadata), /^error: .*the model also needs source_parts/);
});

test('nor for a model of faces that needs frames, and the flag is named that trains another', async () => {
  const file = path.join(MODELS, 'talk', 'metadata.json');
  const model = path.join(MODELS, 'talk', 'posewarp_float32.tflite');
  assert.equal(buildByTool(model, file, path.join(RESULTS, 'talk')).status, 0);
  const metadata = JSON.parse(await readFile(file, 'utf8'));
  const said = await refusal({ ...metadata, face_background_edges: true });
  assert.match(
    said,
    /^error: .*trained with --face_background_edges.*--face_background_edges=false/,
  );
});

test('the server gives nothing outside of its folder and sets its headers', async (t) => {
  const root = path.join(RESULTS, 'served');
  await build(path.join(MODELS, 'tiny.tflite'), path.join(MODELS, 'metadata.json'), root);
  const server = await serve(root);
  t.after(() => server.close());
  const get = (target) =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(server.url);
      const asked = request({ hostname, port, path: target }, (response) => {
        response.resume();
        resolve(response);
      });
      asked.end();
    });
  for (const target of [
    '/../served.json',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/%00',
    '/js',
    '/%',
  ]) {
    assert.equal((await get(target)).statusCode, 404, target);
  }
  const page = await get('/');
  assert.equal(page.statusCode, 200);
  assert.equal(page.headers['cross-origin-embedder-policy'], 'require-corp');
  assert.match(page.headers['content-security-policy'], /default-src 'none'/);
  assert.equal(
    (await get('/vendor/litert/wasm/litert_wasm_internal.wasm')).headers['content-type'],
    'application/wasm',
  );
  const card = JSON.parse(await readFile(path.join(root, 'model', 'model.json'), 'utf8'));
  assert.deepEqual([card.file, card.image_size], ['tiny.tflite', [64, 64]]);
});
