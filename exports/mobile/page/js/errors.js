/** Every way in which this page can fail, in words for the person who holds the phone. */

export const MESSAGES = {
  'model-missing': {
    title: 'The model could not be loaded',
    text: 'Check the connection and try again. After one successful visit this page works without a network.',
  },
  'model-broken': {
    title: 'The model file is damaged',
    text: 'It did not arrive whole, or it is not a TFLite model. Try again; if that does not help, the file on the server needs to be replaced.',
  },
  'model-foreign': {
    title: 'This is a model for something else',
    text: 'The file is a working TFLite model, but not one that this page can use.',
  },
  'page-incomplete': {
    title: 'The page did not arrive whole',
    text: 'Check the connection and reload the page.',
  },
  'out-of-memory': {
    title: 'Too little free memory',
    text: 'The phone could not give the memory that this needs. Close other tabs and apps, then try again.',
  },
  'runtime-failed': {
    title: 'The model stopped working',
    text: 'Something went wrong while it ran. Try again; if it happens each time, reload the page.',
  },
  'picture-unreadable': {
    title: 'This file is not a picture that can be read',
    text: 'Choose a JPEG, PNG or WebP photo.',
  },
  'picture-heic': {
    title: 'This browser cannot read HEIC photos',
    text: 'Save the photo as JPEG and choose it again. On an iPhone: Settings, Camera, Formats, Most Compatible.',
  },
  'video-unreadable': {
    title: 'This video cannot be read',
    text: 'The browser cannot play it. Choose an MP4 or WebM video, or a photo.',
  },
  'picture-too-large': {
    title: 'This picture is too large',
    text: 'It has {detail}. Choose one with at most 64 megapixels.',
  },
  'picture-too-small': {
    title: 'This picture is too small',
    text: 'It has {detail}. Choose one that is at least 32 pixels wide and high.',
  },
  'nobody-found': {
    title: 'Nobody was found in this photo',
    text: 'Put the dots on the joints by hand, or choose a photo that shows a person from head to toe.',
  },
  'no-face-found': {
    title: 'No face was found in this photo',
    text: 'Choose a photo of a face that looks into the camera, or open a file of its 68 landmarks.',
  },
  'landmarks-unreadable': {
    title: 'This file holds no landmarks of a face',
    text: 'Choose one of 68 lines x,y in pixels of the photo, as posewarp landmarks --whole_frames writes them.',
  },
  'landmarks-outside': {
    title: 'The landmarks lie outside the photo',
    text: 'They have to be in pixels of the photo, which has {detail}.',
  },
  'no-pose-found': {
    title: 'No pose was found in this photo',
    text: 'Choose one that shows the shoulders and hips of a person, or a pose of the gallery.',
  },
  'no-joints': {
    title: 'There is no pose to work with',
    text: 'Mark at least two joints of the photo and of the new pose as present.',
  },
  'dance-unreadable': {
    title: 'This file holds no dance that can be played',
    text: 'Choose one that python -m exports.mobile.dances wrote.',
  },
  'talk-unreadable': {
    title: 'This file holds no clip of a face that can be played',
    text: 'Choose one that python -m exports.mobile.talks wrote.',
  },
  'save-failed': {
    title: 'The picture could not be saved',
    text: 'The browser did not allow it. Touch and hold the picture to save it instead.',
  },
};

/** What browsers, WebAssembly and LiteRT say when there is no room left. */
const MEMORY =
  /out of memory|\bOOM\b|could not (be )?allocate|failed to allocate|allocation failed|enlarge memory|bytes overflowed/i;
const BROKEN = /failed to (load|build) .*model|invalidly specified/i;

/** An error with a message for people: `title`, `text`, and `detail` for whoever looks closer. */
export class PageError extends Error {
  /**
   * @param {keyof typeof MESSAGES} kind
   * @param {unknown} detail
   */
  constructor(kind, detail = '') {
    const { title, text } = MESSAGES[kind];
    const words = detail instanceof Error ? detail.message : String(detail);
    super(`${title}. ${text.replace('{detail}', words)}`);
    this.name = 'PageError';
    this.kind = kind;
    this.title = title;
    this.text = text.replace('{detail}', words);
    this.detail = words;
  }
}

/**
 * Turns whatever was thrown into a PageError.
 * @param {{name?: string, message?: string}} error
 * @returns {PageError}
 */
export function explain(error) {
  if (error instanceof PageError) return error;
  const message = String(error?.message ?? error);
  if (error?.name === 'RangeError' || MEMORY.test(message))
    return new PageError('out-of-memory', message);
  if (BROKEN.test(message)) return new PageError('model-broken', message);
  return new PageError('runtime-failed', message);
}
