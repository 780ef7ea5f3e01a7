import { BYTES_MAX, readTextFile } from '../../platform/files/index.ts';
import {
  type ExportFormat,
  type ExportOptions,
  followExport,
  openFileSink,
  openSyslogSink,
  runExport,
} from '../../security-log/index.ts';
import { noPositionals, type OperatorWorld, parsed, required, UsageError } from '../options.ts';
import { version } from '../usage.ts';
import { LOG_OPTIONS, openNamedLog } from './places.ts';

const FOLLOW_EVERY_MS = 2_000;
const FILE_FORMATS: readonly string[] = ['poorter', 'ocsf', 'ecs'];

export async function exportVerb(argv: readonly string[], world: OperatorWorld): Promise<number> {
  const { values, positionals } = parsed(argv, {
    ...LOG_OPTIONS,
    to: { type: 'string' },
    format: { type: 'string' },
    cursor: { type: 'string' },
    ca: { type: 'string' },
    follow: { type: 'boolean' },
  });
  noPositionals(positionals);
  const target = targetOf(required(values.to, '--to'), values);
  const log = await openNamedLog(values, world);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  try {
    const options: ExportOptions = {
      ...{ reader: log.reader, node: log.node, key: log.publicKey(), version: version() },
      ...target,
      keys: values.names ? await log.keys() : null,
      onGap: (from, to) =>
        world.stderr.write(
          `poorter log: records ${from} to ${to} were dropped before their export\n`,
        ),
    };
    if (!values.follow) {
      const count = await runExport(options);
      const end = values.json ? `${JSON.stringify({ exported: count })}\n` : `${count} records\n`;
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

function targetOf(
  to: string,
  {
    format,
    cursor,
    ca,
  }: { format?: string | undefined; cursor?: string | undefined; ca?: string | undefined },
): Pick<ExportOptions, 'format' | 'cursorFile' | 'openSink'> {
  const syslog = /^(tls|tcp):\/\/([^/?#]+)$/.exec(to);
  if (syslog === null) {
    const chosen = format ?? 'poorter';
    if (!FILE_FORMATS.includes(chosen)) {
      throw new UsageError(`--format into a file is one of ${FILE_FORMATS.join(', ')}`);
    }
    return {
      format: chosen as ExportFormat,
      cursorFile: cursor ?? `${to}.cursor`,
      openSink: (at) => openFileSink(to, at?.bytes ?? 0),
    };
  }
  if (format !== undefined && format !== 'cef') throw new UsageError('syslog carries --format cef');
  const { hostname, port } = new URL(`http://${syslog[2]}`);
  const tls = syslog[1] === 'tls';
  const authorities =
    ca === undefined ? {} : { authorities: readTextFile(ca, BYTES_MAX.credential) };
  const host = hostname.replace(/^\[|\]$/g, '');
  return {
    format: 'cef',
    cursorFile: required(cursor, '--cursor'),
    openSink: () =>
      openSyslogSink({ host, port: Number(port || (tls ? 6514 : 601)), tls, ...authorities }),
  };
}
