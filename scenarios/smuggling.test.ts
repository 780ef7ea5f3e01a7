import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type RawCase, SMUGGLING } from './smuggling.cases.ts';
import { type RawUpstream, startRawUpstream } from './world/echo-upstream.fixture.ts';
import { type RunningPoorter, startPoorter } from './world/poorter.fixture.ts';
import { sendRaw } from './world/raw-client.fixture.ts';
import { things } from './world/things.fixture.ts';

let upstream: RawUpstream;
let poorter: RunningPoorter;
let recordsRead = 0;
const ends: (() => unknown)[] = [];
const lifetime = { after: (end: () => unknown) => void ends.push(end) };

before(async () => {
  upstream = await startRawUpstream(lifetime);
  const configuration = { limits: { failures: 'off' } };
  poorter = await startPoorter(lifetime, {
    description: things,
    upstream: upstream.url,
    configuration,
  });
});

after(async () => {
  for (const end of ends.toReversed()) await end();
});

/** What one message made of the world: answers, what the service got, what was recorded. */
async function send({ bytes, records: owed = 1, isSilent = false, isCutOff = false }: RawCase) {
  const receivedBefore = upstream.received();
  const exchange = await sendRaw(poorter.port, bytes, {
    timeoutMs: 1_000,
    end: isCutOff,
    ...(!isSilent && { answers: owed }),
  });
  const records = (await poorter.awaitRecords(recordsRead + owed)).slice(recordsRead);
  recordsRead += records.length;
  const received = upstream
    .received()
    .map((text, connection) => text.slice(receivedBefore[connection]?.length ?? 0))
    .filter((text) => text !== '');
  return { exchange, received, records };
}

test('the corpus is large, and no case is there twice', () => {
  assert.ok(SMUGGLING.length >= 150, `${SMUGGLING.length} cases`);
  assert.equal(new Set(SMUGGLING.map(({ bytes }) => bytes)).size, SMUGGLING.length);
});

for (const one of SMUGGLING) {
  const { name, bytes, expected, records: owedRecords = 1, isSilent } = one;
  test(`${name} is ${expected === 'refused' ? 'refused' : 'forwarded as decided'}`, async () => {
    const { exchange, received, records } = await send(one);
    assert.doesNotMatch(exchange.text, /\n\s+at |node:/, 'no stack trace');
    if (expected === 'refused') {
      assert.deepEqual(received, [], 'not a byte reaches the service');
      assert.ok(records.every(({ decision }) => decision === 'refused'));
    } else {
      assert.equal(received.length, 1);
      const sent = readRequest(received[0] as string);
      const method = /^[A-Z]+/.exec(bytes.trimStart())?.[0];
      assert.equal(sent.method, method);
      if (expected.target !== undefined) assert.equal(sent.target, expected.target);
      assert.equal(sent.body, expected.body ?? '');
      for (const text of expected.without ?? []) assert.ok(!sent.said.includes(text), text);
      assert.equal(records.filter(({ decision }) => decision === 'forwarded').length, 1);
    }
    assert.equal(records.length, owedRecords, JSON.stringify(records));
    if (isSilent) return;
    assert.equal(exchange.answers.length, owedRecords, exchange.text);
    for (const [index, answer] of exchange.answers.entries()) {
      assert.equal(answer.status, records[index]?.['status']);
      if (answer.status < 400) continue;
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.equal(JSON.parse(answer.body).code, records[index]?.['code']);
    }
  });
}

test('nothing was recorded twice, and the service saw only what was forwarded', async () => {
  const records = await poorter.records();
  assert.equal(records.length, recordsRead);
  const forwarded = records.filter(({ decision }) => decision === 'forwarded').length;
  assert.equal(upstream.requests(), forwarded);
  assert.deepEqual(poorter.notices('thread_ended'), []);
});

/** The one request in these bytes, read as strictly as RFC 9112 allows; nothing may be left over. */
function readRequest(text: string): {
  method: string;
  target: string;
  body: string;
  /** All of it but the signed identity: any three letters may stand in a signature. */
  said: string;
} {
  const end = text.indexOf('\r\n\r\n');
  const [start = '', ...lines] = text.slice(0, end).split('\r\n');
  const match = /^([A-Z]+) (\/[!-~]*) HTTP\/1\.1$/.exec(start);
  assert.ok(match !== null, start);
  const fields = lines.map((line) => {
    const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\t -~\x80-\xff]*)$/.exec(line);
    assert.ok(field !== null, line);
    return [field[1]?.toLowerCase(), field[2]] as const;
  });
  const all = (name: string) => fields.filter(([one]) => one === name).map(([, value]) => value);
  assert.equal(all('host').length, 1);
  assert.deepEqual(all('transfer-encoding'), []);
  assert.ok(all('content-length').length <= 1);
  const body = text.slice(end + 4);
  assert.equal(body.length, Number(all('content-length')[0] ?? 0));
  const said = text.replace(/^(poorter-identity: ).*$/im, '$1');
  return { method: match[1] as string, target: match[2] as string, body, said };
}
