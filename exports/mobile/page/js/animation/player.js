/** The last step of a page that animates: chooses a dance, makes its frames and shows them while and after they are made. */

import { PageError } from '../errors.js';
import { showError, spokenTime, whileBusy } from '../messages.js';
import { download, film, filmType } from '../saving.js';
import { animate } from './animator.js';
import { loadDances, readDances } from './dances.js';

/** Pixels of the longer side of a video. */
const FILM_SIDE = 720;

const element = (id) => document.getElementById(id);

export class Player {
  #stage;
  #engine;
  #dances = [];
  #job = null;
  #frames = [];
  /** Another one for every start and stop: whoever finds it changed is no longer wanted. */
  #turn = 0;
  #isPlaying = false;

  constructor(stage, engine) {
    this.#stage = stage;
    this.#engine = engine;
    element('save-video').hidden = !filmType();
    element('play').addEventListener('click', () => (this.#isPlaying ? this.stop() : this.#play()));
    element('dance').addEventListener('change', () => this.#forget());
    element('dance-open').addEventListener('click', () => element('dance-file').click());
    element('dance-file').addEventListener('change', () => this.#open());
    element('save-video').addEventListener('click', () => this.#save().catch(showError));
    loadDances().then((dances) => this.#add(dances), showError);
  }

  /**
   * @param {import('../picture.js').Picture} picture
   * @param {import('../joints.js').Skeleton} person
   */
  enter(picture, person) {
    if (this.#job?.picture !== picture || this.#job.person !== person) {
      this.#job = { picture, person };
      this.#forget();
    } else this.#show(this.#frames.at(-1));
  }

  stop() {
    this.#turn += 1;
    this.#isPlaying = false;
    this.#describe();
  }

  get #dance() {
    return this.#dances[element('dance').selectedIndex];
  }

  get #isDone() {
    return this.#frames.length > 0 && this.#frames.length === this.#dance?.frames.length;
  }

  #forget() {
    this.#frames = [];
    this.stop();
    if (this.#job) this.#show(null);
  }

  #add(dances) {
    this.#dances.push(...dances);
    element('dance').append(...dances.map(({ title }) => new Option(title)));
    this.#describe();
  }

  async #open() {
    const input = element('dance-file');
    const [file] = input.files;
    try {
      this.#add(readDances(await file.text()));
      element('dance').selectedIndex = this.#dances.length - 1;
      this.#forget();
    } catch (error) {
      showError(error instanceof PageError ? error : new PageError('dance-unreadable', error));
    }
    // The same file may be chosen again.
    input.value = '';
  }

  async #play() {
    const turn = ++this.#turn;
    const isWanted = () => turn === this.#turn;
    this.#isPlaying = true;
    this.#describe();
    try {
      if (!this.#isDone) await this.#make(isWanted);
      while (isWanted())
        for (const frame of this.#frames) {
          if (!isWanted()) return;
          this.#show(frame);
          await new Promise((resolve) => setTimeout(resolve, 1000 / this.#dance.fps));
        }
    } catch (error) {
      if (!isWanted()) return;
      this.stop();
      showError(error, () => this.#play());
    }
  }

  /** Makes all frames, from the first: what the next one is made from is not kept of those that were stopped. */
  async #make(isWanted) {
    const { picture, person } = this.#job;
    this.#frames = [];
    for await (const frame of animate(this.#engine, picture, person, this.#dance)) {
      if (!isWanted()) return;
      this.#frames.push(frame);
      this.#show(frame);
      this.#describe();
    }
  }

  #show(frame) {
    const { picture } = this.#job;
    this.#stage.showPicture(frame?.canvas ?? picture.canvas, picture, {
      label: frame ? 'Dance' : 'Photo',
    });
  }

  #describe() {
    const [made, all] = [this.#frames.length, this.#dance?.frames.length ?? 0];
    element('play').textContent = this.#isPlaying ? 'Stop' : 'Play';
    element('play').disabled = !all;
    element('save-video').disabled = !this.#isDone;
    const total = this.#frames.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const speed = made ? `, ${spokenTime(total / made)} each on this device` : '';
    element('dance-hint').textContent = made
      ? `${made} of ${all} frames${speed}.`
      : `${all} frames.`;
  }

  async #save() {
    this.stop();
    const { width, height } = this.#job.picture;
    const scale = Math.min(1, FILM_SIDE / Math.max(width, height));
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    const canvases = this.#frames.map(({ canvas }) => canvas);
    const work = film(canvases, size, 1000 / this.#dance.fps);
    const video = await whileBusy('Making the video', work);
    download(video, `posewarp-dance.${video.type.includes('mp4') ? 'mp4' : 'webm'}`);
  }
}
