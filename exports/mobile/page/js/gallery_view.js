/** The poses to choose from, as a row of small skeletons; one is chosen, as with radio buttons. */

import { LIMBS, NECK } from './joints.js';
import { jointColor } from './stage.js';

/** The limbs after these are in the face. */
const NUM_BODY_LIMBS = 13;
const SVG = 'http://www.w3.org/2000/svg';

export class GalleryView {
  #buttons = [];
  #element;

  /**
   * @param {HTMLElement} element
   * @param {(index: number) => void} onChoose
   */
  constructor(element, onChoose) {
    this.#element = element;
    this.onChoose = onChoose;
    element.addEventListener('keydown', (event) => this.#key(event));
  }

  /** @param {import('./poses.js').GalleryPose[]} poses */
  show(poses, chosen) {
    this.#buttons = poses.map((pose, index) => this.#card(pose, index));
    this.#element.replaceChildren(...this.#buttons);
    this.choose(chosen);
  }

  /** Marks a pose; -1: none, for a pose of one's own. */
  choose(index) {
    this.#buttons.forEach((button, at) => {
      button.setAttribute('aria-checked', String(at === index));
      button.tabIndex = at === Math.max(index, 0) ? 0 : -1;
    });
  }

  /** Scrolls to a pose. */
  reveal(index) {
    this.#buttons[index].scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #card(pose, index) {
    const button = document.createElement('button');
    button.type = 'button';
    button.setAttribute('role', 'radio');
    const title = document.createElement('span');
    title.textContent = pose.title;
    button.append(drawing(pose.joints), title);
    button.addEventListener('click', () => this.onChoose(index));
    return button;
  }

  #key(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = this.#buttons.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    const next = (at + step + this.#buttons.length) % this.#buttons.length;
    this.#buttons[next].focus();
    this.onChoose(next);
  }
}

function head(joints) {
  const face = [0, 14, 15, 16, 17].map((index) => joints[index]).filter(Boolean);
  const middle = (axis) => face.reduce((sum, point) => sum + point[axis], 0) / face.length;
  const circle = document.createElementNS(SVG, 'circle');
  const [cx, cy] = face.length ? [middle(0), middle(1)] : [joints[NECK][0], joints[NECK][1] - 0.35];
  for (const [name, value] of Object.entries({ cx, cy, r: 0.17 })) circle.setAttribute(name, value);
  circle.setAttribute('fill', jointColor(0));
  circle.setAttribute('stroke', 'none');
  return circle;
}

function drawing(joints) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '-1.6 -1.95 3.2 3.8');
  svg.setAttribute('aria-hidden', 'true');
  for (const [a, b] of LIMBS.slice(0, NUM_BODY_LIMBS)) {
    if (!joints[a] || !joints[b]) continue;
    const line = document.createElementNS(SVG, 'line');
    const [[x1, y1], [x2, y2]] = [joints[a], joints[b]];
    for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) line.setAttribute(name, value);
    line.setAttribute('stroke', jointColor(b));
    line.setAttribute('stroke-width', '0.09');
    svg.append(line);
  }
  svg.append(head(joints));
  return svg;
}
