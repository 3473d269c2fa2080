/** The ways in which a picture gets into the page: chosen, taken, dropped, or the example. */

import { PageError } from './errors.js';
import { clearError, showError, whileBusy } from './messages.js';
import { openPicture } from './picture.js';

const element = (id) => document.getElementById(id);

/**
 * @param {Object} how
 * @param {Promise<unknown>} how.ready  What has to be there before a picture can be used.
 * @param {string} [how.example]  What the files of the example are called.
 * @param {(picture: import('./picture.js').Picture, points: [number, number][] | null) => void} how.onPicture  Joints, or
 *   landmarks, are known of the example.
 */
export function connectOpening({ ready, example = 'example', onPicture }) {
  const open = async (file, points = null) => {
    clearError();
    try {
      const opened = Promise.all([openPicture(file), ready]);
      const [picture] = await whileBusy('Opening the picture', opened);
      onPicture(picture, points);
    } catch (error) {
      showError(error);
    }
  };
  for (const kind of ['choose', 'take']) {
    const input = element(`${kind}-file`);
    element(kind).addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      if (input.files.length) open(input.files[0]);
      // The same file may be chosen again.
      input.value = '';
    });
  }
  element('example').addEventListener('click', async () => {
    const found = await fetchExample(example).catch((error) => showError(error));
    if (found) open(found.picture, found.points);
  });
  connectDropping(open);
}

async function fetchExample(name) {
  try {
    const [picture, file] = await Promise.all([fetch(`${name}.jpg`), fetch(`${name}.json`)]);
    const { joints, landmarks } = await file.json();
    return { picture: await picture.blob(), points: joints ?? landmarks };
  } catch (error) {
    throw new PageError('page-incomplete', error);
  }
}

function connectDropping(open) {
  const root = element('stage');
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    root.classList.remove('dropping');
    if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
  });
  root.addEventListener('dragenter', () => root.classList.add('dropping'));
  root.addEventListener('dragleave', () => root.classList.remove('dropping'));
}
