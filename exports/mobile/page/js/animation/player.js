/** The last step of a page that animates: chooses a clip, makes its frames and shows them while and after they are made. */

import { PageError } from '../errors.js';
import { showError, spokenTime, whileBusy } from '../messages.js';
import { download, film, filmType } from '../saving.js';
import { animate } from './animator.js';
import { loadClips, readClips } from './clips.js';

/** Pixels of the longer side of a video. */
const FILM_SIDE = 720;

const element = (id) => document.getElementById(id);

export class Player {
  #stage;
  #engine;
  #subject;
  #clips = [];
  /** What the frames were made of. */
  #job = null;
  #frames = [];
  /** Another one for every start and stop: whoever finds it changed is no longer wanted. */
  #turn = 0;
  #isPlaying = false;

  /**
   * @param {import('../stage.js').Stage} stage
   * @param {import('../engine.js').Engine} engine
   * @param {import('./subject.js').Subject} subject
   */
  constructor(stage, engine, subject) {
    this.#stage = stage;
    this.#engine = engine;
    this.#subject = subject;
    element('save-video').hidden = !filmType();
    element('play').addEventListener('click', () => (this.#isPlaying ? this.stop() : this.#play()));
    element('clip').addEventListener('change', () => this.#forget());
    element('clip-open').addEventListener('click', () => element('clip-file').click());
    element('clip-file').addEventListener('change', () => this.#open());
    element('save-video').addEventListener('click', () => this.#save().catch(showError));
    loadClips(subject.clips).then((clips) => this.#add(clips), showError);
  }

  /** Shows what was made of the subject as it is now, or its picture. */
  enter() {
    const { picture, points } = this.#subject;
    if (this.#job?.picture !== picture || this.#job.points !== points) {
      this.#job = { picture, points };
      this.#forget();
    } else this.#show(this.#frames.at(-1));
  }

  stop() {
    this.#turn += 1;
    this.#isPlaying = false;
    this.#describe();
  }

  get #clip() {
    return this.#clips[element('clip').selectedIndex];
  }

  get #isDone() {
    return this.#frames.length > 0 && this.#frames.length === this.#clip?.frames.length;
  }

  #forget() {
    this.#frames = [];
    this.stop();
    if (this.#job) this.#show(null);
  }

  #add(clips) {
    this.#clips.push(...clips);
    element('clip').append(...clips.map(({ title }) => new Option(title)));
    this.#describe();
  }

  async #open() {
    const input = element('clip-file');
    const [file] = input.files;
    try {
      this.#add(readClips(await file.text(), this.#subject.clips));
      element('clip').selectedIndex = this.#clips.length - 1;
      this.#forget();
    } catch (error) {
      const { unreadable } = this.#subject.clips;
      showError(error instanceof PageError ? error : new PageError(unreadable, error));
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
          await new Promise((resolve) => setTimeout(resolve, 1000 / this.#clip.fps));
        }
    } catch (error) {
      if (!isWanted()) return;
      this.stop();
      showError(error, () => this.#play());
    }
  }

  /** Makes all frames, from the first: what the next one is made from is not kept of those that were stopped. */
  async #make(isWanted) {
    this.#frames = [];
    for await (const frame of animate(this.#engine, this.#subject, this.#clip)) {
      if (!isWanted()) return;
      this.#frames.push(frame);
      this.#show(frame);
      this.#describe();
    }
  }

  #show(frame) {
    const { picture } = this.#job;
    this.#stage.showPicture(frame?.canvas ?? picture.canvas, picture, {
      label: frame ? 'Frame' : 'Photo',
    });
  }

  #describe() {
    const [made, all] = [this.#frames.length, this.#clip?.frames.length ?? 0];
    element('play').textContent = this.#isPlaying ? 'Stop' : 'Play';
    element('play').disabled = !all;
    element('save-video').disabled = !this.#isDone;
    const total = this.#frames.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const speed = made ? `, ${spokenTime(total / made)} each on this device` : '';
    element('clip-hint').textContent = made
      ? `${made} of ${all} frames${speed}.`
      : `${all} frames.`;
  }

  async #save() {
    this.stop();
    const { width, height } = this.#job.picture;
    const scale = Math.min(1, FILM_SIDE / Math.max(width, height));
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    const canvases = this.#frames.map(({ canvas }) => canvas);
    const work = film(canvases, size, 1000 / this.#clip.fps);
    const video = await whileBusy('Making the video', work);
    download(
      video,
      `posewarp-${this.#subject.name}.${video.type.includes('mp4') ? 'mp4' : 'webm'}`,
    );
  }
}
