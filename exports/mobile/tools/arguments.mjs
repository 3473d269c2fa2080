/** Command lines of the tools here: `--name=value` or `--name value`, checked. */

import { parseArgs } from 'node:util';

/**
 * @param {Object<string, {default?: string, help: string}>} known  Options without default must be given.
 * @returns {Object<string, string>}
 */
export function readArguments(known) {
  const options = Object.fromEntries(Object.keys(known).map((name) => [name, { type: 'string' }]));
  try {
    const { values } = parseArgs({ options });
    for (const [name, { default: value, help }] of Object.entries(known)) {
      values[name] ??= value;
      if (values[name] === undefined) throw new TypeError(`--${name} is missing: ${help}`);
    }
    return values;
  } catch (error) {
    const lines = Object.entries(known).map(([name, { help }]) => `  --${name}: ${help}`);
    stop(`${error.message}\n${lines.join('\n')}`);
  }
}

/** Ends the program with a message for the person who called it. */
export function stop(message) {
  process.stderr.write(`error: ${message}\n`);
  process.exit(2);
}
