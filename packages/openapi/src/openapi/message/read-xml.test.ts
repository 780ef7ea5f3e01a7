import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { BOUNDS, headers, openOperation, told, utf8 } from '../testing.fixture.ts';
import { readXml } from './read-xml.ts';

function ruleOf(document: string | Uint8Array, bounds = BOUNDS): string {
  const bytes = typeof document === 'string' ? utf8(document) : document;
  const reading = readXml(bytes, bounds);
  return reading.ok ? 'read' : reading.rule;
}

const LAUGHS = `<?xml version="1.0"?>
<!DOCTYPE a [<!ENTITY x0 "ha"><!ENTITY x1 "&x0;&x0;&x0;"><!ENTITY x2 "&x1;&x1;&x1;">]><a>&x2;</a>`;
const XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"';

/** Each makes some parser fetch, expand or run something, or read another document than the next one. */
const ATTACKS: readonly (readonly [rule: string, document: string | Uint8Array])[] = [
  ['xml-dtd', LAUGHS],
  ['xml-dtd', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'],
  ['xml-dtd', '<!DOCTYPE a PUBLIC "-//A//B" "http://127.0.0.1/x.dtd"><a/>'],
  ['xml-dtd', '<!DOCTYPE a [<!ENTITY e SYSTEM "http://169.254.169.254/">]><a>&e;</a>'],
  ['xml-dtd', '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://example.com/p"> %p;]><a/>'],
  ['xml-dtd', '<!DOCTYPE a [<!ATTLIST a admin CDATA "true">]><a/>'],
  ['xml-dtd', '<!DOCTYPE a><a/>'],
  ['xml-dtd', '<!-- c --><!DOCTYPE a [<!-- > --> ]><a/>'],
  ['xml-malformed', '<!DOCTYPE a [<!ENTITY e "x"><a>&e;</a>'],
  ['xml-malformed', '<!doctype a><a/>'],
  ['xml-malformed', '<a><!DOCTYPE a></a>'],
  ['xml-malformed', '<a><!ENTITY e "x"></a>'],
  ['xml-entity', '<a>&e;</a>'],
  ['xml-entity', '<a b="&e;"/>'],
  ['xml-entity', '<a>&nbsp;</a>'],
  ['xml-entity', '<a>&constructor;&__proto__;</a>'],
  ['xml-entity', '<a>&;</a>'],
  ['xml-malformed', '<a>a & b</a>'],
  ['xml-entity', '<a>&%p;</a>'],
  ['xml-malformed', '<a>&#0;</a>'],
  ['xml-malformed', '<a>&#x1F;</a>'],
  ['xml-malformed', '<a>&#xD800;</a>'],
  ['xml-malformed', '<a>&#x110000;</a>'],
  ['xml-malformed', `<a>&#${'9'.repeat(400)};</a>`],
  ['xml-malformed', '<a>&#-1;</a>'],
  ['xml-instruction', '<?xml-stylesheet href="http://example.com/x.xsl"?><a/>'],
  ['xml-instruction', '<a><?php system("id") ?></a>'],
  ['xml-instruction', '<a/><?x?>'],
  ['xml-malformed', '<a/><?xml version="1.0"?>'],
  ['xml-malformed', ' <?xml version="1.0"?><a/>'],
  ['xml-malformed', '<?XML version="1.0"?><a/>'],
  [
    'xml-include',
    '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
  ],
  ['xml-include', '<a><include xmlns="http://www.w3.org/2003/XInclude" parse="text"/></a>'],
  ['xml-schema-location', `<a ${XSI} i:schemaLocation="urn:a http://127.0.0.1/a.xsd"/>`],
  ['xml-schema-location', `<a ${XSI} i:noNamespaceSchemaLocation="http://127.0.0.1/a.xsd"/>`],
  ['xml-version', '<?xml version="1.1"?><a/>'],
  ['xml-version', '<?xml version="1.9"?><a/>'],
  ['xml-malformed', '<?xml encoding="UTF-8"?><a/>'],
  ['xml-malformed', '<?xml version="1.0" version="1.0"?><a/>'],
  ['xml-encoding', '<?xml version="1.0" encoding="UTF-7"?><a>+ADw-b/+AD4-</a>'],
  ['xml-encoding', '<?xml version="1.0" encoding="utf-16"?><a/>'],
  ['xml-encoding', '<?xml version="1.0" encoding="ISO-8859-1"?><a/>'],
  ['xml-encoding', "<?xml version='1.0' encoding='EBCDIC-CP-US'?><a/>"],
  ['xml-encoding', Buffer.from('\ufeff<a/>', 'utf16le')],
  ['xml-malformed', Buffer.from('<a/>', 'utf16le')],
  ['xml-malformed', Buffer.from('<\0\0\0a\0\0\0/\0\0\0>\0\0\0', 'latin1')],
  ['xml-encoding', Buffer.from('<a>\xc0\xbcb/\xc0\xbe</a>', 'latin1')],
  ['xml-encoding', Buffer.from('<a>\xed\xa0\x80</a>', 'latin1')],
  ['xml-malformed', '<a>\0</a>'],
  ['xml-malformed', '<a b="\u0008"/>'],
  ['xml-malformed', '<a>\uffff</a>'],
  ['xml-malformed', '\ufeff\ufeff<a/>'],
  ['xml-malformed', ''],
  ['xml-malformed', 'amount=1'],
  ['xml-malformed', '{"amount":1}'],
  ['xml-malformed', '<a>'],
  ['xml-malformed', '<a></b>'],
  ['xml-malformed', '<a><b></a></b>'],
  ['xml-malformed', '<a/><a/>'],
  ['xml-malformed', '<a/>text'],
  ['xml-malformed', '<a/>&#32;'],
  ['xml-malformed', '<a/><![CDATA[]]>'],
  ['xml-malformed', '<a>]]></a>'],
  ['xml-malformed', '<a><![CDATA[x</a>'],
  ['xml-malformed', '<a><![cdata[x]]></a>'],
  ['xml-malformed', '<a><!-- a -- b --></a>'],
  ['xml-malformed', '<a><!-- a ---></a>'],
  ['xml-malformed', '<a b=1/>'],
  ['xml-malformed', '<a b/>'],
  ['xml-malformed', '<a b="<"/>'],
  ['xml-malformed', '<a b="1"c="2"/>'],
  ['xml-malformed', '<a b="1" b="2"/>'],
  ['xml-malformed', '<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>'],
  ['xml-malformed', '<a xmlns:p="u" xmlns:p="v"/>'],
  ['xml-malformed', '<p:a/>'],
  ['xml-malformed', '<a p:b="1"/>'],
  ['xml-malformed', '<p:a:b xmlns:p="u"/>'],
  ['xml-malformed', '<:a/>'],
  ['xml-malformed', '<p:-a xmlns:p="u"/>'],
  ['xml-malformed', '<a xmlns:p="u" p:1=""/>'],
  ['xml-malformed', '<a xmlns:1="u"/>'],
  ['xml-items', `<a>${'<!---->'.repeat(100_001)}</a>`],
  ['xml-malformed', '<xmlns:a/>'],
  ['xml-malformed', '<a xmlns:xml="urn:other"/>'],
  ['xml-malformed', '<a xmlns:xmlns="urn:other"/>'],
  ['xml-malformed', '<a xmlns:p=""/>'],
  ['xml-namespace', '<a xmlns=" urn:a "/>'],
  ['xml-namespace', '<p:a xmlns:p="urn:a&#10;"/>'],
  ['xml-depth', `${'<a>'.repeat(51)}${'</a>'.repeat(51)}`],
  ['xml-depth', '<a>'.repeat(500_000)],
  ['xml-attributes', `<a ${Array.from({ length: 65 }, (_, index) => `b${index}=""`).join(' ')}/>`],
  ['xml-string-length', `<a b="${'x'.repeat(100_001)}"/>`],
  ['xml-string-length', `<a>${'x'.repeat(100_001)}</a>`],
  ['xml-string-length', `<a>${`${'x'.repeat(60_000)}<b/>`.repeat(2)}</a>`],
  ['xml-name-length', `<${'a'.repeat(1_001)}/>`],
  ['xml-name-length', `<a ${'b'.repeat(1_001)}=""/>`],
  ['xml-items', `<a>${'<b/>'.repeat(10_001)}</a>`],
  ['xml-items', `<a>${`<b>${'<c/>'.repeat(9_000)}</b>`.repeat(6)}</a>`],
];

test('XML that makes a parser fetch, expand or misread something is refused', () => {
  for (const [rule, document] of ATTACKS) {
    assert.equal(ruleOf(document), rule, String(document).slice(0, 100));
  }
});

test('an XML body is read whatever its description says, so that no attack passes it', () => {
  const descriptions: readonly object[] = [
    {},
    { schema: { type: 'object' } },
    { schema: { type: 'string' } },
    { schema: { type: 'string', format: 'binary' } },
  ];
  const types = ['application/xml', 'text/xml', 'application/soap+xml', 'image/svg+xml'];
  for (const media of [...types, '*/*']) {
    for (const described of descriptions) {
      const content = { [media]: described };
      const operation = openOperation({ requestBody: { required: true, content } });
      for (const type of media === '*/*' ? types : [media]) {
        const fields = headers('content-type', type);
        const expectation = operation.expectBody(fields, true);
        if (expectation.kind === 'unsupported') continue;
        assert.equal(expectation.kind, 'validate');
        for (const [rule, document] of ATTACKS) {
          const bytes = typeof document === 'string' ? utf8(document) : document;
          if (bytes.length === 0 || bytes.length > 100_000) continue;
          const { violations } = operation.checkBody(fields, bytes, BOUNDS);
          assert.equal(told(violations), `body  ${rule}`, `${media} ${type} ${String(document)}`);
        }
      }
    }
  }
});

test('a charset other than that of the bytes does not carry an XML body past its reader', () => {
  const content = { 'application/xml': { schema: { type: 'string', format: 'binary' } } };
  const operation = openOperation({ requestBody: { required: true, content } });
  for (const charset of ['utf-16', 'utf-7', 'iso-8859-1', 'cp037']) {
    const fields = headers('content-type', `application/xml; charset=${charset}`);
    const expectation = operation.expectBody(fields, true);
    assert.ok(expectation.kind === 'unsupported');
    assert.equal(told([expectation.violation]), 'content-type  xml-encoding');
    const checked = operation.checkBody(fields, utf8('<a/>'), BOUNDS);
    assert.equal(told(checked.violations), 'content-type  xml-encoding');
  }
});

test('an XML part of a multipart body is read, too', () => {
  for (const schema of [{ type: 'string', format: 'binary' }, { type: 'string' }, {}]) {
    const operation = openOperation({
      requestBody: {
        content: {
          'multipart/form-data': {
            schema: { type: 'object', properties: { p: schema } },
            encoding: { p: { contentType: 'application/xml, text/xml' } },
          },
        },
      },
    });
    const check = (type: string, document: string): string => {
      const head = `Content-Disposition: form-data; name="p"\r\nContent-Type: ${type}`;
      const body = utf8(`--b\r\n${head}\r\n\r\n${document}\r\n--b--\r\n`);
      const fields = headers('content-type', 'multipart/form-data; boundary=b');
      return told(operation.checkBody(fields, body, BOUNDS).violations);
    };
    for (const type of ['application/xml', 'text/xml']) {
      assert.equal(check(type, '<a>1</a>'), '');
      assert.equal(check(type, LAUGHS), 'body /p xml-dtd');
      assert.equal(check(type, '<a>'), 'body /p xml-malformed');
    }
  }
});

test('an XML text in a field of a form is read, too', () => {
  for (const schema of [{ type: 'string' }, { type: 'array', items: { type: 'string' } }]) {
    const operation = openOperation({
      requestBody: {
        content: {
          'application/x-www-form-urlencoded': {
            schema: { type: 'object', properties: { p: schema } },
            encoding: { p: { contentType: 'application/xml' } },
          },
        },
      },
    });
    const fields = headers('content-type', 'application/x-www-form-urlencoded');
    const check = (...documents: string[]): string => {
      const body = documents.map((document) => `p=${encodeURIComponent(document)}`).join('&');
      return told(operation.checkBody(fields, utf8(body), BOUNDS).violations);
    };
    assert.equal(check('<a>1</a>'), '');
    assert.equal(check(LAUGHS), 'body /p xml-dtd');
    if (schema.type === 'array') assert.equal(check('<a/>', LAUGHS), 'body /p xml-dtd');
  }
});

test('XML of which nothing is described is refused, and text is held against its schema', () => {
  const check = (described: object, document: string): string => {
    const operation = openOperation({ requestBody: { content: { 'application/xml': described } } });
    const fields = headers('content-type', 'application/xml');
    return told(operation.checkBody(fields, utf8(document), BOUNDS).violations);
  };
  assert.equal(check({}, '<a/>'), 'body  undescribed');
  assert.equal(check({ schema: { type: 'string', format: 'binary' } }, '<a/>'), '');
  assert.equal(check({ schema: { type: 'string', maxLength: 4 } }, '<a/>'), '');
  assert.equal(check({ schema: { type: 'string', maxLength: 4 } }, '<ab/>'), 'body  maxLength');
});

test('well-formed XML is read as it is written', () => {
  const document = `\ufeff<?xml version="1.0" encoding="utf-8" standalone='yes'?>\r
<!-- before --><p:a xmlns:p="urn:p" xmlns="urn:d" b="&lt;&#x41;\n" p:c='"'>
 <d xml:lang="en">x<![CDATA[<&]]></d><e/>\u{1f600}&amp;&apos;</p:a ><!-- after -->
`;
  const reading = readXml(utf8(document), BOUNDS);
  assert.ok(reading.ok);
  const { root } = reading;
  assert.deepEqual([root.prefix, root.local, root.uri], ['p', 'a', 'urn:p']);
  assert.deepEqual(
    root.attributes.map(({ name, uri, value }) => [name, uri, value]),
    [
      ['b', '', '<A '],
      ['p:c', 'urn:p', '"'],
    ],
  );
  assert.equal(root.text, "\n \u{1f600}&'");
  assert.deepEqual(
    root.children.map(({ local, uri, text, isSplit }) => [local, uri, text, isSplit]),
    [
      ['d', 'urn:d', 'x<&', true],
      ['e', 'urn:d', '', false],
    ],
  );
});

test('a comment or a CDATA section that splits a text is seen', () => {
  const isSplit = (document: string): boolean => {
    const reading = readXml(utf8(document), BOUNDS);
    assert.ok(reading.ok);
    return reading.root.isSplit;
  };
  assert.equal(isSplit('<a>admin<!-- -->.example</a>'), true);
  assert.equal(isSplit('<a><!-- -->admin</a>'), true);
  assert.equal(isSplit('<a>1<![CDATA[0]]></a>'), true);
  assert.equal(isSplit('<a> <![CDATA[0]]> </a>'), true);
  assert.equal(isSplit('<a><![CDATA[0]]></a>'), false);
  assert.equal(isSplit('<a>1&amp;2&#x33;</a>'), false);
  assert.equal(isSplit('<a><!-- --></a>'), false);
});

const nameOf = fc
  .stringMatching(/^[A-Za-z_][A-Za-z0-9._-]{0,8}$/)
  .filter((name) => !/^xml/i.test(name));
const textOf = fc
  .string({ unit: 'binary', maxLength: 20 })
  .map((text) => text.replace(/[^\t\n\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ''));

function escaped(text: string): string {
  return text.replace(/[&<>"\t\n]/g, (found) => `&#${found.codePointAt(0)};`);
}

test('property: what is written comes out, and broken bytes are refused without a fault', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(nameOf, textOf), { selector: ([name]) => name, maxLength: 5 }),
      nameOf,
      textOf,
      (attributes, name, text) => {
        const written = attributes.map(([key, value]) => ` ${key}="${escaped(value)}"`).join('');
        const reading = readXml(utf8(`<${name}${written}>${escaped(text)}</${name}>`), BOUNDS);
        assert.ok(reading.ok);
        const read = reading.root.attributes.map((attribute) => [attribute.local, attribute.value]);
        assert.deepEqual(read, attributes);
        assert.equal(reading.root.text, text);
      },
    ),
  );
  const seeds = ATTACKS.map(([, document]) => document).filter(({ length }) => length < 1_000);
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(1_000), fc.nat(255)), { maxLength: 4 }),
      (seed, changes) => {
        const bytes = Buffer.from(seed);
        for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
        const rule = ruleOf(bytes);
        assert.match(rule, /^(?:read|xml-[a-z-]+)$/);
        // Whatever the change, what declares or asks for more is never read.
        if (rule === 'read') assert.doesNotMatch(bytes.toString(), /^[^"'[-]*<!DOCTYPE/);
      },
    ),
    { numRuns: 1_000 },
  );
});
