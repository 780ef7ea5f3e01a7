import { HEAD, JSON_TYPE } from './world/things.fixture.ts';

/**
 * Messages that two readers could take for different ones. Written from RFC 9110, 9112 and 3986:
 * each names what the gate must do with it.
 */
export interface RawCase {
  readonly name: string;
  readonly bytes: string;
  /** What the service must have received, or that nothing may reach it. */
  readonly expected: 'refused' | Forwarded;
  /** Records this must leave; default 1. */
  readonly records?: number;
  /** No answer is owed: the message is not HTTP/1.x enough, or its end never comes. */
  readonly isSilent?: boolean;
  /** The sender closes its side where the bytes end. */
  readonly isCutOff?: boolean;
}

export interface Forwarded {
  readonly target?: string;
  readonly body?: string;
  /** Substrings that must not have reached the service. */
  readonly without?: readonly string[];
}

const BODY = '{"name":"x"}';
const CHUNKS = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
const START = `POST /things HTTP/1.1\r\n${HEAD}${JSON_TYPE}`;
const SECOND = `GET /things/smuggled HTTP/1.1\r\n${HEAD}\r\n`;
const LENGTH = `Content-Length: ${BODY.length}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';

type Table = readonly (readonly [name: string, bytes: string, more?: Partial<RawCase>])[];
const refused = (table: Table): RawCase[] =>
  table.map(([name, bytes, more]) => ({ name, bytes, expected: 'refused', ...more }));
const forwarded = (
  table: readonly (readonly [name: string, bytes: string, what?: Forwarded])[],
): RawCase[] => table.map(([name, bytes, what]) => ({ name, bytes, expected: what ?? {} }));

const get = (target: string, fields = '', version = 'HTTP/1.1') =>
  `GET ${target} ${version}\r\n${HEAD}${fields}\r\n`;
const post = (fields: string, body: string) => `${START}${fields}\r\n${body}`;

const lengthAndEncoding = refused([
  ['Content-Length before Transfer-Encoding', post(LENGTH + CHUNKED, CHUNKS)],
  ['Transfer-Encoding before Content-Length', post(CHUNKED + LENGTH, CHUNKS)],
  ['Content-Length 0 with chunks behind', post(`Content-Length: 0\r\n${CHUNKED}`, CHUNKS)],
  ['a short Content-Length with chunks', post(`Content-Length: 4\r\n${CHUNKED}`, CHUNKS)],
  ['a second request inside the longer reading', post(LENGTH + CHUNKED, `0\r\n\r\n${SECOND}`)],
  ['both in HTTP/1.0', post(LENGTH + CHUNKED, CHUNKS).replace('HTTP/1.1', 'HTTP/1.0')],
]);

const encodings = refused(
  [
    ...['xchunked', 'chunkedx', 'chunked, identity', 'identity, chunked', 'identity'],
    ...['chunked, chunked', 'gzip, chunked', 'chunked, gzip', 'gzip', 'chunked;q=1', '"chunked"'],
    ...['chunked,', ',chunked', '', 'chun ked', 'chunked\x0b', '\x0bchunked', 'chunke\xe4'],
  ].map((value) => [
    `Transfer-Encoding '${value}'`,
    post(`Transfer-Encoding: ${value}\r\n`, CHUNKS),
  ]),
);

const encodingFields = refused([
  ['Transfer-Encoding twice', post(CHUNKED + CHUNKED, CHUNKS)],
  ['chunked, then identity', post(`${CHUNKED}Transfer-Encoding: identity\r\n`, CHUNKS)],
  ['identity, then chunked', post(`Transfer-Encoding: identity\r\n${CHUNKED}`, CHUNKS)],
  ['a blank before its colon', post('Transfer-Encoding : chunked\r\n', CHUNKS)],
  ['a tab before its colon', post('Transfer-Encoding\t: chunked\r\n', CHUNKS)],
  ['a blank before its name', post(' Transfer-Encoding: chunked\r\n', CHUNKS)],
  ['a folded value', post('Transfer-Encoding:\r\n chunked\r\n', CHUNKS)],
  [
    'Transfer_Encoding beside Content-Length',
    post(`${LENGTH}Transfer_Encoding: chunked\r\n`, BODY),
  ],
  [
    'Transfer.Encoding beside Content-Length',
    post(`${LENGTH}Transfer.Encoding: chunked\r\n`, BODY),
  ],
  ['a NUL in its name', post('Transfer\0-Encoding: chunked\r\n', CHUNKS)],
  ['no colon', post('Transfer-Encoding chunked\r\n', CHUNKS)],
  ['in HTTP/1.0', post(CHUNKED, CHUNKS).replace('HTTP/1.1', 'HTTP/1.0')],
  ['named by Connection', post(`${CHUNKED}Connection: transfer-encoding\r\n`, CHUNKS)],
  ['a bare CR before it', post(`X: a\rTransfer-Encoding: chunked\r\n${LENGTH}`, BODY)],
  ['a bare LF before it', post(`X: a\nTransfer-Encoding: chunked\r\n${LENGTH}`, BODY)],
]).map((one) => ({ ...one, name: `Transfer-Encoding: ${one.name}` }));

const lengths = refused([
  ...[`+${BODY.length}`, `-${BODY.length}`, '0x0c', '0xc', '12.0', '1e1', '12 ', '1 2', '12a', '']
    .filter((value) => value !== '12 ')
    .map(
      (value) => [`Content-Length '${value}'`, post(`Content-Length: ${value}\r\n`, BODY)] as const,
    ),
  ...['12,12', '12, 12', '12, 0', ',12', '12;', '"12"', '\u00b9\u00b2', '12\x0b', '12\0'].map(
    (value) => [`Content-Length '${value}'`, post(`Content-Length: ${value}\r\n`, BODY)] as const,
  ),
  ['Content-Length beyond 64 bits', post('Content-Length: 18446744073709551628\r\n', BODY)],
  ['Content-Length beyond 53 bits', post('Content-Length: 9007199254740993\r\n', BODY)],
  ['Content-Length beyond the bound', post('Content-Length: 4294967296\r\n', BODY)],
  ['Content-Length twice, the same', post(LENGTH + LENGTH, BODY)],
  ['Content-Length twice, longer first', post(`${LENGTH}Content-Length: 2\r\n`, BODY)],
  ['Content-Length twice, shorter first', post(`Content-Length: 0\r\n${LENGTH}`, BODY)],
  ['Content-Length with a blank before its colon', post('Content-Length : 12\r\n', BODY)],
  ['Content-Length folded', post('Content-Length:\r\n 12\r\n', BODY)],
  ['Content_Length', post(`${LENGTH}Content_Length: 2\r\n`, BODY)],
  ['Content-Length named by Connection', post(`${LENGTH}Connection: content-length\r\n`, BODY)],
  ['no framing at all before a body', post('', BODY), { records: 2, isSilent: true }],
]);

const chunk = (body: string) => post(CHUNKED, body);
const chunks = refused([
  ['trailer fields', chunk(`c\r\n${BODY}\r\n0\r\nX-Trailer: t\r\nHost: evil\r\n\r\n`)],
  ['a hexadecimal prefix', chunk(`0x${CHUNKS}`)],
  ['a plus sign', chunk(`+${CHUNKS}`)],
  ['a minus sign', chunk(`-${CHUNKS}`)],
  ['a blank before the size', chunk(` ${CHUNKS}`)],
  ['a blank after the size', chunk(`c \r\n${BODY}\r\n0\r\n\r\n`)],
  ['a tab after the size', chunk(`c\t\r\n${BODY}\r\n0\r\n\r\n`)],
  ['an empty size', chunk(`\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a size that overflows 64 bits', chunk(`1000000000000000c\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a size beyond any bound', chunk(`ffffffffffffffff\r\n${BODY}`), { isCutOff: true }],
  ['a size in another script', chunk(`\xbc\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a size smaller than its data', chunk(`4\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a size larger than its data', chunk(`e\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a bare LF after the size', chunk(`c\n${BODY}\r\n0\r\n\r\n`)],
  ['a bare CR after the size', chunk(`c\r${BODY}\r\n0\r\n\r\n`)],
  ['a bare LF after the data', chunk(`c\r\n${BODY}\n0\r\n\r\n`)],
  ['nothing after the data', chunk(`c\r\n${BODY}0\r\n\r\n`)],
  ['bare LFs throughout', chunk(`c\n${BODY}\n0\n\n`)],
  ['a bare LF in an extension', chunk(`c;a\n${BODY}\r\n0\r\n\r\n`)],
  ['a bare CR in an extension', chunk(`c;a=\rb\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a NUL in an extension', chunk(`c;a=\0\r\n${BODY}\r\n0\r\n\r\n`)],
  ['an extension of 20 kB', chunk(`c;a=${'b'.repeat(20_000)}\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a trailer without a colon', chunk(`c\r\n${BODY}\r\n0\r\nx\r\n\r\n`)],
  ['a trailer with a NUL', chunk(`c\r\n${BODY}\r\n0\r\nx: \0\r\n\r\n`)],
  ['trailers of 40 kB', chunk(`c\r\n${BODY}\r\n0\r\nx: ${'b'.repeat(40_000)}\r\n\r\n`)],
]).map((one) => ({ ...one, name: `chunks: ${one.name}` }));

const field = (line: string) => get('/things', `${line}\r\n`);
const fields = refused([
  ['an empty name', field(': x')],
  ['a blank before the colon', field('X-A : x')],
  ['a blank in the name', field('X A: x')],
  ['a tab before the colon', field('X-A\t: x')],
  ['no colon', field('X-A')],
  ['a NUL in the name', field('X\0A: x')],
  ['a control character in the name', field('X\x01A: x')],
  ['a DEL in the name', field('X\x7fA: x')],
  ['an obs-text name', field('X\xe9: x')],
  ['a bracket in the name', field('X(A): x')],
  ['a slash in the name', field('X/A: x')],
  ['a NUL in the value', field('X-A: x\0y')],
  ['a control character in the value', field('X-A: x\x08y')],
  ['a DEL in the value', field('X-A: x\x7f')],
  ['a bare CR in the value', field('X-A: x\ry')],
  ['a bare CR that hides a field', field('X-A: x\rX-B: y')],
  ['a bare LF that hides a field', field('X-A: x\nX-B: y')],
  ['a bare LF at its end', get('/things').replace('\r\nHost', '\nHost')],
  ['obs-fold with a blank', field('X-A: x\r\n y')],
  ['obs-fold with a tab', field('X-A: x\r\n\ty')],
  ['obs-fold of the first field', `GET /things HTTP/1.1\r\n ${HEAD}\r\n`],
  ['a blank line of a blank', get('/things', ' \r\n')],
  ['CR CR LF', field('X-A: x\r')],
  ['LF LF at the end', `GET /things HTTP/1.1\r\n${HEAD.trimEnd()}\n\n`],
  ['101 fields', get('/things', 'X-A: b\r\n'.repeat(101))],
  ['a value of 17 kB', field(`X-A: ${'b'.repeat(17_000)}`)],
  ['a value of 40 kB', field(`X-A: ${'b'.repeat(40_000)}`)],
  ['a name of 40 kB', field(`${'b'.repeat(40_000)}: x`)],
]).map((one) => ({ ...one, name: `fields: ${one.name}` }));

const singletons = refused([
  ['Host twice', get('/things', HEAD)],
  ['Host twice, another', get('/things', 'Host: other.example\r\n')],
  ['Host and HOST', get('/things', 'HOST: things.example\r\n')],
  ...[
    '',
    'a@b.example',
    'a.example, b.example',
    'a.example/b',
    'a.example b.example',
    'a.example:x',
  ]
    .concat([
      'a.example:',
      '[::1',
      'a\\b.example',
      'a?b',
      'a#b',
      'http://a.example',
      'a.example:80:80',
    ])
    .map((host) => [`Host '${host}'`, `GET /things HTTP/1.1\r\nHost: ${host}\r\n\r\n`] as const),
  ['no Host', 'GET /things HTTP/1.1\r\n\r\n'],
  ['Host as a trailer', post(CHUNKED, `c\r\n${BODY}\r\n0\r\n${HEAD}\r\n`).replace(HEAD, '')],
  [
    'Authorization twice',
    get('/things', 'Authorization: Basic YTpi\r\nAuthorization: Basic Yzpk\r\n'),
  ],
  ['Content-Type twice', post(`Content-Type: text/plain\r\n${LENGTH}`, BODY)],
  ['Content-Type twice, the same', post(JSON_TYPE + LENGTH, BODY)],
  ['Content_Type', post(`Content_Type: text/plain\r\n${LENGTH}`, BODY)],
  ['Content-Type named by Connection', post(`${LENGTH}Connection: content-type\r\n`, BODY)],
  ['Cookie named by Connection', get('/things', 'Cookie: a=b\r\nConnection: cookie\r\n')],
  [
    'X-Forwarded-For named by Connection',
    get('/things', 'X-Forwarded-For: 1.2.3.4\r\nConnection: x-forwarded-for\r\n'),
  ],
]);

const target = (value: string) => get(value);
const targets = refused([
  ...[
    'http://other.example/things',
    'https://things.example/things',
    'http://u@things.example/things',
    'HTTP://things.example/',
    '/things/a;b=c',
    '/things/a%3Bb',
    '/;/things',
    '/things/...',
    '/things/%c0%af',
    '/things/%25252f',
    'things.example:80',
    '*',
    'things',
    '?a',
  ]
    .concat([
      '\\things',
      '/things#a',
      '/things?a#b',
      '/things\\..\\mine',
      '/things%',
      '/things/%zz',
    ])
    .concat([
      '/things/%2f',
      '/things%2F..%2Fmine',
      '/things/%5c',
      '/things/%00',
      '/things/%0d%0aX:y',
    ])
    .concat([
      '/things/%252e%252e/mine',
      '/things/%252f',
      '/things/%25%32%66',
      '/things/%255c',
      '/%7f',
    ])
    .concat([
      '/../things',
      '/things/../../mine',
      '/%2e%2e/things',
      '/things/..;/mine',
      '/things/.;/x',
    ])
    .concat(['/things/%2e%2e;/mine', '/things/\xe9', '/things/"', '/things/<x>', '/things/{id}'])
    .concat(['/things?a=\xe9', '/things?%', '//things.example/..//..//things/', '/things/%u002f'])
    .map((value) => [`target ${value}`, target(value)] as const),
  ['a blank in the target', target('/things /x')],
  ['a tab in the target', target('/things\tx')],
  ['a NUL in the target', target('/things\0')],
  ['a bare CR in the target', target('/things\rx')],
  ['a bare LF in the target', target('/things\nx')],
  ['a target of 9 kB', target(`/things/${'a'.repeat(9_000)}`)],
  ['a target of 60 kB', target(`/things/${'a'.repeat(60_000)}`)],
  ['an empty target', 'GET  HTTP/1.1\r\nHost: a\r\n\r\n'],
]);

const startLines = refused([
  ['HTTP/0.9', 'GET /things\r\n\r\n'],
  ['HTTP/0.9 with fields', `GET /things\r\n${HEAD}\r\n`],
  ['HTTP/1.2', get('/things', '', 'HTTP/1.2')],
  ['HTTP/2.0', get('/things', '', 'HTTP/2.0')],
  ['HTTP/01.1', get('/things', '', 'HTTP/01.1')],
  ['HTTP/1.10', get('/things', '', 'HTTP/1.10')],
  ['HTTP/1', get('/things', '', 'HTTP/1')],
  ['http/1.1', get('/things', '', 'http/1.1')],
  ['HTTP/1.1 and a blank', get('/things', '', 'HTTP/1.1 ')],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a lower-case method', get('/things').replace('GET', 'get')],
  ['a mixed-case method', get('/things').replace('GET', 'Get')],
  ['an unknown method', get('/things').replace('GET', 'FETCH')],
  ['a method with a NUL', get('/things').replace('GET', 'G\0T')],
  ['a blank before the method', ` ${get('/things')}`],
  ['a tab after the method', get('/things').replace('GET ', 'GET\t')],
  ['TRACE', get('/things').replace('GET', 'TRACE')],
  ['CONNECT with a port', `CONNECT things.example:443 HTTP/1.1\r\n${HEAD}\r\n`],
  ['CONNECT with a path', `CONNECT /things HTTP/1.1\r\n${HEAD}\r\n`],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['a reverse proxy preface', `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${get('/things')}`],
]);

const upgrades = refused([
  [
    'a WebSocket that has a body',
    `POST /things HTTP/1.1\r\n${HEAD}Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: ${SECOND.length}\r\n\r\n${SECOND}`,
  ],
  [
    'a WebSocket without a key',
    get('/things', 'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n'),
  ],
  [
    'a WebSocket where none is described, and a request behind it',
    get(
      '/things',
      'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
    ) + SECOND,
  ],
  [
    'Expect 100-continue twice',
    post(`Expect: 100-continue\r\nExpect: 100-continue\r\n${LENGTH}`, BODY),
  ],
  ['Expect of something else', post(`Expect: 200-ok\r\n${LENGTH}`, BODY)],
  ['Expect of a list', post(`Expect: 100-continue, x\r\n${LENGTH}`, BODY)],
  [
    'a refused body with a request behind it',
    `POST /nowhere HTTP/1.1\r\n${HEAD}Content-Length: 70000\r\n\r\n${SECOND}`,
  ],
  [
    'a body for an operation without one',
    `GET /things HTTP/1.1\r\n${HEAD}Content-Length: ${SECOND.length}\r\n\r\n${SECOND}`,
  ],
  [
    'chunks for an operation without a body',
    `GET /things HTTP/1.1\r\n${HEAD}${CHUNKED}\r\n${CHUNKS}`,
  ],
]);

const faithful = forwarded([
  ['a plain GET', get('/things')],
  ['a POST with a length', post(LENGTH, BODY), { body: BODY }],
  ['leading zeros in the length', post('Content-Length: 0012\r\n', BODY), { body: BODY }],
  ['blanks around the length', post('Content-Length: \t 12 \t\r\n', BODY), { body: BODY }],
  [
    'a POST in chunks is sent with a length',
    post(CHUNKED, CHUNKS),
    { body: BODY, without: ['chunked'] },
  ],
  [
    'Chunked in capitals',
    post('TRANSFER-ENCODING: CHUNKED\r\n', CHUNKS),
    { body: BODY, without: ['CHUNKED'] },
  ],
  ['leading zeros in a chunk size', chunk(`000c\r\n${BODY}\r\n000\r\n\r\n`), { body: BODY }],
  [
    'chunk extensions are dropped',
    chunk(`c;a="b;c"\r\n${BODY}\r\n0;d\r\n\r\n`),
    { body: BODY, without: ['a="b'] },
  ],
  [
    'one byte a chunk',
    chunk(`${[...BODY].map((byte) => `1\r\n${byte}\r\n`).join('')}0\r\n\r\n`),
    { body: BODY },
  ],
  ['HTTP/1.0', get('/things', '', 'HTTP/1.0')],
  // RFC 9112 §3 lets a reader part the line at any blanks; what is forwarded has single ones.
  ['two blanks after the method', get('/things').replace('GET ', 'GET  '), { target: '/things' }],
  ['empty lines before the request', `\r\n${get('/things')}`],
  [
    'h2c is not spoken',
    get(
      '/things',
      'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n',
    ),
    { without: ['h2c', 'AAMAAA', 'upgrade'] },
  ],
  ['TE ends here', get('/things', 'TE: trailers\r\nConnection: TE\r\n'), { without: ['trailers'] }],
  [
    'Proxy-Connection ends here',
    get('/things', 'Proxy-Connection: keep-alive\r\n'),
    { without: ['proxy-connection'] },
  ],
  [
    'what Connection names ends here',
    get('/things', 'X-Hop: secret\r\nConnection: X-Hop\r\n'),
    { without: ['secret'] },
  ],
  [
    'forwarding fields are the gate’s own',
    get(
      '/things',
      'X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX_Forwarded_For: 1.2.3.4\r\nTrue-Client-IP: 1.2.3.4\r\n',
    ),
    { without: ['1.2.3.4'] },
  ],
  [
    'an identity cannot be brought along',
    get(
      '/things',
      'Poorter-Identity: forged\r\nPoorter_Identity: forged\r\npoorter.identity: forged\r\n',
    ),
    { without: ['forged'] },
  ],
  [
    'rewriting fields are dropped',
    get(
      '/things',
      'X-Original-URL: /mine\r\nX-Rewrite-URL: /mine\r\nX-HTTP-Method-Override: DELETE\r\n',
    ),
    { without: ['/mine', 'DELETE'] },
  ],
  [
    'a caller’s request id is not believed',
    get('/things', 'X-Request-Id: forged\r\n'),
    { without: ['forged'] },
  ],
  ['Via ends here', get('/things', 'Via: 1.1 forged\r\n'), { without: ['forged'] }],
  ['unreserved escapes are decoded', get('/%74hings'), { target: '/things' }],
  ['double slashes are one', get('//things///x'), { target: '/things/x' }],
  ['dot segments are resolved', get('/./things/a/../b'), { target: '/things/b' }],
  ['encoded dot segments are resolved', get('/x/%2e%2E/things'), { target: '/things' }],
  ['escapes are upper-case', get('/things/%c3%a9'), { target: '/things/%C3%A9' }],
  [
    'brackets that browsers leave raw are escaped',
    get('/things/a[1]|^'),
    { target: '/things/a%5B1%5D%7C%5E' },
  ],
  ['a sub-delimiter is data', get('/things/a,b=c%2Cd'), { target: '/things/a,b=c%2Cd' }],
  [
    'absolute form goes on in origin form',
    get('http://things.example/things'),
    { target: '/things' },
  ],
  ['an escaped percent is data', get('/things/100%25'), { target: '/things/100%25' }],
  ['an absolute URL in a segment is data', get('/things/http:%3F'), { target: '/things/http:%3F' }],
]);

const pipelined: RawCase[] = [
  {
    name: 'a refused request in front of a good one',
    bytes: get('/nowhere') + get('/things/after'),
    expected: { target: '/things/after' },
    records: 2,
  },
];

export const SMUGGLING: readonly RawCase[] = [
  ...[...lengthAndEncoding, ...encodings, ...encodingFields, ...lengths, ...chunks, ...fields],
  ...[...singletons, ...targets, ...startLines, ...upgrades, ...faithful, ...pipelined],
];
