/** A worker with the model in it, spoken to by promises. */

import { explain } from './errors.js';

export class ModelWorker {
  #worker = new Worker(new URL('worker.js', import.meta.url));
  #waiting = new Map();
  #nextId = 0;
  #stopped = null;

  constructor() {
    this.#worker.addEventListener('message', ({ data }) => this.#answer(data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.stop(explain(event));
    });
  }

  /**
   * @param {{type: 'load' | 'run'}} message  As worker.js describes them.
   * @param {Transferable[]} transfer
   */
  ask(message, transfer = []) {
    // Nobody would answer: who asks later gets the same error as who waited.
    if (this.#stopped) return Promise.reject(this.#stopped);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ ...message, id }, transfer);
    });
  }

  /** Ends the worker and gives its memory back; whoever still waits gets `error`. */
  stop(error = explain('stopped')) {
    this.#worker.terminate();
    this.#stopped = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #answer({ id, ok, ...answer }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (ok) waiting.resolve(answer);
    else waiting.reject(explain(answer));
  }
}
