/** A person who dances: joints are found where the page can, and corrected by hand. */

import { describeFound, findPoints } from '../finding.js';
import { History } from '../history.js';
import { fromPoints, standing } from '../joints.js';
import { PointFinder } from '../point_finder.js';
import { SkeletonEditor } from '../skeleton_editor.js';
import { DANCES, placedDance, referenceJoints } from './dances.js';
import { COCO_17, HUMAN36M_17, poseMaps } from './pose_maps.js';

const ZOOM = 1.5;
const element = (id) => document.getElementById(id);

/** @implements {import('./subject.js').Subject} */
export class Persons {
  example = 'example';
  name = 'dance';
  clips = DANCES;
  finder = new PointFinder('model/', 'person');
  picture = null;
  #start = null;
  #source = null;
  #editor;
  #onChange;

  constructor({ stage, onChange }) {
    this.#onChange = onChange;
    this.#editor = new SkeletonEditor(stage, element('joints'), {
      onChange: () => this.#showUndo(),
      onSelect: (text) => (element('joint-hint').textContent = text),
    });
    element('reset-joints').addEventListener('click', () => this.#editor.commit(this.#start));
    element('undo').addEventListener('click', () => this.#editor.undo());
    element('redo').addEventListener('click', () => this.#editor.redo());
    element('larger').addEventListener('click', () => this.#editor.resize(ZOOM));
    element('smaller').addEventListener('click', () => this.#editor.resize(1 / ZOOM));
  }

  get points() {
    return this.#source?.now ?? null;
  }

  open(photo, joints) {
    this.picture = photo;
    this.#start = joints ? fromPoints(joints, photo) : standing(photo);
    this.#source = new History(this.#start);
    if (joints) return;
    findPoints(this.finder, photo, {
      isCurrent: () => this.picture === photo,
      onFound: (found) => this.#place(found),
    });
  }

  /** Puts the dots on the joints; what was moved by hand meanwhile stays. */
  #place({ people, joints }) {
    this.#start = fromPoints(joints, this.picture);
    element('joint-hint').textContent = describeFound(people, this.#start);
    if (this.#source.canUndo) return;
    this.#source = new History(this.#start);
    this.#onChange();
  }

  edit(isShown) {
    element('tools').hidden = !isShown;
    this.#editor.edit(isShown ? this.#source : null, this.picture ?? undefined);
    this.#showUndo();
  }

  #showUndo() {
    element('undo').disabled = !this.#source?.canUndo;
    element('redo').disabled = !this.#source?.canRedo;
  }

  ownMaps(size) {
    return poseMaps(referenceJoints(this.points, this.picture, size), COCO_17, size);
  }

  *clipMaps(dance, size) {
    for (const joints of placedDance(dance, this.points, this.picture, size))
      yield poseMaps(joints, HUMAN36M_17, size);
  }
}
