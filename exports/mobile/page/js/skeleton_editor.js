/**
 * Moves joints by finger, mouse or keyboard, each change a step that can be undone.
 *
 * One finger on a joint drags it, a tap marks it missing or present again, two fingers enlarge. In 'whole' mode one
 * finger moves the whole skeleton and two fingers change its size.
 */

import { JointButtons } from './joint_buttons.js';
import { inside, moved, scaled, spokenName } from './joints.js';

const REACH = 30;
const TAP = 6;

export class SkeletonEditor {
  /** @type {'joint' | 'whole'} */
  mode = 'joint';
  #stage;
  #size = { width: 1, height: 1 };
  #history = null;
  #current = null;
  #selected = -1;
  #pointers = new Map();
  #gesture = null;
  #buttons;

  /**
   * @param {import('./stage.js').Stage} stage
   * @param {HTMLElement} jointsElement  Where the buttons of the joints go.
   * @param {{onChange: () => void, onSelect: (text: string) => void}} events
   */
  constructor(stage, jointsElement, events) {
    this.#stage = stage;
    this.events = events;
    this.#buttons = new JointButtons(jointsElement, {
      onFocus: (index) => this.#select(index),
      onToggle: (index) => this.#toggle(index),
      onStep: (index, dx, dy) => this.#step(index, dx, dy),
    });
    const { root } = stage;
    root.addEventListener('pointerdown', (event) => this.#down(event));
    root.addEventListener('pointermove', (event) => this.#move(event));
    for (const name of ['pointerup', 'pointercancel'])
      root.addEventListener(name, (event) => this.#up(event));
    root.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    stage.onDraw = () => this.#buttons.place(this.#current, stage);
    this.edit(null);
  }

  /**
   * Edits the skeleton of `history` from now on; null: nothing.
   * @param {import('./history.js').History<import('./joints.js').Skeleton> | null} history
   */
  edit(history, size = this.#size) {
    this.#history = history;
    this.#size = size;
    this.#selected = -1;
    this.#pointers.clear();
    this.#gesture = null;
    this.#show(history?.now ?? null);
  }

  undo() {
    this.#history.undo();
    this.#show(this.#history.now);
    this.events.onChange();
  }

  redo() {
    this.#history.redo();
    this.#show(this.#history.now);
    this.events.onChange();
  }

  /** Makes `skeleton` the next step. */
  commit(skeleton) {
    this.#history.push(skeleton);
    this.#show(skeleton);
    this.events.onChange();
  }

  /** The + and - buttons: the view, or in 'whole' mode the skeleton. */
  resize(factor) {
    if (this.mode === 'whole') this.commit(scaled(this.#history.now, factor, this.#size));
    else this.#stage.zoomBy(factor);
  }

  #show(skeleton) {
    this.#current = skeleton;
    this.#stage.showSkeleton(skeleton, this.#selected);
  }

  #select(index) {
    this.#selected = index;
    this.#show(this.#current);
    if (index >= 0) this.events.onSelect(describe(this.#current, index));
  }

  #toggle(index) {
    const toggled = this.#current.map((joint, at) =>
      at === index ? { ...joint, present: !joint.present } : joint,
    );
    this.commit(toggled);
    this.#select(index);
  }

  #moveJoint(skeleton, index, x, y) {
    return skeleton.map((joint, at) =>
      at === index ? inside({ x, y, present: true }, this.#size) : joint,
    );
  }

  #step(index, dx, dy) {
    const { x, y } = this.#current[index];
    this.commit(this.#moveJoint(this.#current, index, x + dx, y + dy));
    this.#select(index);
  }

  #nearest(at) {
    const { left, top } = this.#stage.root.getBoundingClientRect();
    const distances = this.#current.map((joint) => {
      const { x, y } = this.#stage.toStage(joint);
      return Math.hypot(x + left - at.x, y + top - at.y);
    });
    const least = Math.min(...distances);
    return least <= REACH ? distances.indexOf(least) : -1;
  }

  #down(event) {
    if (!this.#history || event.target.closest('.tools') || event.button > 0) return;
    event.preventDefault();
    this.#stage.root.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (this.#pointers.size === 1) this.#begin({ x: event.clientX, y: event.clientY });
    else if (this.#pointers.size === 2) this.#beginPinch();
  }

  #begin(at) {
    const start = this.#history.now;
    const index = this.mode === 'joint' ? this.#nearest(at) : -1;
    this.#gesture = { at, start, index, last: at, moved: false, from: this.#stage.toPicture(at) };
    this.#select(index);
  }

  #beginPinch() {
    const [a, b] = [...this.#pointers.values()];
    this.#show(this.#history.now);
    this.#gesture = {
      pinch: true,
      start: this.#history.now,
      first: distance(a, b),
      last: distance(a, b),
    };
  }

  #move(event) {
    if (!this.#pointers.has(event.pointerId) || !this.#gesture) return;
    const at = { x: event.clientX, y: event.clientY };
    this.#pointers.set(event.pointerId, at);
    if (this.#gesture.pinch) this.#pinch();
    else this.#drag(at);
  }

  #pinch() {
    const [a, b] = [...this.#pointers.values()];
    const apart = Math.max(1, distance(a, b));
    const { start, first, last } = this.#gesture;
    if (this.mode === 'whole') this.#show(scaled(start, apart / first, this.#size));
    else this.#stage.zoomBy(apart / last, { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
    this.#gesture.last = apart;
  }

  #drag(at) {
    const gesture = this.#gesture;
    gesture.moved ||= distance(at, gesture.at) > TAP;
    if (!gesture.moved) return;
    const now = this.#stage.toPicture(at);
    const [dx, dy] = [now.x - gesture.from.x, now.y - gesture.from.y];
    if (this.mode === 'whole') {
      this.#show(moved(gesture.start, dx, dy, this.#size));
    } else if (gesture.index >= 0) {
      const { x, y } = gesture.start[gesture.index];
      this.#show(this.#moveJoint(gesture.start, gesture.index, x + dx, y + dy));
    } else {
      this.#stage.panBy(at.x - gesture.last.x, at.y - gesture.last.y);
    }
    gesture.last = at;
  }

  #up(event) {
    if (!this.#pointers.delete(event.pointerId) || !this.#gesture) return;
    const { index, pinch, moved: hasMoved, start } = this.#gesture;
    this.#gesture = null;
    const isTap = !pinch && !hasMoved && index >= 0 && event.type === 'pointerup';
    if (isTap) this.#toggle(index);
    else if (event.type === 'pointercancel') this.#show(start);
    else if (this.#current !== start) this.commit(this.#current);
    if (index >= 0) this.#select(index);
  }

  #wheel(event) {
    if (!this.#history) return;
    event.preventDefault();
    this.#stage.zoomBy(Math.exp(-event.deltaY / 400), { x: event.clientX, y: event.clientY });
  }
}

function describe(skeleton, index) {
  const name = spokenName(index);
  const title = name[0].toUpperCase() + name.slice(1);
  return skeleton[index].present
    ? `${title}. Tap it if it is hidden.`
    : `${title}: missing. Tap it to bring it back.`;
}

function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
