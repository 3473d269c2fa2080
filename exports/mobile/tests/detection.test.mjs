/** From raw answers of the detection models to joints: against closed forms, and steps of the Python package's detection. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { NUM_ANCHORS, makeAnchors } from '../page/js/detection/anchors.js';
import { toBox, toJoints } from '../page/js/detection/body.js';
import { decode, overlap, suppress } from '../page/js/detection/detector.js';
import { findPerson } from '../page/js/detection/finder.js';
import { decodeLandmarks, refine } from '../page/js/detection/landmarks.js';
import {
  crop,
  reduce,
  regionOfPerson,
  toPicture,
  wholePicture,
} from '../page/js/detection/region.js';
import { JOINT_NAMES } from '../page/js/joints.js';

const golden = JSON.parse(await readFile(new URL('golden/person.json', import.meta.url), 'utf8'));
const SIZE = { width: 288, height: 384 };

function close(got, expected, tolerance, name) {
  assert.equal(got.length, expected.length, name);
  got.forEach((value, i) =>
    assert.ok(Math.abs(value - expected[i]) <= tolerance, `${name}: ${got}, expected ${expected}`),
  );
}

/** Raw answers of the detector: nobody, but for given anchors. */
function rawAnswers(entries) {
  const values = new Float32Array(NUM_ANCHORS * 12);
  const scores = new Float32Array(NUM_ANCHORS).fill(-20);
  for (const { anchor, raw, logit } of entries) {
    values.set(raw, 12 * anchor);
    scores[anchor] = logit;
  }
  return [values, scores];
}

test('anchors are the middles of the cells of three grids, row by row', () => {
  const anchors = makeAnchors();
  const at = (index) => [...anchors.subarray(2 * index, 2 * index + 2)];
  close(at(1), [0.5 / 28, 0.5 / 28], 1e-6, 'the second of the first cell');
  close(at(2 * (28 * 3 + 5)), [5.5 / 28, 3.5 / 28], 1e-6, 'column 5, row 3');
  close(at(1568), [0.5 / 14, 0.5 / 14], 1e-6, 'the first of the second grid');
  close(at(1568 + 392 + 6 * 7 + 5), [0.5 / 7, 1.5 / 7], 1e-6, 'the last of a cell of the third');
  close(at(NUM_ANCHORS - 1), [6.5 / 7, 6.5 / 7], 1e-6, 'the last');
});

test('the best anchor of a photo gives the region of its person that the Python package found', () => {
  const { anchor, raw, logit, points_in_picture: expected } = golden.detector;
  const [{ score, numbers }] = decode(...rawAnswers([{ anchor, raw, logit }]), makeAnchors());
  assert.ok(Math.abs(score - golden.detector.score) < 1e-4);
  const whole = wholePicture(SIZE);
  const points = [4, 6, 8, 10].map((at) => toPicture(whole, numbers[at], numbers[at + 1]));
  // The mean with its neighbours lies a few pixels off.
  points.forEach((point, index) => close(point, expected[index], 8, `point ${index}`));
});

test('regions follow from the points that the Python package found', () => {
  const ends = [golden.detector.points_in_picture, golden.looks[0].alignment_points];
  ends.forEach(([hips, end], index) => {
    const { x, y, size, angle } = regionOfPerson(hips, end);
    const { center, side, angle: turned } = golden.looks[index].region;
    close([x, y, size], [...center, side], 0.01, `look ${index}`);
    close([angle], [turned], 1e-4, `angle of look ${index}`);
  });
});

test('a person who lies is turned upright, and x and y are told apart', () => {
  const region = regionOfPerson([100, 50], [140, 50]);
  close([region.size, region.angle], [100, Math.PI / 2], 1e-9, 'region');
  // The head is to the right of the hips: the top of the region is there.
  close(toPicture(region, 0.5, 0), [150, 50], 1e-9, 'top');
  close(toPicture(region, 1, 0.5), [100, 100], 1e-9, 'right');
});

test('several boxes of one person become their weighted mean; another person stays', () => {
  const box = (left, top, score) => ({
    score,
    numbers: [left, top, left + 0.2, top + 0.2, ...Array(8).fill(left)],
  });
  assert.ok(Math.abs(overlap(box(0, 0, 1), box(0.1, 0, 1)) - 1 / 3) < 1e-9);
  assert.equal(overlap(box(0, 0, 1), box(0.3, 0, 1)), 0);
  const people = suppress([box(0.6, 0.5, 0.7), box(0.1, 0.1, 0.6), box(0.12, 0.1, 0.9)]);
  assert.deepEqual(
    people.map(({ score }) => score),
    [0.9, 0.7],
  );
  close([people[0].numbers[0]], [(0.1 * 0.6 + 0.12 * 0.9) / 1.5], 1e-9, 'left');
});

test('a crop samples between the middles of pixels; beyond the picture it is black, or its edge', () => {
  // Red is the column, green the row.
  const [width, height] = [8, 6];
  const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) => {
    const pixel = i >> 2;
    return [10 * (pixel % width), 10 * Math.floor(pixel / width), 0, 255][i % 4];
  });
  const region = { x: 3.25, y: 2.5, size: 4, angle: 0 };
  const how = { low: 0, high: 255, border: 'edge' };
  const picture = crop({ data, width, height }, region, 4, how);
  close([...picture.slice(0, 3)], [17.5, 10, 0], 1e-3, 'first');
  close([...picture.slice(-3)], [47.5, 40, 0], 1e-3, 'last');
  const far = { x: 20, y: 2, size: 1, angle: 0 };
  close([...crop({ data, width, height }, far, 1, how)], [70, 20, 0], 1e-3, 'edge');
  const dark = crop({ data, width, height }, far, 1, { low: -1, high: 1, border: 'black' });
  close([...dark], [-1, -1, -1], 1e-6, 'black');
});

