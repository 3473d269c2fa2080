/** What the page says: errors, work in progress, and the line at the top. */

import { explain } from './errors.js';

const element = (id) => document.getElementById(id);
let retry = null;
let works = [];

element('error-close').addEventListener('click', clearError);
element('error-retry').addEventListener('click', () => {
  const again = retry;
  clearError();
  again?.();
});

/**
 * @param {unknown} problem
 * @param {(() => void) | null} again  What "Try again" does; without it there is no such button.
 */
export function showError(problem, again = null) {
  const error = explain(problem);
  console.warn(`${error.kind}: ${error.detail}`);
  retry = again;
  element('error-title').textContent = error.title;
  element('error-text').textContent = error.text;
  element('error-retry').hidden = !again;
  element('error').hidden = false;
  element('error').scrollIntoView({ block: 'nearest' });
}

export function clearError() {
  retry = null;
  element('error').hidden = true;
}

/** @param {string} text */
export function showStatus(text) {
  element('status').textContent = text;
}

/**
 * Says what is being done if it takes more than a moment; of several such works, the latest.
 * @template T
 * @param {string} text
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export async function whileBusy(text, work) {
  const own = { text };
  const timer = setTimeout(() => {
    works.push(own);
    showWorks();
  }, 150);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    works = works.filter((other) => other !== own);
    showWorks();
  }
}

function showWorks() {
  element('busy').hidden = !works.length;
  element('busy-text').textContent = works.at(-1)?.text ?? '';
}

/** 4.2 MB */
export function spokenBytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** 38 ms, 1.4 s */
export function spokenTime(milliseconds) {
  return milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toFixed(1)} s`;
}
