/** The last step: looks at the result, animates towards it and saves it. */

import { wheelPicture } from './flow_color.js';
import { showError, spokenTime, whileBusy } from './messages.js';
import { drawn } from './picture.js';
import { between } from './poses.js';
import { canShareFiles, download, film, filmType, share, toPng } from './saving.js';

const FRAME_MS = 100;
const HINTS = {
  image: '',
  photo: 'The photo as it was.',
  flow: 'Where each spot came from in the photo. White: it stayed.',
  mask: 'White is taken from the photo, black is made up.',
};
/** What there is nothing to do for before the first result. */
const SAVING = ['save', 'save-video', 'share'];
const LABELS = { image: 'Result', photo: 'Photo', flow: 'Flow', mask: 'Mask' };

const element = (id) => document.getElementById(id);

export class ResultPanel {
  #stage;
  #reposer;
  #view = 'image';
  #result = null;
  #job = null;
  #playing = 0;
  #asked = 0;

  constructor(stage, reposer) {
    this.#stage = stage;
    this.#reposer = reposer;
    this.way = element('way');
    this.way.addEventListener('input', () => {
      this.pause();
      this.#update();
    });
    for (const button of document.querySelectorAll('[data-view]')) {
      button.addEventListener('click', () => this.#show(button.dataset.view));
    }
    element('play').addEventListener('click', () => (this.#playing ? this.pause() : this.#play()));
    const wheel = element('wheel');
    wheel.getContext('2d').putImageData(wheelPicture(wheel.width), 0, 0);
    this.#prepareSaving();
  }

  /**
   * Makes and shows the result.
   * @param {{picture: import('./picture.js').Picture, source: import('./joints.js').Skeleton,
   *   from: import('./joints.js').Skeleton, target: import('./joints.js').Skeleton}} job  `from` starts the animation.
   */
  async open(job) {
    this.#job = job;
    this.#result = null;
    this.way.value = this.way.max;
    element('result-hint').textContent = '';
    this.#show(this.#view);
    await this.#update();
  }

  /** Stops, and no longer waits for an answer that has been asked for. */
  leave() {
    this.pause();
    this.#asked += 1;
  }

  pause() {
    clearTimeout(this.#playing);
    this.#playing = 0;
    element('play').setAttribute('aria-label', 'Play');
  }

  #pose({ from, target }, step) {
    return between(from, target, step / Number(this.way.max));
  }

  /** Runs the model for where the slider is; only the latest of several runs is shown. */
  async #update() {
    const asked = ++this.#asked;
    const { picture, source } = this.#job;
    try {
      const result = await whileBusy(
        'Re-posing',
        this.#reposer.run(picture, source, this.#pose(this.#job, Number(this.way.value))),
      );
      if (asked !== this.#asked) return;
      this.#result = result;
      this.#show(this.#view);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.pause();
      showError(error, () => this.#update());
    }
  }

  #show(view) {
    this.#view = view;
    for (const button of document.querySelectorAll('[data-view]')) {
      const known =
        this.#result &&
        (button.dataset.view === 'photo' || this.#result.pictures[button.dataset.view]);
      button.disabled = !known;
      button.setAttribute('aria-pressed', String(button.dataset.view === view));
    }
    for (const id of SAVING) element(id).disabled = !this.#result;
    element('wheel').hidden = view !== 'flow';
    if (!this.#result) return;
    const { picture } = this.#job;
    this.#stage.showPicture(this.#shown(), picture, { label: LABELS[view] });
    element('result-hint').textContent =
      HINTS[view] || `Made in ${spokenTime(this.#result.milliseconds)} on this device.`;
  }

  #shown() {
    return this.#view === 'photo' ? this.#job.picture.canvas : this.#result.pictures[this.#view];
  }

  #play() {
    element('play').setAttribute('aria-label', 'Pause');
    let [step, direction] = [Number(this.way.value), 1];
    const last = Number(this.way.max);
    const next = async () => {
      if (step >= last) direction = -1;
      if (step <= 0) direction = 1;
      step += direction;
      this.way.value = String(step);
      await this.#update();
      if (this.#playing) this.#playing = setTimeout(next, FRAME_MS);
    };
    this.#playing = setTimeout(next, 0);
  }

  #prepareSaving() {
    element('share').hidden = !canShareFiles();
    element('save-video').hidden = !filmType();
    const guarded = (id, work) =>
      element(id).addEventListener('click', () => work().catch((error) => showError(error)));
    guarded('save', async () => download(await this.#png(), this.#name('png')));
    guarded('share', async () => share(await this.#png(), this.#name('png')));
    guarded('save-video', async () => {
      this.pause();
      const video = await whileBusy('Making the video', this.#film());
      download(video, this.#name(video.type.includes('mp4') ? 'mp4' : 'webm'));
    });
  }

  #name(ending) {
    return `posewarp-${LABELS[this.#view].toLowerCase()}.${ending}`;
  }

  #png() {
    const { width, height } = this.#job.picture;
    return toPng(drawn(this.#shown(), width, height));
  }

  async #film() {
    const job = this.#job;
    const { picture, source } = job;
    const frames = [];
    for (let step = 0; step <= Number(this.way.max); step++) {
      frames.push((await this.#reposer.run(picture, source, this.#pose(job, step))).pictures.image);
    }
    return film(frames, picture);
  }
}
