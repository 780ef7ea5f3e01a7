import type { Random } from './random.ts';

/** One message on one connection: the pieces in which it is written. */
export interface FuzzMessage {
  readonly pieces: readonly Buffer[];
  readonly endsEarly: boolean;
}

const TARGETS = ['/things', '/things/a', '/forms', '/parts', '/streams', '/mine', '/nowhere'];
const METHODS = ['GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'];
const TARGET_PIECES =
  '/ // . .. %2e %2f %5c %00 %25 %252e ; ? # \\ %c3%a9 é = & + @ : ~ %zz %'.split(' ');
const FIELDS = [
  ...['X-Api-Key: guess', 'Authorization: Bearer a.b.c', 'Cookie: a=b; c', 'Accept: */*'],
  ...['Connection: close', 'Connection: keep-alive, x-a', 'X-A: b', 'TE: trailers', 'Upgrade: h2c'],
  ...['Connection: upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Range: bytes=0-'],
  ...['Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Expect: 100-continue', 'Expect: x'],
  ...['X-Forwarded-For: 1.2.3.4', 'Forwarded: for=1.2.3.4', 'X_A: c', 'Content-Encoding: gzip'],
  ...['Content_Length: 3', 'Transfer-Encoding: gzip', 'Host: other', 'Content-Type: text/plain'],
];
const HOSTILE_BYTES = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\t',
  ' ',
  ':',
  ',',
  ';',
  '"',
  '\x7f',
  '\xff',
  '%',
  '{',
];
const JSON_PIECES = [
  ...['{"name":"x"}', '{"name":"x","count":3}', '{}', '[]', 'null', '{"name":1e400}', '""', ''],
  ...[
    '{"name":"x","name":"y"}',
    '{"name":"\ud83d"}',
    '{"name":"\xff"}',
    '{"name":"x",}',
    '\ufeff{}',
  ],
  ...[
    '{"__proto__":{"a":1},"name":"x"}',
    `${'['.repeat(200)}${']'.repeat(200)}`,
    '{"name":9007199254740993}',
  ],
];
const FORM_PIECES = [
  'name=x',
  'name=x&count=3',
  'name',
  '&&',
  'name=%zz',
  'name=%00',
  'a[b]=c',
  'name=x&name=y',
];

/** A random message: mostly well-formed, then spoiled in up to three places. */
export function fuzzMessage(random: Random): FuzzMessage {
  let bytes = '';
  const requests = random.chance(0.2) ? 2 + random.below(3) : 1;
  for (let count = 0; count < requests; count++) bytes += request(random);
  let buffer = Buffer.from(bytes, 'latin1');
  const spoils = random.chance(0.5) ? random.below(4) : 0;
  for (let count = 0; count < spoils; count++) buffer = spoil(buffer, random);
  return { pieces: split(buffer, random), endsEarly: random.chance(0.05) };
}

function request(random: Random): string {
  return random.chance(0.4) ? validRequest(random) : strangeRequest(random);
}

function validRequest(random: Random): string {
  const fields = random.chance(0.3) ? 'X-A: b\r\nAccept: */*\r\n' : '';
  const start = (method: string, path: string) =>
    `${method} ${path} HTTP/1.1\r\nHost: things.example\r\n${fields}`;
  const withBody = (method: string, path: string, type: string, body: string) => {
    const head = `${start(method, path)}Content-Type: ${type}\r\n`;
    if (random.chance(0.5)) return `${head}Content-Length: ${body.length}\r\n\r\n${body}`;
    return `${head}Transfer-Encoding: chunked\r\n\r\n${chunked(body, random)}`;
  };
  switch (random.below(6)) {
    case 0:
      return withBody('POST', '/things', 'application/json', '{"name":"x","count":3}');
    case 1:
      return withBody('PUT', '/things/a', 'application/json; charset=utf-8', '{"name":"x"}');
    case 2:
      return withBody('POST', '/forms', 'application/x-www-form-urlencoded', 'name=x&count=3');
    case 3:
      return withBody('POST', '/streams', 'application/octet-stream', '\0binary\xff');
    case 4:
      return `${start('DELETE', '/things/a')}\r\n`;
    default:
      return `${start('GET', '/things')}\r\n`;
  }
}

