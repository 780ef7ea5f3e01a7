import { dirname, resolve } from 'node:path';
import type { ConfigurationSource } from '../messages/between-processes.ts';
import { fileIn } from '../platform/files/index.ts';

/** Relative paths start at the configuration file, or where the command was given. */
export function baseDirectory(source: ConfigurationSource): string {
  return source.file === null ? process.cwd() : dirname(resolve(source.file));
}

/** As a configuration names it: PATH or file:PATH. */
export function pathFrom(base: string, file: string): string {
  return resolve(base, fileIn(file) ?? file);
}
