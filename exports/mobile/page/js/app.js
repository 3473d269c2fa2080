/** Starts the page and leads through its four steps: photo, joints, pose, result. */

import { Engine } from './engine.js';
import { PageError } from './errors.js';
import { GalleryView } from './gallery_view.js';
import { History } from './history.js';
import { JointFinder } from './joint_finder.js';
import { fromPoints, numPresent, standing } from './joints.js';
import { clearError, showError, showStatus, spokenBytes, whileBusy } from './messages.js';
import { areKept, keepOffline } from './offline.js';
import { connectOpening } from './opening.js';
import { loadGallery, mirrored, placed } from './poses.js';
import { Reposer } from './reposer.js';
import { ResultPanel } from './result_panel.js';
import { SkeletonEditor } from './skeleton_editor.js';
import { Stage } from './stage.js';

const ZOOM = { joint: 1.5, whole: 1.08 };
const HINTS = {
  joint: 'Drag a dot. Tap it if the photo does not show that joint.',
  whole: 'Drag to move the body, pinch to resize it.',
};
const element = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];

const stage = new Stage({
  root: element('stage'),
  picture: element('picture'),
  overlay: element('overlay'),
});
const engine = new Engine('model/');
const finder = new JointFinder('model/');
const results = new ResultPanel(stage, new Reposer(engine));
const editor = new SkeletonEditor(stage, element('joints'), {
  onChange: poseEdited,
  onSelect: (text) => (element('joint-hint').textContent = text),
});
const galleryView = new GalleryView(element('gallery'), choosePose);

/** What the person has chosen so far. */
const state = {
  step: 'photo',
  picture: null,
  hint: HINTS.joint,
  box: null,
  start: null,
  source: null,
  target: null,
  poses: [],
  pose: 2,
  from: -1,
};

/** No step after the first works without the poses; a failure shows when they are needed. */
const galleryLoaded = loadGallery().then((poses) => {
  state.poses = poses;
  showGallery();
});
galleryLoaded.catch(() => {});

start();

async function start() {
  connect();
  await keepOffline({ onUpdate: offerUpdate });
  await loadModel();
}

async function loadModel() {
  showStatus('Loading the model');
  try {
    showRuntime(await engine.load());
    document.body.dataset.model = 'ready';
  } catch (error) {
    showStatus('No model');
    document.body.dataset.model = 'failed';
    showError(error, loadModel);
    return;
  }
  const faster = await engine.tryWebGpu();
  if (faster) showRuntime(faster);
  document.body.dataset.accelerator = faster ? 'webgpu' : 'wasm';
}

async function showRuntime({ card, model, runtime }) {
  const threads = runtime.threads > 1 ? ` × ${runtime.threads}` : '';
  const where = runtime.accelerator === 'webgpu' ? 'WebGPU' : `WASM${threads}`;
  const status = [spokenBytes(card.bytes), where].join(' · ');
  showStatus(status);
  const kept = await areKept([model, ...runtime.files, ...(await finder.files())]);
  // Not if WebGPU has taken over since.
  if (kept && element('status').textContent === status) showStatus(`${status} · offline ready`);
}

function connect() {
  for (const button of all('[data-step-to]'))
    button.addEventListener('click', () => go(button.dataset.stepTo));
  element('to-pose').addEventListener('click', () => go('pose'));
  element('to-result').addEventListener('click', () => go('result'));
  element('reset-joints').addEventListener('click', () => editor.commit(state.start));
  element('mirror').addEventListener('click', mirrorPose);
  for (const button of all('[data-move-all]')) {
    button.addEventListener('click', () => setMode(editor.mode === 'whole' ? 'joint' : 'whole'));
  }
  element('undo').addEventListener('click', () => editor.undo());
  element('redo').addEventListener('click', () => editor.redo());
  element('larger').addEventListener('click', () => editor.resize(ZOOM[editor.mode]));
  element('smaller').addEventListener('click', () => editor.resize(1 / ZOOM[editor.mode]));
  element('from').addEventListener('change', ({ target }) => {
    state.from = Number(target.value);
    openResult();
  });
  connectOpening({ ready: galleryLoaded, onPicture: usePicture });
}

/** @param {import('./picture.js').Picture} picture */
function usePicture(picture, points) {
  state.picture = picture;
  state.hint = HINTS.joint;
  state.box = null;
  state.start = points ? fromPoints(points, picture) : standing(picture);
  state.source = new History(state.start);
  state.target = null;
  element('empty').hidden = true;
  for (const button of all('[data-step-to]')) button.disabled = false;
  go('joints');
  if (!points) findJoints(picture);
}

