import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvRecords } from './csv-records.ts';
import { textOf } from './text-of.ts';

async function read(text: string | Uint8Array, sizes: readonly number[] = []) {
  const found = [];
  for await (const one of csvRecords(textOf(pieces(Buffer.from(text), sizes)))) found.push(one);
  return found;
}

/** In pieces of these sizes, in turn: a character may be cut in two. */
async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes.length === 0 ? bytes.length : (sizes[turn % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test('fields may hold commas, quotes and line ends; each record knows its line', async () => {
  const text = '\ufefflogin,name\r\n"a,b","say ""hi""\nthere"\r\n\r\nplain,\n"",last';
  assert.deepEqual(await read(text), [
    { line: 1, fields: ['login', 'name'] },
    { line: 2, fields: ['a,b', 'say "hi"\nthere'] },
    { line: 5, fields: ['plain', ''] },
    { line: 6, fields: ['', 'last'] },
  ]);
  assert.deepEqual(await read(''), []);
  assert.deepEqual(await read('\ufeff'), []);
  assert.deepEqual(await read('a\r\n'), [{ line: 1, fields: ['a'] }]);
});

test('what would put one person’s field into another’s is refused with its line', async () => {
  for (const [text, line, says] of [
    ['a,b\n"c,d\ne,f\n', 2, /never closed/],
    ['a,b\nc"d,e\n', 2, /begins with none/],
    ['a,b\n\n"c"d,e\n', 3, /behind the quote/],
    ['a,b\rc,d\n', 1, /carriage return/],
    ['a\r', 1, undefined],
    [`a,b\n"${'x'.repeat(300_000)}`, 2, /more than/],
  ] as const) {
    if (says === undefined) assert.deepEqual(await read(text), [{ line, fields: ['a'] }]);
    else await assert.rejects(read(text), { name: 'UnreadableAccounts', line, message: says });
  }
});

test('another encoding is refused where it shows, and never read as something else', async () => {
  const latin1 = Buffer.from('login,name\nx,Ren\u00e9\n', 'latin1');
  await assert.rejects(read(latin1), { name: 'UnreadableAccounts', message: /UTF-8/ });
  const utf16 = Buffer.from('\ufefflogin,name\n', 'utf16le');
  await assert.rejects(read(utf16), { name: 'UnreadableAccounts', message: /UTF-8/ });
  await assert.rejects(read(Buffer.from([0x61, 0xc3])), { message: /UTF-8/ });
});

test('what is written by the rules is read as it was, wherever the pieces are cut', async () => {
  const field = fc.string({
    unit: fc.constantFrom('a', '"', ',', '\n', '\r\n', 'é', '😀', ' '),
    maxLength: 8,
  });
  const table = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 6 });
  const sizes = fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(
      table,
      sizes,
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      async (rows, cut, end, ends) => {
        const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
        const written = rows.map((row) => row.map(quoted).join(',')).join(end) + (ends ? end : '');
        const found = await read(written, cut);
        assert.deepEqual(
          found.map(({ fields }) => fields),
          rows,
        );
      },
    ),
  );
});

test('whatever the file holds, it is read or refused, and never a fault', async () => {
  const unit = fc.constantFrom('"', ',', '\n', '\r', 'a', '\0', '\ufeff', 'é');
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit, maxLength: 30 }),
      fc.array(fc.integer({ min: 1, max: 3 })),
      async (text, cut) => {
        const [once, inPieces] = await Promise.all([
          read(text).catch((error: Error) => error),
          read(text, cut).catch((error: Error) => error),
        ]);
        if (once instanceof Error) assert.equal(once.name, 'UnreadableAccounts');
        assert.deepEqual(inPieces, once);
      },
    ),
  );
});
