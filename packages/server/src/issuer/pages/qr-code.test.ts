import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qrCode } from './qr-code.ts';

test('a picture for a camera is as large as it says, has a quiet zone, and holds nothing that a policy forbids', async () => {
  const text = String(await qrCode('otpauth://totp/a?secret=B"><script>', 'Key "x"'));
  const [, size = ''] = /viewBox="0 0 (\d+) \1"/.exec(text) ?? [];
  const dark = [...text.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
  assert.ok(dark.length > 200);
  for (const place of dark.flat()) assert.ok(place >= 4 && place < Number(size) - 4);
  // The corner by which a camera finds it.
  assert.ok(dark.some(([x, y]) => x === 4 && y === 4));
  assert.match(text, /aria-label="Key &quot;x&quot;"/);
  assert.doesNotMatch(text, /script|style=|<image|href/);
});
