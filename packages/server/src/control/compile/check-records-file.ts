import {
  accessSync,
  closeSync,
  constants,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Configuration } from '../../configuration/schema.ts';
import { isStandardStream } from '../../messages/json-lines-sink.ts';
import { RECORD_START } from '../../messages/record-line.ts';
import { isThere, kindOf, requireStorable } from '../../platform/files/index.ts';
import type { SourceReader } from './source-reader.ts';

interface Surroundings {
  readonly configurationFile: string;
  readonly dataDirectory: string;
}

/**
 * Records in clear text are appended to this file for as long as the gate serves, and it is renamed when
 * it is full: whatever else stands there would be spoilt, and records that cannot be written stop calls.
 */
export function checkRecordsFile(
  configuration: Configuration,
  { configurationFile, dataDirectory }: Surroundings,
  reader: SourceReader,
): void {
  const { records } = configuration;
  if (records.file === undefined) return;
  const path = reader.path(records.file);
  const named = filesNamed(configuration).map((file) => reader.path(file));
  const others = [resolve(configurationFile), ...reader.files, ...named];
  try {
    const numbers = Array.from({ length: records.keepFiles }, (_, index) => index + 1);
    for (const name of [path, ...numbers.map((number) => `${path}.${number}`)]) {
      const taken = others.find((other) => isSame(name, other));
      if (taken !== undefined) throw new Error(`${name} is read by the gate itself`);
    }
    requireOutside(path, resolve(dataDirectory));
    requireRecords(path, resolve(dataDirectory));
  } catch (error) {
    reader.fault(
      ['records', 'file'],
      'records-file',
      `records cannot be written to ${records.file}: ${(error as Error).message}`,
      'name a file of its own in a folder that is there, such as /var/log/poorter/calls.jsonl',
    );
  }
}

/** What others read than the reader of the snapshot. */
function filesNamed({ control, masterKey = '', storage }: Configuration): readonly string[] {
  const secrets = [storage, masterKey].filter((text) => text.startsWith('file:'));
  const ofVault = [...masterKey.matchAll(/[?&](?:token=file:|ca=)([^&]+)/g)];
  const { tls } = control;
  return [
    ...secrets,
    ...ofVault.map(([, file = '']) => decodeURIComponent(file)),
    ...(tls === undefined ? [] : [tls.certificate, tls.key]),
  ];
}

/** Also by another name, such as a hard link. */
function isSame(one: string, other: string): boolean {
  if (realPlace(one) === realPlace(other)) return true;
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false }));
  return (
    first !== undefined &&
    second !== undefined &&
    first.ino === second.ino &&
    first.dev === second.dev
  );
}

/** Where a file is, or would be made. */
function realPlace(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPlace(parent), basename(path));
  }
}

/** Nothing that the gate keeps there ends so, but for what was erased. */
const OWN_NAME = /\.(?:jsonl|ndjson|log)$/;
const TAKEN = ['tombstones.jsonl'];

function requireOutside(path: string, dataDirectory: string): void {
  const [place, data] = [realPlace(path), realPlace(dataDirectory)];
  if (data === place || data.startsWith(`${place}${sep}`)) {
    throw new Error('the data directory is there');
  }
  if (!place.startsWith(`${data}${sep}`)) return;
  const name = place.slice(data.length + 1);
  const isFree = !name.includes(sep) && OWN_NAME.test(name) && !TAKEN.includes(name);
  if (!isFree) {
    throw new Error("it would be among the gate's own files in the data directory");
  }
}

/** A device such as /dev/stdout takes what comes; a regular file holds records, or nothing yet. */
function requireRecords(path: string, dataDirectory: string): void {
  if (isDevice(path)) return;
  if (!isThere(path)) {
    const parent = dirname(path);
    // That one is made by a start.
    if (!isThere(parent) && realPlace(parent) === realPlace(dataDirectory)) return;
    requireFolder(parent);
    return;
  }
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) throw new Error('it is a link');
  if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}`);
  requireFolder(dirname(path));
  accessSync(path, constants.W_OK);
  requireRecordsWithin(path, stats);
}

function isDevice(path: string): boolean {
  if (isStandardStream(path)) return true;
  return path.startsWith('/dev/') && isThere(path) && lstatSync(path).isCharacterDevice();
}

function requireFolder(folder: string): void {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) throw new Error(`there is no folder ${folder}`);
  if (!stats.isDirectory()) throw new Error(`${folder} is ${kindOf(stats)}, and no folder`);
  accessSync(folder, constants.W_OK | constants.X_OK);
  requireStorable(folder);
}

function requireRecordsWithin(path: string, { size }: Stats): void {
  if (size === 0) return;
  const start = Buffer.alloc(RECORD_START.length);
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const read = readSync(file, start, 0, start.length, 0);
    const text = start.subarray(0, read).toString('latin1');
    if (!RECORD_START.startsWith(text)) throw new Error('it holds something else than records');
  } finally {
    closeSync(file);
  }
}
