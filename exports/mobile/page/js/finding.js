/** Finds the joints or landmarks of a photo that has been opened, and says how that went. */

import { PageError } from './errors.js';
import { numPresent } from './joints.js';
import { showError, whileBusy } from './messages.js';

const WORDS = {
  person: { busy: 'Finding the joints', none: 'nobody-found' },
  face: { busy: 'Finding the face', none: 'no-face-found' },
};

/**
 * @param {import('./point_finder.js').PointFinder} finder  Without its models nothing happens: joints are placed by hand.
 * @param {import('./picture.js').Picture} picture
 * @param {{isCurrent: () => boolean, onFound: (found: import('./point_finder.js').Found) => void | Promise<void>}} events  Whether the
 *   page still shows this picture; otherwise nobody wants to know.
 */
export async function findPoints(finder, picture, { isCurrent, onFound }) {
  if (!(await finder.isThere().catch(() => false))) return;
  const { busy, none } = WORDS[finder.who];
  try {
    const found = await whileBusy(busy, finder.find(picture));
    if (!isCurrent()) return;
    if (!found.people) throw new PageError(none);
    await onFound(found);
  } catch (error) {
    if (!isCurrent()) return;
    const again = () => findPoints(finder, picture, { isCurrent, onFound });
    showError(error, error.kind === none ? null : again);
  }
}

/**
 * @param {number} people
 * @param {import('./joints.js').Skeleton} skeleton  Of the largest.
 */
export function describeFound(people, skeleton) {
  const whose =
    people > 1
      ? `The dots are on the largest of ${people} people.`
      : 'The dots were placed for you.';
  const hidden = skeleton.length - numPresent(skeleton);
  const missing =
    { 0: '', 1: ' One joint does not show.' }[hidden] ?? ` ${hidden} joints do not show.`;
  return `${whose}${missing} Drag those that are off.`;
}
