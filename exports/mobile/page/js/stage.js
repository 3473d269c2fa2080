/** Shows a picture and a skeleton, enlarged and moved as the person likes. */

import { LIMBS } from './joints.js';

const MARGIN = 12;
const MAX_ZOOM = 6;
const DOT = 6;

/** Right side warm, left side cool, middle green: each stands out from skin and clothes by its white rim. */
const SIDES = { right: '#e8590c', left: '#1971c2', middle: '#2b8a3e' };

export class Stage {
  /** The part of the screen the picture takes: its top left corner, and pixels of the screen per pixel of it. */
  #frame = { x: 0, y: 0, scaleX: 1, scaleY: 1 };
  #view = { zoom: 1, x: 0, y: 0 };
  #image = null;
  #size = { width: 1, height: 1 };
  #dimmed = false;
  #skeleton = null;
  #selected = -1;
  #paint = null;
  #drawing = 0;

  /** @param {{root: HTMLElement, picture: HTMLCanvasElement, overlay: HTMLCanvasElement}} elements */
  constructor({ root, picture, overlay }) {
    this.root = root;
    this.pictureCanvas = picture;
    this.overlayCanvas = overlay;
    new ResizeObserver(() => this.draw()).observe(root);
    this.onDraw = () => {};
  }

  /**
   * @param {HTMLCanvasElement | null} image  Stretched over `size`.
   * @param {import('./joints.js').Size} size
   * @param {{label: string, dimmed?: boolean}} how
   */
  showPicture(image, size, { label, dimmed = false }) {
    this.#image = image;
    this.#size = size;
    this.#dimmed = dimmed;
    this.pictureCanvas.setAttribute('aria-label', label);
    this.draw();
  }

  /** @param {import('./joints.js').Skeleton | null} skeleton */
  showSkeleton(skeleton, selected = -1) {
    this.#skeleton = skeleton;
    this.#selected = selected;
    this.draw();
  }

  /**
   * @param {((context: CanvasRenderingContext2D, toStage: (at: {x: number, y: number}) => {x: number, y: number}) => void)
   *   | null} paint  Draws something else over the picture.
   */
  showDrawing(paint) {
    this.#paint = paint;
    this.draw();
  }

  resetView() {
    this.#view = { zoom: 1, x: 0, y: 0 };
    this.draw();
  }

  /** Enlarges about a point of the screen, the middle of the stage if none is given. */
  zoomBy(factor, at = this.#middle()) {
    const zoom = Math.min(MAX_ZOOM, Math.max(1, this.#view.zoom * factor));
    const ratio = zoom / this.#view.zoom;
    const { left, top, width, height } = this.root.getBoundingClientRect();
    const [x, y] = [at.x - left - width / 2, at.y - top - height / 2];
    this.#view = {
      zoom,
      x: x + (this.#view.x - x) * ratio,
      y: y + (this.#view.y - y) * ratio,
    };
    this.panBy(0, 0);
  }

  panBy(dx, dy) {
    const { width, height } = this.root.getBoundingClientRect();
    const limit = (value, length) => {
      const far = ((this.#view.zoom - 1) * length) / 2;
      return Math.min(far, Math.max(-far, value));
    };
    const { zoom, x, y } = this.#view;
    this.#view = { zoom, x: limit(x + dx, width), y: limit(y + dy, height) };
    this.draw();
  }

  /** From the window's coordinates to the picture's. */
  toPicture({ x, y }) {
    const { left, top } = this.root.getBoundingClientRect();
    const frame = this.#frame;
    return { x: (x - left - frame.x) / frame.scaleX, y: (y - top - frame.y) / frame.scaleY };
  }

  /** From the picture's coordinates to the stage's. */
  toStage({ x, y }) {
    const frame = this.#frame;
    return { x: frame.x + x * frame.scaleX, y: frame.y + y * frame.scaleY };
  }

  /** Draws at most once per frame of the screen. */
  draw() {
    cancelAnimationFrame(this.#drawing);
    this.#arrange();
    this.#drawing = requestAnimationFrame(() => {
      this.#drawPicture();
      this.#drawSkeleton();
    });
    this.onDraw();
  }

  #middle() {
    const { left, top, width, height } = this.root.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  }

  #arrange() {
    const { width, height } = this.root.getBoundingClientRect();
    const room = Math.min(
      (width - 2 * MARGIN) / this.#size.width,
      (height - 2 * MARGIN) / this.#size.height,
    );
    const scale = Math.max(room, 1e-3) * this.#view.zoom;
    this.#frame = {
      x: width / 2 + this.#view.x - (scale * this.#size.width) / 2,
      y: height / 2 + this.#view.y - (scale * this.#size.height) / 2,
      scaleX: scale,
      scaleY: scale,
    };
  }

  #prepare(canvas) {
    const { width, height } = this.root.getBoundingClientRect();
    const density = window.devicePixelRatio || 1;
    canvas.width = Math.max(1, Math.round(width * density));
    canvas.height = Math.max(1, Math.round(height * density));
    const context = canvas.getContext('2d');
    context.setTransform(density, 0, 0, density, 0, 0);
    return context;
  }

  #drawPicture() {
    const context = this.#prepare(this.pictureCanvas);
    if (!this.#image) return;
    const { x, y, scaleX, scaleY } = this.#frame;
    const [width, height] = [this.#size.width * scaleX, this.#size.height * scaleY];
    context.imageSmoothingQuality = 'high';
    context.drawImage(this.#image, x, y, width, height);
    if (!this.#dimmed) return;
    context.fillStyle = 'rgb(255 255 255 / 72%)';
    context.fillRect(x, y, width, height);
  }

  #drawSkeleton() {
    const context = this.#prepare(this.overlayCanvas);
    this.#paint?.(context, (at) => this.toStage(at));
    if (!this.#skeleton) return;
    const points = this.#skeleton.map((joint) => this.toStage(joint));
    context.lineCap = 'round';
    for (const [style, width] of [
      ['rgb(255 255 255 / 90%)', 5],
      [null, 2.5],
    ]) {
      for (const [a, b] of LIMBS) {
        if (!this.#skeleton[a].present || !this.#skeleton[b].present) continue;
        context.beginPath();
        context.moveTo(points[a].x, points[a].y);
        context.lineTo(points[b].x, points[b].y);
        context.strokeStyle = style ?? jointColor(b);
        context.lineWidth = width;
        context.stroke();
      }
    }
    points.forEach((point, index) => this.#drawJoint(context, point, index));
  }

  #drawJoint(context, { x, y }, index) {
    const { present } = this.#skeleton[index];
    const radius = index >= 14 || index === 0 ? DOT - 1.5 : DOT;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.setLineDash(present ? [] : [2, 2.5]);
    context.fillStyle = present ? jointColor(index) : 'rgb(255 255 255 / 75%)';
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = present ? '#ffffff' : jointColor(index);
    context.stroke();
    context.setLineDash([]);
    if (index !== this.#selected) return;
    context.beginPath();
    context.arc(x, y, radius + 7, 0, 2 * Math.PI);
    context.strokeStyle = jointColor(index);
    context.stroke();
  }
}

/** @returns {string} the colour of a joint and of the limb that ends in it. */
export function jointColor(index) {
  if (index <= 1) return SIDES.middle;
  const right = [2, 3, 4, 8, 9, 10, 14, 16].includes(index);
  return right ? SIDES.right : SIDES.left;
}
