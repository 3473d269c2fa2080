/** Steps that can be taken back and made again. @template T */
export class History {
  #steps;
  #at = 0;

  /** @param {T} start */
  constructor(start) {
    this.#steps = [start];
  }

  /** @returns {T} */
  get now() {
    return this.#steps[this.#at];
  }

  get canUndo() {
    return this.#at > 0;
  }

  get canRedo() {
    return this.#at < this.#steps.length - 1;
  }

  /** @param {T} value */
  push(value) {
    this.#steps.splice(this.#at + 1, Infinity, value);
    this.#at = this.#steps.length - 1;
  }

  undo() {
    if (this.canUndo) this.#at -= 1;
  }

  redo() {
    if (this.canRedo) this.#at += 1;
  }
}
