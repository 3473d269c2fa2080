/** A pose that somebody else has: of another photo, or of a moment of a video. */

import { PageError } from './errors.js';
import { clearError, showError, whileBusy } from './messages.js';
import { openPicture } from './picture.js';
import { relativePose } from './poses.js';
import { chooseFrame } from './video_frame.js';

const element = (id) => document.getElementById(id);

/**
 * Shows the button for it where the page can find joints.
 * @param {import('./point_finder.js').PointFinder} finder
 * @param {(pose: import('./poses.js').GalleryPose, people: number) => void} onPose  `people`: how many there were; the
 *   pose is of the largest.
 */
export async function connectPosePhoto(finder, onPose) {
  const [button, input] = [element('pose-photo'), element('pose-file')];
  button.addEventListener('click', () => input.click());
  input.addEventListener('change', async () => {
    const [file] = input.files;
    // The same file may be chosen again.
    input.value = '';
    if (!file) return;
    clearError();
    try {
      const picture = file.type.startsWith('video/')
        ? await chooseFrame(file)
        : await whileBusy('Opening the picture', openPicture(file));
      if (!picture) return;
      const { joints, people } = await whileBusy('Finding the pose', finder.find(picture));
      const pose = joints && relativePose('From a photo', joints);
      if (!pose) throw new PageError('no-pose-found');
      onPose(pose, people);
    } catch (error) {
      showError(error);
    }
  });
  button.hidden = !(await finder.isThere().catch(() => false));
}
