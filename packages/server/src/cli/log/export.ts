import { BYTES_MAX, readTextFile } from '../../platform/files/index.ts';
import { programVersion } from '../../platform/program/index.ts';
import {
  type ExportOptions,
  followExport,
  openFileSink,
  openSyslogSink,
  runExport,
} from '../../security-log/index.ts';
import type { ExportGiven } from '../commands/log-options.ts';
import { UsageError } from '../definition/usage-error.ts';
import type { CommandWorld } from '../definition/world.ts';
import { openNamedLog } from './places.ts';

const FOLLOW_EVERY_MS = 2_000;

export async function exportLog(given: ExportGiven, world: CommandWorld): Promise<number> {
  const target = targetOf(given);
  const log = await openNamedLog(given, world);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  try {
    const options: ExportOptions = {
      ...{ reader: log.reader, node: log.node, key: log.publicKey(), version: programVersion() },
      ...target,
      keys: given.names ? await log.keys() : null,
      onGap: (from, to) =>
        world.stderr.write(
          `poorter log: records ${from} to ${to} were dropped before their export\n`,
        ),
    };
    if (!given.follow) {
      const count = await runExport(options);
      const end = given.json ? `${JSON.stringify({ exported: count })}\n` : `${count} records\n`;
      world.stdout.write(end);
      return 0;
    }
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    await followExport(options, FOLLOW_EVERY_MS, stop.signal, (message) =>
      world.stderr.write(`poorter log: ${message}; trying again\n`),
    );
    return 0;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await log.close();
  }
}

function targetOf({
  to,
  format,
  cursor,
  ca,
  names,
}: ExportGiven): Pick<ExportOptions, 'format' | 'cursorFile' | 'openSink'> {
  const syslog = /^(tls|tcp):\/\/([^/?#]+)$/.exec(to);
  if (ca !== undefined && syslog?.[1] !== 'tls') {
    throw new UsageError('--ca has no effect but with --to tls://HOST:PORT');
  }
  if (syslog === null) {
    if (to === '-') {
      throw new UsageError(
        '--to takes a file, where the next export goes on; - is none, and a file of that name is ./-',
      );
    }
    if (names && (format ?? 'poorter') === 'poorter') {
      throw new UsageError(
        '--names goes with --format ocsf or ecs: the form poorter holds records as they were signed, sealed',
      );
    }
    if (format === 'cef') {
      throw new UsageError('--format into a file is one of poorter, ocsf, ecs');
    }
    return {
      format: format ?? 'poorter',
      cursorFile: cursor ?? `${to}.cursor`,
      openSink: (at) => openFileSink(to, at?.bytes ?? 0),
    };
  }
  if (format !== undefined && format !== 'cef') throw new UsageError('syslog carries --format cef');
  if (cursor === undefined) throw new UsageError('--cursor is missing');
  const { hostname, port } = new URL(`http://${syslog[2]}`);
  const tls = syslog[1] === 'tls';
  const authorities =
    ca === undefined ? {} : { authorities: readTextFile(ca, BYTES_MAX.credential) };
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    format: 'cef',
    cursorFile: cursor,
    openSink: () =>
      openSyslogSink({ host, port: Number(port || (tls ? 6514 : 601)), tls, ...authorities }),
  };
}
