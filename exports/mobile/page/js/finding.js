/** Finds the joints of a photo that has been opened, and says how that went. */

import { PageError } from './errors.js';
import { numPresent } from './joints.js';
import { showError, whileBusy } from './messages.js';

/**
 * @param {import('./joint_finder.js').JointFinder} finder  Without its models nothing happens: joints are placed by hand.
 * @param {import('./picture.js').Picture} picture
 * @param {{isCurrent: () => boolean, onFound: (found: import('./detection/finder.js').Found) => void}} events  Whether the
 *   page still shows this picture; otherwise nobody wants to know.
 */
export async function findJoints(finder, picture, { isCurrent, onFound }) {
  if (!(await finder.isThere().catch(() => false))) return;
  try {
    const found = await whileBusy('Finding the joints', finder.find(picture));
    if (!isCurrent()) return;
    if (!found.joints) throw new PageError('nobody-found');
    onFound(found);
  } catch (error) {
    if (!isCurrent()) return;
    const again = () => findJoints(finder, picture, { isCurrent, onFound });
    showError(error, error.kind === 'nobody-found' ? null : again);
  }
}

/**
 * @param {number} people
 * @param {import('./joints.js').Skeleton} skeleton  Of the largest.
 */
export function describeFound(people, skeleton) {
  const whose =
    people > 1
      ? `${people} people were found; the dots are on the largest.`
      : 'The dots were placed for you.';
  const hidden = skeleton.length - numPresent(skeleton);
  const missing =
    { 0: '', 1: ' One joint does not show.' }[hidden] ?? ` ${hidden} joints do not show.`;
  return `${whose}${missing} Drag those that are off.`;
}
