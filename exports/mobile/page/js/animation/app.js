/** Starts the page of a model that animates, and leads through its three steps: photo, points, clip. */

import { Engine } from '../engine.js';
import { loadModel } from '../loading.js';
import { clearError } from '../messages.js';
import { keepOffline } from '../offline.js';
import { connectOpening } from '../opening.js';
import { Stage } from '../stage.js';
import { showStep } from '../steps.js';
import { Player } from './player.js';
import { makeSubject } from './subject.js';

const element = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];

const stage = new Stage({
  root: element('stage'),
  picture: element('picture'),
  overlay: element('overlay'),
});
const engine = new Engine('model/');
let current = 'photo';
const subject = makeSubject(document.body.dataset.material, {
  stage,
  engine,
  onChange: () => go(current),
});
const player = new Player(stage, engine, subject);

start();

async function start() {
  for (const button of all('[data-step-to]'))
    button.addEventListener('click', () => go(button.dataset.stepTo));
  connectOpening({
    ready: Promise.resolve(),
    example: subject.example,
    onPicture: (picture, points) => {
      element('empty').hidden = true;
      subject.open(picture, points);
      go('points');
    },
  });
  await keepOffline({ onUpdate: offerUpdate });
  await loadModel(engine, subject.finder);
}

/** @param {'photo' | 'points' | 'clip'} step */
function go(step) {
  clearError();
  player.stop();
  current = step;
  showStep(step, all('.steps [data-step-to]'));
  const { picture, points } = subject;
  const isOpen = { photo: true, points: picture, clip: points };
  for (const button of all('[data-step-to]')) button.disabled = !isOpen[button.dataset.stepTo];
  stage.resetView();
  subject.edit(step === 'points');
  if (step === 'clip') player.enter();
  else if (picture) stage.showPicture(picture.canvas, picture, { label: 'Photo' });
}

function offerUpdate(apply) {
  element('update').hidden = false;
  element('update-now').addEventListener('click', apply, { once: true });
}
