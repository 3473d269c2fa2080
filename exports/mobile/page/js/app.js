/** Starts the page and leads through its four steps: photo, joints, pose, result. */

import { Engine } from './engine.js';
import { describeFound, findPoints } from './finding.js';
import { GalleryView } from './gallery_view.js';
import { History } from './history.js';
import { PointFinder } from './point_finder.js';
import { fromPoints, standing } from './joints.js';
import { loadModel } from './loading.js';
import { clearError } from './messages.js';
import { keepOffline } from './offline.js';
import { connectOpening } from './opening.js';
import { connectPosePhoto } from './pose_photo.js';
import { loadGallery, mirrored, placed } from './poses.js';
import { Reposer } from './reposer.js';
import { ResultPanel } from './result_panel.js';
import { SkeletonEditor } from './skeleton_editor.js';
import { Stage } from './stage.js';
import { showStep } from './steps.js';

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
const finder = new PointFinder('model/');
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
  await loadModel(engine, finder);
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
  connectPosePhoto(finder, addPose);
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
  if (!points)
    findPoints(finder, picture, {
      isCurrent: () => state.picture === picture,
      onFound: placeJoints,
    });
}

/**
 * Puts the dots on the joints. What the person has moved by hand meanwhile stays; "Reset" leads to what was found.
 * @param {import('./detection/finder.js').Found} found
 */
function placeJoints({ people, joints, box }) {
  state.box = box;
  state.start = fromPoints(joints, state.picture);
  state.hint = describeFound(people, state.start);
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
  showStep(step, all('[data-step-to]'));
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
  element('pose-hint').hidden = true;
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

/** A pose of somebody else, behind those of the gallery. */
function addPose(pose, people) {
  state.poses = [...state.poses, pose];
  const last = state.poses.length - 1;
  showGallery();
  choosePose(last);
  galleryView.reveal(last);
  const hint = element('pose-hint');
  hint.hidden = people < 2;
  hint.textContent = `${people} people were found; this is the pose of the largest.`;
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
