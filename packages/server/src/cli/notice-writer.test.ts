import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { Diagnostic } from '@poorter/openapi';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import { notice } from '../messages/notices.ts';
import { describeStart, startedMembers } from './describe-start.ts';
import { eachLine } from './launch-in-lines.ts';
import { NoticeWriter, noticeLine, startFailureLines } from './notice-writer.ts';
import { refusal } from './start-failure.ts';

const NOW = Date.UTC(2026, 10, 29);
const place: Diagnostic = {
  ...{ severity: 'error', code: 'spec', file: 'poorter.yaml', line: 3, column: 7 },
  ...{ message: 'apis.0.spec: is missing\nhere', suggestion: 'name it' },
};

function writer(options: { json: boolean; quiet?: boolean }) {
  const said = { out: '', err: '' };
  const stdout = { write: (text: string) => (said.out += text) };
  const stderr = { write: (text: string) => (said.err += text) };
  const source = { file: null, values: {} };
  const world = { stdout, stderr, now: () => NOW };
  return { said, say: new NoticeWriter({ quiet: false, ...options, world, source }) };
}

test('with --json whatever is said is one JSON object a line, with time, level, code and message', () => {
  const { said, say } = writer({ json: true });
  say.tell(notice('control_away', 'control is away\nfor long', { reason: 'ECONNRESET' }));
  say.warned([{ ...place, severity: 'warning' }, place]);
  say.refused([place], refusal('reload'));
  say.started({ addresses: ['127.0.0.1:1'] }, 'for people\n');
  const lines = (said.err + said.out).trimEnd().split('\n');
  const read = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const { time, level, code, message } of read) {
    assert.equal(time, '2026-11-29T00:00:00.000Z');
    assert.match(String(level), /^(info|warn|error)$/);
    assert.match(String(code), /^[a-z_]+$/);
    assert.equal(typeof message, 'string');
  }
  assert.deepEqual(
    read.map(({ code }) => code),
    [
      ...['control_away', 'configuration_doubtful', 'configuration_faulty'],
      ...['configuration_faulty', 'configuration_refused', 'started'],
    ],
  );
  const { file, line, column, rule, suggestion } = read[2] as Record<string, unknown>;
  assert.deepEqual([file, line, column, rule], ['poorter.yaml', 3, 7, 'spec']);
  assert.equal(suggestion, 'name it');
  assert.deepEqual(read[5]?.['addresses'], ['127.0.0.1:1']);
});

test('without --json people read the same sentences, named by what they typed', () => {
  const { said, say } = writer({ json: false });
  say.tell(notice('control_away', 'control is away', { reason: 'x' }));
  say.refused([{ ...place, message: 'apis.0.spec: is missing' }], refusal('reload'));
  say.started({}, 'for people\n');
  assert.equal(said.out, 'for people\n');
  assert.equal(
    said.err,
    'poorter: control is away\n' +
      'poorter.yaml:3:7: error: the OpenAPI document: is missing\n    help: name it\n' +
      'poorter: the new configuration is refused; the last good one stays in force\n',
  );
});

test('--quiet says nothing where all is well, and everything else', () => {
  const { said, say } = writer({ json: true, quiet: true });
  say.started({}, '');
  say.warned([{ ...place, severity: 'warning' }]);
  say.tellWell(notice('version_in_force', 'version 2 is in force'));
  assert.deepEqual(said, { out: '', err: '' });
  say.tell(notice('control_back', 'control is back'));
  assert.match(said.err, /control_back/);
});

test('what a notice is about takes the place of nothing that every line has', () => {
  const about = JSON.parse('{"time":"never","level":"info","code":"started","thread":1}');
  const line = noticeLine(notice('thread_ended', 'it ended', about), NOW);
  const { time, level, code, thread } = JSON.parse(line);
  assert.deepEqual(
    [time, level, code, thread],
    ['2026-11-29T00:00:00.000Z', 'error', 'thread_ended', 1],
  );
});

test("the token of a trial stands in no line of JSON: people's terminals show it once", () => {
  const trial = { token: 'eyJ.secret', scopes: ['read'], url: 'http://127.0.0.1:1/trial/token' };
  const facts = {
    ...{ summary: { apis: [], trial }, addresses: [], threads: 1, controlAddress: '127.0.0.1:1' },
  };
  const { said, say } = writer({ json: true });
  say.started(startedMembers(facts, '/data'), describeStart(facts, '/data'));
  assert.equal(said.out.includes('eyJ.secret'), false);
  assert.equal(JSON.parse(said.out).summary.trial.url, trial.url);
  assert.ok(describeStart(facts, '/data').includes('eyJ.secret'));
});

test('a start that fails says why in lines of JSON, too: the configuration, or the command line', () => {
  const codes = (error: Error, isUsage: boolean) =>
    startFailureLines(error, isUsage, NOW)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).code);
  const refused = new RefusedConfiguration([place], []);
  assert.deepEqual(codes(refused, false), ['configuration_faulty', 'not_started']);
  assert.deepEqual(codes(new Error('EADDRINUSE'), false), ['not_started']);
  assert.deepEqual(codes(new Error('unknown option'), true), ['called_wrongly']);
});

test('what a process writes past its messages comes line by line, however long and in whatever pieces', async () => {
  const heard: string[] = [];
  const stream = Readable.from([Buffer.from('one\ntw'), Buffer.from('o\n\n'), 'x'.repeat(10_000)]);
  eachLine(stream, (line) => heard.push(line));
  await new Promise((resolve) => stream.once('end', resolve));
  assert.deepEqual(heard.slice(0, 2), ['one', 'two']);
  assert.deepEqual(
    heard.slice(2).map(({ length }) => length),
    [4_096, 4_096, 1_808],
  );
});
