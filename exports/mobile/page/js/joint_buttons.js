/** A button per joint for keyboards and screen readers; fingers and mice use the stage, which finds the nearest joint. */

import { JOINT_NAMES, spokenName } from './joints.js';

const STEP = { fine: 1, coarse: 10 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class JointButtons {
  #buttons;

  /**
   * @param {HTMLElement} element
   * @param {Object} events
   * @param {(index: number) => void} events.onFocus
   * @param {(index: number) => void} events.onToggle
   * @param {(index: number, dx: number, dy: number) => void} events.onStep  In pixels of the picture.
   */
  constructor(element, events) {
    this.#buttons = JOINT_NAMES.map((_, index) => makeButton(index, events));
    element.append(...this.#buttons);
  }

  /**
   * @param {import('./joints.js').Skeleton | null} skeleton  null: there is nothing to move.
   * @param {import('./stage.js').Stage} stage
   */
  place(skeleton, stage) {
    this.#buttons.forEach((button, index) => {
      button.hidden = !skeleton;
      if (!skeleton) return;
      const joint = skeleton[index];
      const { x, y } = stage.toStage(joint);
      button.style.left = `${x}px`;
      button.style.top = `${y}px`;
      const place = joint.present ? `at ${Math.round(joint.x)}, ${Math.round(joint.y)}` : 'missing';
      button.setAttribute('aria-label', `${spokenName(index)}, ${place}`);
    });
  }
}

function makeButton(index, { onFocus, onToggle, onStep }) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'joint';
  button.addEventListener('focus', () => onFocus(index));
  // Pointers never get here: this is Enter, Space or a screen reader.
  button.addEventListener('click', () => onToggle(index));
  button.addEventListener('keydown', (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = event.shiftKey ? STEP.coarse : STEP.fine;
    onStep(index, step * arrow[0], step * arrow[1]);
  });
  return button;
}
