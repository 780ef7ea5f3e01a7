import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Diagnostic } from '@poorter/openapi';
import { pathFrom } from '../../configuration/base-directory.ts';
import { placeInConfiguration } from '../../configuration/read-configuration.ts';
import {
  BYTES_MAX,
  readTextFile,
  refuseOpenToAll,
  UntrustedPathError,
} from '../../platform/files/index.ts';
import { isSecretReference, readSecret } from '../../platform/secrets/index.ts';
import type { World } from '../../platform/world/index.ts';

/** What is read beside files: secrets from the environment, and whether a certificate's time is over. */
export type ReadWorld = Pick<World, 'now' | 'environment'>;

/** Reads files next to the configuration, remembers which, and collects what is wrong with them. */
export class SourceReader {
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  /** What was read; undefined where it could not be. */
  readonly #files = new Map<string, string | undefined>();
  readonly #digests = new Map<string, string>();
  readonly #base: string;
  readonly #configurationFile: string;
  readonly #world: ReadWorld;

  constructor(configurationFile: string, base: string, world: ReadWorld) {
    this.#world = world;
    this.#configurationFile = configurationFile;
    this.#base = base;
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#world.now();
  }

  get files(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** SHA-256 of everything that was read, by path: equal where all of it is. */
  get contents(): ReadonlyMap<string, string> {
    return new Map(
      [...this.#files].flatMap(([path, text]) =>
        text === undefined ? [] : [[path, this.digestOf(path)]],
      ),
    );
  }

  /** SHA-256 of a file that was read. */
  digestOf(file: string): string {
    const path = this.path(file);
    const known = this.#digests.get(path);
    if (known !== undefined) return known;
    const text = this.#files.get(path);
    if (text === undefined) throw new Error(`${file} was not read`);
    const digest = createHash('sha256').update(text).digest('hex');
    this.#digests.set(path, digest);
    return digest;
  }

  path(file: string): string {
    return pathFrom(this.#base, file);
  }

  /** Throws what node:fs throws. Reads each file once: what is judged is what is served. */
  read(file: string, kind: keyof typeof BYTES_MAX = 'credential'): string {
    const path = this.path(file);
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    this.#files.set(path, undefined);
    this.#requireClosed(path, kind);
    const text = readTextFile(path, BYTES_MAX[kind]);
    this.#files.set(path, text);
    return text;
  }

  /** Descriptions are copied about, also on disks that know no modes: there it is said. */
  #requireClosed(path: string, kind: keyof typeof BYTES_MAX): void {
    try {
      refuseOpenToAll(path);
    } catch (error) {
      if (kind !== 'description' || !(error instanceof UntrustedPathError)) throw error;
      const place = { file: path, line: 1, column: 1 };
      this.report({ severity: 'warning', code: 'open-to-all', ...place, message: error.message });
    }
  }

  /** A value that may be a secret: as it stands, or env:NAME, or file:PATH. Throws without telling it. */
  secret(text: string): string {
    if (!isSecretReference(text)) return text;
    return readSecret(text, {
      ...{ environment: this.#world.environment, baseDirectory: this.#base },
      readFile: (path) => this.read(path),
    });
  }

  /** The text, or '' after reporting, at the key that names the file, why there is none. */
  readOrReport(at: readonly PropertyKey[], file: string, what: string): string {
    try {
      return this.read(file);
    } catch (error) {
      this.fault(at, 'unreadable-file', `reading ${what} ${file}: ${(error as Error).message}`);
      return '';
    }
  }

  report(diagnostic: Diagnostic): void {
    const readable = {
      ...diagnostic,
      file: shortPath(diagnostic.file),
      message: diagnostic.message.replace(/file:\/\/\/[^\s'")]+/g, shortPath),
    };
    (diagnostic.severity === 'error' ? this.errors : this.warnings).push(readable);
  }

  /** Something odd in the configuration, at these keys. */
  warn(at: readonly PropertyKey[], code: string, message: string): void {
    const file = this.#configurationFile;
    this.report({ severity: 'warning', code, file, ...placeInConfiguration(file, at), message });
  }

  /** Something wrong in the configuration, at these keys. */
  fault(at: readonly PropertyKey[], code: string, message: string, suggestion?: string): void {
    const file = this.#configurationFile;
    this.report({
      severity: 'error',
      code,
      file,
      ...placeInConfiguration(file, at),
      message,
      ...(suggestion !== undefined && { suggestion }),
    });
  }
}

/** As people write it: a path from where they are. */
export function shortPath(uri: string): string {
  if (!uri.startsWith('file:')) return uri;
  const path = fileURLToPath(uri);
  const prefix = `${process.cwd()}/`;
  return path.startsWith(prefix) ? path.slice(prefix.length) : path;
}
