/** Starts the page of a model that animates, and leads through its three steps: photo, joints, dance. */

import { Engine } from '../engine.js';
import { describeFound, findJoints } from '../finding.js';
import { History } from '../history.js';
import { JointFinder } from '../joint_finder.js';
import { fromPoints, standing } from '../joints.js';
import { loadModel } from '../loading.js';
import { clearError } from '../messages.js';
import { keepOffline } from '../offline.js';
import { connectOpening } from '../opening.js';
import { SkeletonEditor } from '../skeleton_editor.js';
import { Stage } from '../stage.js';
import { showStep } from '../steps.js';
import { Player } from './player.js';

const ZOOM = 1.5;
const element = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];

const stage = new Stage({
  root: element('stage'),
  picture: element('picture'),
  overlay: element('overlay'),
});
const engine = new Engine('model/');
const finder = new JointFinder('model/');
const player = new Player(stage, engine);
const editor = new SkeletonEditor(stage, element('joints'), {
  onChange: showUndo,
  onSelect: (text) => (element('joint-hint').textContent = text),
});

/** What the person has chosen so far. */
const state = { step: 'photo', picture: null, start: null, source: null };

start();

async function start() {
  for (const button of all('[data-step-to]'))
    button.addEventListener('click', () => go(button.dataset.stepTo));
  element('reset-joints').addEventListener('click', () => editor.commit(state.start));
  element('undo').addEventListener('click', () => editor.undo());
  element('redo').addEventListener('click', () => editor.redo());
  element('larger').addEventListener('click', () => editor.resize(ZOOM));
  element('smaller').addEventListener('click', () => editor.resize(1 / ZOOM));
  connectOpening({ ready: Promise.resolve(), onPicture: usePicture });
  await keepOffline({ onUpdate: offerUpdate });
  await loadModel(engine, finder);
}

/** @param {import('../picture.js').Picture} picture */
function usePicture(picture, points) {
  state.picture = picture;
  state.start = points ? fromPoints(points, picture) : standing(picture);
  state.source = new History(state.start);
  element('empty').hidden = true;
  for (const button of all('[data-step-to]')) button.disabled = false;
  go('joints');
  if (!points)
    findJoints(finder, picture, {
      isCurrent: () => state.picture === picture,
      onFound: placeJoints,
    });
}

/** Puts the dots on the joints; what was moved by hand meanwhile stays. */
function placeJoints({ people, joints }) {
  state.start = fromPoints(joints, state.picture);
  element('joint-hint').textContent = describeFound(people, state.start);
  if (state.source.canUndo) return;
  state.source = new History(state.start);
  go(state.step);
}

/** @param {'photo' | 'joints' | 'dance'} step */
function go(step) {
  clearError();
  player.stop();
  state.step = step;
  showStep(step, all('.steps [data-step-to]'));
  element('tools').hidden = step !== 'joints';
  stage.resetView();
  const { picture, source } = state;
  editor.edit(step === 'joints' ? source : null, picture ?? undefined);
  if (step === 'dance') player.enter(picture, source.now);
  else if (picture) stage.showPicture(picture.canvas, picture, { label: 'Photo' });
  showUndo();
}

function showUndo() {
  element('undo').disabled = !state.source?.canUndo;
  element('redo').disabled = !state.source?.canRedo;
}

function offerUpdate(apply) {
  element('update').hidden = false;
  element('update-now').addEventListener('click', apply, { once: true });
}