test('a picture is averaged before it becomes much smaller', () => {
  const data = Uint8ClampedArray.from({ length: 5 * 4 }, (_, i) => (i % 4 === 0 ? 10 * i : 255));
  const { data: means, width, height } = reduce({ data, width: 5, height: 1 }, 2);
  assert.deepEqual([width, height], [3, 1]);
  close([means[0], means[4], means[8]], [20, 100, 160], 1e-6, 'means');
});

test('landmarks move to the middle of the heat around them, where there is enough', () => {
  const values = new Float32Array(39 * 5);
  values.set([128, 64, 0, 3, 0], 0);
  values.set([128, 64, 0, -3, 0], 5);
  const heatmap = new Float32Array(64 * 64 * 39).fill(-30);
  // The cell of both is column 32, row 16. For the first, heat in column 34, rows 15 and 17, three times as much below.
  const at = (column, row, index) => (row * 64 + column) * 39 + index;
  heatmap[at(34, 15, 0)] = Math.log(0.2 / 0.8);
  heatmap[at(34, 17, 0)] = Math.log(0.6 / 0.4);
  heatmap[at(34, 15, 1)] = Math.log(0.2 / 0.8);
  heatmap[at(40, 16, 1)] = 30;
  const [first, second] = refine(decodeLandmarks(values), heatmap);
  close([first.x, first.y], [34 / 64, (15 * 0.25 + 17 * 0.75) / 64], 1e-4, 'moved');
  close([second.x, second.y], [0.5, 0.25], 1e-9, 'too cold, and too far');
  assert.ok(first.visibility > 0.95 && second.visibility < 0.05);
});

test('each joint comes from its landmark; the neck from both shoulders; unseen and outside ones are missing', () => {
  const landmarks = Array.from({ length: 39 }, (_, i) => ({
    x: i / 100,
    y: i / 50,
    visibility: 1,
  }));
  landmarks[25].visibility = 0.4;
  landmarks[16] = { x: -0.1, y: 0.5, visibility: 1 };
  landmarks[11].visibility = 0.1;
  const region = { x: 50, y: 50, size: 100, angle: 0 };
  const joints = toJoints(landmarks, region, { width: 101, height: 101 });
  const of = (name) => joints[JOINT_NAMES.indexOf(name)];
  close(of('nose'), [0, 0], 1e-9, 'nose');
  close(of('right_shoulder'), [12, 24], 1e-9, 'right shoulder');
  close(of('left_ear'), [7, 14], 1e-9, 'left ear');
  close(of('right_ankle'), [28, 56], 1e-9, 'right ankle');
  for (const name of ['left_knee', 'right_wrist', 'left_shoulder', 'neck'])
    assert.equal(of(name), null, name);
});

test('the box of a person is where the mask says, within the picture', () => {
  const mask = new Float32Array(256 * 256).fill(-5);
  for (let row = 64; row < 128; row++) mask.fill(5, row * 256 + 32, row * 256 + 48);
  const region = { x: 127.5, y: 127.5, size: 256, angle: 0 };
  const box = toBox(mask, region, { width: 256, height: 100 });
  assert.deepEqual(box, { left: 32.5, top: 64.5, right: 47.5, bottom: 99.5 });
  assert.equal(toBox(mask.fill(-5), region, { width: 256, height: 256 }), null);
});

/** Models that see people of given sizes, of whom some turn out not to be there. */
function fakeModels(people) {
  const entries = people.map(({ anchor, reach }) => ({
    anchor,
    logit: 5,
    raw: [0, 0, 20, 20, 0, 0, 0, -reach, 0, 0, 0, 0],
  }));
  const presences = people.map(({ presence }) => presence);
  const landmarks = new Float32Array(195);
  landmarks.set([128, 128, 0, 0, 0, 128, 20, 0, 0, 0], 33 * 5);
  return {
    detector: { runInOrder: async () => rawAnswers(entries) },
    landmarks: {
      runInOrder: async () => [
        landmarks,
        new Float32Array([presences.length > 1 ? presences.shift() : presences[0]]),
        new Float32Array(256 * 256),
        new Float32Array(64 * 64 * 39).fill(-30),
      ],
    },
  };
}

const pixels = { data: new Uint8ClampedArray(64 * 64 * 4), width: 64, height: 64 };
const person = (anchor, reach, presence) => ({ anchor, reach, presence });

test('of several people the largest is taken, or the next if nobody is there', async () => {
  const two = await findPerson(pixels, fakeModels([person(100, 30, 1), person(1000, 80, 1)]));
  assert.equal(two.people, 2);
  assert.equal(two.joints.length, 18);
  const second = await findPerson(pixels, fakeModels([person(1000, 80, 0.1), person(100, 30, 1)]));
  assert.ok(second.joints);
});

test('nobody is nobody, to the detector and to the second model', async () => {
  for (const people of [[], [person(100, 30, 0.1)]]) {
    const found = await findPerson(pixels, fakeModels(people));
    assert.deepEqual(found, { people: 0, joints: null, box: null });
  }
});
