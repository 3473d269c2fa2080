/** A face that talks: its landmarks are found where the page can, and a square around it is taken, or read from a file. */

import { findPoints } from '../finding.js';
import { PageError } from '../errors.js';
import { clearError, showError } from '../messages.js';
import { PointFinder } from '../point_finder.js';
import { drawFace } from './face_drawing.js';
import { faceMaps, requireNear } from './face_maps.js';
import { cutFace } from './face_square.js';
import { readLandmarks } from './landmarks.js';
import { TALKS, placedTalk } from './talks.js';

const HINTS = {
  none: 'Lines will follow jaw, brows, nose, eyes and lips.',
  alone:
    'This page was built without the models that find a face: open a file of its landmarks, or try the example.',
  known: 'The landmarks come with the example.',
  found: 'A face was found, and the square around it is taken. Go on if the lines lie on it.',
  read: 'These are the landmarks of the file.',
};
const element = (id) => document.getElementById(id);

/** @implements {import('./subject.js').Subject} */
export class Faces {
  example = 'face';
  name = 'talk';
  clips = TALKS;
  finder = new PointFinder('model/', 'face');
  picture = null;
  points = null;
  /** As it was opened: `picture` may be a part of it. */
  #photo = null;
  #page;

  constructor(page) {
    this.#page = page;
    element('landmarks-open').addEventListener('click', () => element('landmarks-file').click());
    element('landmarks-file').addEventListener('change', () => this.#read());
  }

  open(photo, landmarks) {
    this.#photo = this.picture = photo;
    this.points = null;
    this.#hint('none');
    if (landmarks) this.#use(photo, landmarks, 'known');
    else this.#find(photo);
  }

  async #find(photo) {
    const isCurrent = () => this.#photo === photo && !this.points;
    if (!(await this.finder.isThere().catch(() => true)) && isCurrent()) this.#hint('alone');
    await findPoints(this.finder, photo, {
      isCurrent,
      onFound: async ({ landmarks }) => {
        const { card } = await this.#page.engine.load();
        if (!isCurrent()) return;
        const cut = cutFace(photo, landmarks, card.image_size);
        this.#use(cut.picture, cut.landmarks, 'found');
        this.#page.onChange();
      },
    });
  }

  /** Landmarks of a file are those of the whole photo. */
  async #read() {
    const input = element('landmarks-file');
    const [file] = input.files;
    clearError();
    try {
      const landmarks = readLandmarks(await file.text());
      const { original, width, height } = this.#photo;
      requireNear(landmarks, original);
      const scaled = landmarks.map(([x, y]) => [
        ((x + 0.5) * width) / original.width - 0.5,
        ((y + 0.5) * height) / original.height - 0.5,
      ]);
      this.#use(this.#photo, scaled, 'read');
      this.#page.onChange();
    } catch (error) {
      showError(error instanceof PageError ? error : new PageError('landmarks-unreadable', error));
    }
    // The same file may be chosen again.
    input.value = '';
  }

  #use(picture, landmarks, hint) {
    this.picture = picture;
    this.points = landmarks;
    this.#hint(hint);
  }

  #hint(name) {
    element('face-hint').textContent = HINTS[name];
  }

  edit(isShown) {
    const { points } = this;
    // Middles of pixels lie on whole numbers.
    const middle = ([x, y]) => ({ x: x + 0.5, y: y + 0.5 });
    const draw = (context, toStage) => drawFace(context, points.map(middle).map(toStage));
    this.#page.stage.showDrawing(isShown && points ? draw : null);
  }

  ownMaps(size) {
    return faceMaps(this.points, this.picture, size);
  }

  *clipMaps(talk, size) {
    const { picture } = this;
    for (const landmarks of placedTalk(talk, this.points)) yield faceMaps(landmarks, picture, size);
  }
}