/** Puts the dots on the joints; without the models for that, the person does it. */
async function findJoints(picture) {
  if (!(await finder.isThere().catch(() => false))) return;
  try {
    const found = await whileBusy('Finding the joints', finder.find(picture));
    if (state.picture !== picture) return;
    if (!found.joints) throw new PageError('nobody-found');
    placeJoints(found);
  } catch (error) {
    if (state.picture !== picture) return;
    showError(error, error.kind === 'nobody-found' ? null : () => findJoints(picture));
  }
}

/** What the person has moved by hand meanwhile stays; "Reset" still leads to what was found. */
function placeJoints({ people, joints, box }) {
  state.box = box;
  state.start = fromPoints(joints, state.picture);
  const numHidden = joints.length - numPresent(state.start);
  const hidden = numHidden ? ` ${numHidden} joints do not show.` : '';
  const whose = people > 1 ? `${people} people were found; the dots are on the largest.` : '';
  state.hint = `${whose || 'The dots were placed for you.'}${hidden} Drag those that are off.`;
  if (state.source.canUndo) return;
  state.source = new History(state.start);
  if (!state.target?.canUndo) state.target = null;
  go(state.step);
}

/** @param {'photo' | 'joints' | 'pose' | 'result'} step */
function go(step) {
  clearError();
  results.leave();
  state.step = step;
  document.body.dataset.step = step;
  for (const button of all('[data-step-to]')) {
    if (button.dataset.stepTo === step) button.setAttribute('aria-current', 'step');
    else button.removeAttribute('aria-current');
  }
  element('tools').hidden = step !== 'joints' && step !== 'pose';
  setMode('joint');
  stage.resetView();
  const { picture } = state;
  if (step === 'pose' && !state.target) choosePose(state.pose);
  const edited = { joints: state.source, pose: state.target }[step] ?? null;
  editor.edit(edited, picture ?? undefined);
  if (picture && step !== 'result') {
    stage.showPicture(picture.canvas, picture, { label: 'Photo', dimmed: step === 'pose' });
  }
  showUndo();
  if (step === 'result') openResult();
}

function openResult() {
  if (!state.target) state.target = new History(gallerySkeleton(state.pose));
  const { picture, source, target, from, box } = state;
  results.open({
    picture,
    box,
    source: source.now,
    target: target.now,
    from: from < 0 ? source.now : gallerySkeleton(from),
  });
}

function gallerySkeleton(index) {
  return placed(state.poses[index], state.source.now, state.picture);
}

function choosePose(index) {
  state.pose = index;
  galleryView.choose(index);
  if (!state.picture) return;
  const skeleton = gallerySkeleton(index);
  if (state.target) editor.commit(skeleton);
  else state.target = new History(skeleton);
  // A commit tells that the pose was edited; this one is the gallery's own.
  galleryView.choose(index);
}

function mirrorPose() {
  state.poses = state.poses.map(mirrored);
  const button = element('mirror');
  button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'));
  showGallery();
  choosePose(state.pose);
}

function showGallery() {
  galleryView.show(state.poses, state.pose);
  const options = ['Photo', ...state.poses.map(({ title }) => title)];
  const toOption = (title, index) =>
    new Option(title, String(index - 1), false, index - 1 === state.from);
  element('from').replaceChildren(...options.map(toOption));
}

function setMode(mode) {
  editor.mode = mode;
  for (const button of all('[data-move-all]')) {
    button.setAttribute('aria-pressed', String(mode === 'whole'));
  }
  const [smaller, larger] =
    mode === 'whole' ? ['Make the body smaller', 'Make the body larger'] : ['Zoom out', 'Zoom in'];
  element('smaller').setAttribute('aria-label', smaller);
  element('larger').setAttribute('aria-label', larger);
  element('joint-hint').textContent = mode === 'whole' ? HINTS.whole : state.hint;
}

function poseEdited() {
  showUndo();
  if (state.step === 'pose') galleryView.choose(-1);
}

function showUndo() {
  const history = { joints: state.source, pose: state.target }[state.step];
  element('undo').disabled = !history?.canUndo;
  element('redo').disabled = !history?.canRedo;
}

function offerUpdate(apply) {
  element('update').hidden = false;
  element('update-now').addEventListener('click', apply, { once: true });
}
