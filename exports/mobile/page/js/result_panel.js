/** The last step: looks at the result, animates towards it and saves it. */

import { Composer, PREVIEW_SIDE } from './composer.js';
import { flowPicture, maskPicture, wheelPicture } from './flow_color.js';
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
const PICTURES = { flow: flowPicture, mask: maskPicture };
const LABELS = { image: 'Result', photo: 'Photo', flow: 'Flow', mask: 'Mask' };

const element = (id) => document.getElementById(id);

export class ResultPanel {
  #stage;
  #reposer;
  #composer = new Composer();
  #view = 'image';
  #result = null;
  #composed = null;
  #job = null;
  #playing = 0;
  #asked = 0;

  constructor(stage, reposer) {
    this.#stage = stage;
    this.#reposer = reposer;
    this.way = element('way');
    this.way.addEventListener('input', () => {
      this.pause();
      this.#update(PREVIEW_SIDE);
    });
    this.way.addEventListener('change', () => this.#update());
    for (const button of document.querySelectorAll('[data-view]')) {
      button.addEventListener('click', () => this.#show(button.dataset.view));
    }
    element('play').addEventListener('click', () => (this.#playing ? this.#stop() : this.#play()));
    const wheel = element('wheel');
    wheel.getContext('2d').putImageData(wheelPicture(wheel.width), 0, 0);
    this.#prepareSaving();
  }

  /**
   * Makes and shows the result.
   * @param {import('./reposer.js').Job} job
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

  /** Stops the animation, and shows in full where it is. */
  #stop() {
    this.pause();
    this.#update();
  }

  #pose({ from, target }, step) {
    return between(from, target, step / Number(this.way.max));
  }

  /**
   * Runs the model for where the slider is; only the latest of several runs is shown.
   * @param {number} maxSide  Of the picture to make.
   */
  async #update(maxSide = Infinity) {
    const asked = ++this.#asked;
    const job = this.#job;
    try {
      const work = this.#make(job, Number(this.way.value), maxSide);
      const { result, composed } = await whileBusy('Re-posing', work);
      if (asked !== this.#asked) return;
      this.#result = result;
      this.#composed = { ...composed, isWhole: maxSide === Infinity };
      this.#show(this.#view);
    } catch (error) {
      if (asked !== this.#asked) return;
      this.pause();
      showError(error, () => this.#update());
    }
  }

  async #make(job, step, maxSide) {
    const result = await this.#reposer.run(job, this.#pose(job, step));
    return { result, composed: await this.#composer.compose(job.picture, result, maxSide) };
  }

  #show(view) {
    this.#view = view;
    for (const button of document.querySelectorAll('[data-view]')) {
      const known =
        this.#result &&
        (button.dataset.view === 'photo' || this.#result.answer[button.dataset.view]);
      button.disabled = !known;
      button.setAttribute('aria-pressed', String(button.dataset.view === view));
    }
    for (const id of SAVING) element(id).disabled = !this.#result;
    element('wheel').hidden = view !== 'flow';
    if (!this.#result) return;
    const { picture } = this.#job;
    this.#stage.showPicture(this.#shown(), picture, { label: LABELS[view] });
    element('result-hint').textContent =
      HINTS[view] || `Made in ${spokenTime(this.#milliseconds())} on this device.`;
  }

  #milliseconds() {
    return this.#result.milliseconds + this.#composed.milliseconds;
  }

  #shown() {
    if (this.#view === 'image') return this.#composed.canvas;
    return this.#view === 'photo' ? this.#job.picture.canvas : this.#map(this.#view);
  }

  /** Flow or mask where they belong in the photo; around them it is as it was. */
  #map(name) {
    const { window, answer } = this.#result;
    const { width, height } = this.#job.picture;
    const { data, height: rows, width: columns } = answer[name];
    const small = document.createElement('canvas');
    [small.width, small.height] = [columns, rows];
    small.getContext('2d').putImageData(PICTURES[name](data, [rows, columns]), 0, 0);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext('2d');
    context.fillStyle = 'white';
    context.fillRect(0, 0, width, height);
    context.drawImage(small, window.left, window.top, window.width, window.height);
    return canvas;
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
      await this.#update(PREVIEW_SIDE);
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

  /** In the photo's own resolution, also where the page shows less. */
  async #png() {
    this.pause();
    const { width, height } = this.#job.picture;
    if (this.#view !== 'image' || this.#composed.isWhole)
      return toPng(drawn(this.#shown(), width, height));
    const work = this.#make(this.#job, Number(this.way.value), Infinity);
    return toPng((await whileBusy('Re-posing', work)).composed.canvas);
  }

  async #film() {
    const job = this.#job;
    const frames = [];
    for (let step = 0; step <= Number(this.way.max); step++)
      frames.push((await this.#make(job, step, PREVIEW_SIDE)).composed.canvas);
    // There and back.
    return film([...frames, ...[...frames].reverse()], frames[0], FRAME_MS);
  }
}
