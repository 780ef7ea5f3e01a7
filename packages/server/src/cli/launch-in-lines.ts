import type { Readable } from 'node:stream';
import { notice } from '../messages/notices.ts';
import { type Launch, startChild } from '../platform/processes/index.ts';
import type { NoticeWriter } from './notice-writer.ts';

/** Of one line, in characters; a stack trace of Node stays far below. */
const LINE_MAX = 4_096;

/**
 * Starts processes whose own words become notices, too: a warning of Node, or why one crashed. And so do
 * those of this process.
 */
export function launchInLines(say: NoticeWriter): Launch {
  const said = (pid: number | undefined) => (text: string) =>
    say.tell(notice('process_said', text, { pid }));
  const own = said(process.pid);
  // Node's own listener would write it as it is.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => own(`${name}: ${message}`));
  process.on('uncaughtException', (error) => {
    say.tell(notice('supervisor_fault', error.stack ?? String(error)));
    process.exit(1);
  });
  return (program) => {
    const child = startChild(program, 'pipe');
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) eachLine(stream, said(child.pid));
    }
    return child;
  };
}

/** Of a line that is longer, what is beyond is another. */
export function eachLine(stream: Readable, hear: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (; rest.length > LINE_MAX; rest = rest.slice(LINE_MAX)) lines.push(rest.slice(0, LINE_MAX));
    for (const line of lines) if (line !== '') hear(line);
  });
  stream.on('end', () => {
    if (rest !== '') hear(rest);
  });
}
