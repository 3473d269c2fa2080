/** Which step of a page is shown. */

/**
 * @param {string} step
 * @param {HTMLElement[]} buttons  Those that lead to steps; that of the one shown is marked.
 */
export function showStep(step, buttons) {
  document.body.dataset.step = step;
  for (const button of buttons) {
    if (button.dataset.stepTo === step) button.setAttribute('aria-current', 'step');
    else button.removeAttribute('aria-current');
  }
}
