import { resolve } from 'node:path';
import { BYTES_MAX, fileIn, readTextFile } from '../files/index.ts';

/** Where secrets are kept that a configuration names. */
export interface SecretPlaces {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where relative paths start. */
  readonly baseDirectory: string;
  /** For whoever remembers what was read; throws what `readTextFile` throws. Default: that. */
  readonly readFile?: (path: string) => string;
}

/** Why there is no secret: with the name of its place, and never with anything that stands there. */
export class SecretTextError extends Error {
  override readonly name = 'SecretTextError';
}

/** Whether it names a secret instead of being one. */
export function isSecretReference(text: string): boolean {
  return /^(?:env|file):/.test(text);
}

/**
 * What `env:NAME` or `file:PATH` names, without the blanks and line ends around it that editors and
 * `echo` leave. A secret is one line; what is empty is none.
 */
export function readSecret(reference: string, places: SecretPlaces): string {
  const refuse = (why: string, cause?: unknown) =>
    new SecretTextError(`${reference} ${why}`, { cause });
  const path = fileIn(reference);
  const [, name = ''] = /^env:(.+)$/s.exec(reference) ?? [];
  if (path === null && name === '')
    throw new SecretTextError('a secret is named env:NAME or file:PATH');
  const text = path === null ? ownOf(places.environment, name) : textOf(path, places, refuse);
  if (text === undefined) throw refuse('is not set');
  const secret = text.trim();
  if (secret === '') throw refuse('is empty');
  if (/[\r\n\0]/.test(secret)) throw refuse('holds more than one line');
  return secret;
}

function textOf(
  path: string,
  { baseDirectory, readFile }: SecretPlaces,
  refuse: (why: string, cause: unknown) => Error,
): string {
  const read =
    readFile ??
    ((file: string) => readTextFile(resolve(baseDirectory, file), BYTES_MAX.credential));
  try {
    return read(path);
  } catch (cause) {
    throw refuse(`cannot be read: ${(cause as Error).message}`, cause);
  }
}

/** What every object inherits is no variable. */
function ownOf(environment: SecretPlaces['environment'], name: string): string | undefined {
  return Object.hasOwn(environment, name) ? environment[name] : undefined;
}
