import { realpathSync } from 'node:fs';
import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What parts of a description are kept in. */
const DESCRIPTION = /\.(?:ya?ml|json)$/i;
/** From the root, of another host, or with a scheme. */
const ABSOLUTE = /^(?:[\\/]|[a-z][a-z0-9+.-]*:)/i;

/**
 * The path of a file that a reference in a description names. Whoever writes a description does not
 * thereby get to read every file of the machine: what lies outside the folder of the main document
 * must look like a part of a description, and be named from where the reference stands.
 */
export function referredFile(uri: string, reference: string, mainFile: string): string {
  if (!uri.startsWith('file:')) throw new Error('only files next to the description are read');
  const path = fileURLToPath(uri);
  const folder = dirname(mainFile);
  if (!isBelow(path, folder)) {
    if (ABSOLUTE.test(asUrlsAreRead(reference))) {
      throw new Error(
        `an absolute reference must lead below ${folder}; write it relative to its file`,
      );
    }
    requireDescription(path, folder);
  }
  requireHonestLink(path, folder);
  return path;
}

function requireHonestLink(path: string, folder: string): void {
  let real: string;
  try {
    real = realpathSync(path);
  } catch {
    // Whoever reads it says that it is not there, and notices when it comes.
    return;
  }
  if (!isBelow(real, folder) && !isBelow(real, realpathSync(folder))) {
    requireDescription(real, folder);
  }
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function requireDescription(path: string, folder: string): void {
  if (DESCRIPTION.test(path)) return;
  throw new Error(
    `it leads out of ${folder}, where only files that end in .yaml, .yml or .json are read`,
  );
}

/** Blanks before it and line breaks within are no part of a URL. */
function asUrlsAreRead(reference: string): string {
  let start = 0;
  while (start < reference.length && reference.charCodeAt(start) <= 0x20) start++;
  return reference.slice(start).replaceAll(/[\t\n\r]/g, '');
}