function strangeRequest(random: Random): string {
  const method = random.pick(METHODS);
  const lines = [`${method} ${target(random)} HTTP/1.${random.chance(0.95) ? 1 : 0}`];
  if (random.chance(0.97)) lines.push('Host: things.example');
  const fields = random.chance(0.5) ? random.below(4) : 0;
  for (let count = 0; count < fields; count++) lines.push(random.pick(FIELDS));
  const body = random.chance(method === 'GET' ? 0.05 : 0.8) ? content(random) : null;
  if (body === null) return `${lines.join('\r\n')}\r\n\r\n`;
  lines.push(`Content-Type: ${body.type}`);
  const isChunked = random.chance(0.4);
  if (isChunked || random.chance(0.02)) lines.push('Transfer-Encoding: chunked');
  if (!isChunked) lines.push(`Content-Length: ${body.text.length + (random.chance(0.03) ? 1 : 0)}`);
  return `${lines.join('\r\n')}\r\n\r\n${isChunked ? chunked(body.text, random) : body.text}`;
}

function target(random: Random): string {
  let text = random.pick(TARGETS);
  const extras = random.chance(0.3) ? 1 + random.below(4) : 0;
  for (let count = 0; count < extras; count++) {
    text += random.chance(0.3) ? random.pick(['a', '/x', '?b=c']) : random.pick(TARGET_PIECES);
  }
  return text;
}

function content(random: Random): { type: string; text: string } {
  const size = random.chance(0.03) ? random.below(200_000) : 0;
  const filler = size > 0 ? `{"name":"${'x'.repeat(size)}"}` : null;
  switch (random.below(5)) {
    case 0:
      return { type: 'application/x-www-form-urlencoded', text: random.pick(FORM_PIECES) };
    case 1:
      return { type: 'multipart/form-data; boundary=b', text: multipart(random) };
    case 2:
      return { type: 'application/octet-stream', text: filler ?? '\0\x01binary\xff' };
    default:
      return { type: 'application/json', text: filler ?? random.pick(JSON_PIECES) };
  }
}

function multipart(random: Random): string {
  let text = '';
  const parts = random.below(4);
  for (let count = 0; count < parts; count++) {
    const name = random.pick(['name', 'count', '', 'n"a', 'file']);
    const more = random.pick([
      '',
      '; filename="f"',
      '\r\nContent-Type: application/json',
      '\r\nX: y',
    ]);
    text += `--b\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
    text += `${random.pick(['x', '3', '', '--b', '\r\n'])}\r\n`;
  }
  return `${text}--b${random.chance(0.9) ? '--' : ''}\r\n`;
}

function chunked(text: string, random: Random): string {
  let out = '';
  for (let at = 0; at < text.length; ) {
    const size = 1 + random.below(text.length > 100 ? text.length : 8);
    const piece = text.slice(at, at + size);
    const extension = random.chance(0.1) ? ';a=b' : '';
    out += `${piece.length.toString(16)}${extension}\r\n${piece}\r\n`;
    at += size;
  }
  return `${out}0\r\n${random.chance(0.1) ? 'X-Trailer: t\r\n' : ''}\r\n`;
}

/** Cuts, doubles, swaps or inserts somewhere, mostly in the first kilobyte, where the heads are. */
function spoil(buffer: Buffer, random: Random): Buffer<ArrayBuffer> {
  const at = random.below(Math.min(buffer.length, 1_024));
  const before = buffer.subarray(0, at);
  const after = buffer.subarray(at);
  switch (random.below(6)) {
    case 0:
      return Buffer.concat([before, after.subarray(random.below(8))]);
    case 1:
      return Buffer.concat([before, after.subarray(0, random.below(40)), after]);
    case 2:
      return Buffer.concat([before, Buffer.from([random.below(256)]), after.subarray(1)]);
    case 3:
      return Buffer.concat([before, Buffer.from(`\r\n${random.pick(FIELDS)}\r\n`), after]);
    case 4:
      return Buffer.concat([before]);
    default:
      return Buffer.concat([before, Buffer.from(random.pick(HOSTILE_BYTES), 'latin1'), after]);
  }
}

function split(buffer: Buffer, random: Random): Buffer[] {
  if (!random.chance(0.3)) return [buffer];
  const pieces: Buffer[] = [];
  for (let at = 0; at < buffer.length && pieces.length < 5; ) {
    const isLast = pieces.length === 4;
    const size = isLast ? buffer.length : 1 + random.below(buffer.length);
    pieces.push(buffer.subarray(at, at + size));
    at += size;
  }
  return pieces;
}
