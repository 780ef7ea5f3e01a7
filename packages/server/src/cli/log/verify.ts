import { createReadStream, existsSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseJsonText } from '@poorter/openapi/json';
import { BYTES_MAX, readRegularFile, readTextIfThere } from '../../platform/files/index.ts';
import {
  type Checkpoint,
  checkProof,
  type LogVerdict,
  openCheckpoint,
  type VerifierKey,
  verifyDatabase,
  verifyExport,
} from '../../security-log/index.ts';
import type { VerifyGiven } from '../commands/log-options.ts';
import { UsageError } from '../definition/usage-error.ts';
import type { CommandWorld } from '../definition/world.ts';
import { directoryOf, openNamedLog, readPublicKey } from './places.ts';

/** A proof of one record is a small file; an export begins otherwise. */
const PROOF_BYTES_MAX = 8 * 1024 * 1024;

/** 0 good, 1 bad. */
export async function verify(given: VerifyGiven, world: CommandWorld): Promise<number> {
  const { file } = given;
  if (file !== undefined && !existsSync(file)) throw new UsageError(`there is no file ${file}`);
  if (file !== undefined && given.key !== undefined && given.data !== undefined) {
    throw new UsageError('a file is judged by one key: give either --key or --data, not both');
  }
  const data = directoryOf(given, world);
  if (file !== undefined && (await isProof(file))) {
    if (given.since !== undefined || given.remember !== undefined) {
      throw new UsageError(
        'a proof is of one record: --since and --remember go with a log, or an export',
      );
    }
    return verifyProof(file, readPublicKey(given, data), given.json, world);
  }
  let verdict: LogVerdict;
  if (file !== undefined) {
    const key = readPublicKey(given, data);
    verdict = await verifyExport(createReadStream(file), key, sinceOf(given, key, world));
  } else {
    const log = await openNamedLog(given, world);
    try {
      const key = log.publicKey();
      const since = sinceOf(given, key, world);
      verdict = await log.snapshot((reader) => verifyDatabase(reader, key, since));
    } finally {
      await log.close();
    }
  }
  if (given.json) world.stdout.write(`${JSON.stringify(verdict)}\n`);
  else for (const line of told(verdict)) world.stdout.write(`${line}\n`);
  if (verdict.fault !== null) return 1;
  if (given.remember !== undefined && verdict.signedNote !== null) {
    writeFileSync(given.remember, verdict.signedNote);
  }
  return 0;
}

async function isProof(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
    return /^\s*\{\s*"kind":\s*"inclusion"/.test(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await handle.close();
  }
}

function verifyProof(file: string, key: VerifierKey, isJson: boolean, world: CommandWorld): number {
  const bytes = readRegularFile(file, PROOF_BYTES_MAX);
  let value: unknown;
  try {
    value = parseJsonText(bytes.toString());
  } catch {
    value = null;
  }
  const fault = checkProof(value, key);
  const told =
    fault === null
      ? `good: record ${(value as { index: number }).index} is in the log of ${key.name}`
      : `bad: ${fault}`;
  world.stdout.write(isJson ? `${JSON.stringify({ fault, log: key.name })}\n` : `${told}\n`);
  return fault === null ? 0 : 1;
}

function sinceOf(
  { since: file, remember }: VerifyGiven,
  key: VerifierKey,
  { stderr }: CommandWorld,
): Checkpoint | null {
  if (file === undefined) return null;
  const text = readTextIfThere(file, BYTES_MAX.credential);
  if (text === null) {
    if (remember === undefined || resolve(remember) !== resolve(file)) {
      throw new UsageError(`--since ${file}: there is no such file; --remember writes one`);
    }
    // Whoever has remembered one before learns that it is gone.
    stderr.write(
      `${file} is not there: this time the log is held against no checkpoint, as the first time\n`,
    );
    return null;
  }
  const opened = openCheckpoint(text, key);
  if ('fault' in opened) throw new UsageError(`--since ${file}: ${opened.fault}`);
  return opened;
}

function told(verdict: LogVerdict): string[] {
  const { fault, from, size, signedSize, checkpoints, dropped, lost, robbed } = verdict;
  if (fault !== null) {
    const where =
      fault.until === null || fault.until === fault.index
        ? `at record ${fault.index}`
        : `in records ${fault.index} to ${fault.until}`;
    return [`bad ${where}: ${fault.message}`];
  }
  const lines = [`good: records ${from} to ${signedSize - 1} are those that were signed`];
  if (signedSize === 0) lines[0] = 'good: there is nothing in it yet';
  lines.push(`${checkpoints} checkpoints`);
  if (size > signedSize) lines.push(`${size - signedSize} newer records are not signed yet`);
  if (dropped > 0)
    lines.push(`records before ${dropped} were dropped by retention; their hashes fit`);
  if (lost > 0) lines.push(`${lost} records are missing by the log's own account`);
  if (robbed > 0) {
    lines.push(
      `of ${robbed} writers the spool was gone before it was read, as after a restore: how many records are missing, nobody knows`,
    );
  }
  return lines;
}
