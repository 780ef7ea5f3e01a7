import assert from 'node:assert/strict';
import { test } from 'node:test';
import { browserOf } from './browser.ts';

test('a browser is called as its people call it, whatever else it claims to be', () => {
  for (const [agent, name] of [
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36 Edg/140.0',
      'Edge, Windows',
    ],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0 Safari/537.36', 'Chrome, Windows'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1', 'Safari, macOS'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1', 'Safari, iPhone'],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) FxiOS/140 Safari/605',
      'Firefox, iPhone',
    ],
    [
      'Mozilla/5.0 (Linux; Android 16; SM-S9) SamsungBrowser/30.0 Chrome/140 Mobile Safari/537',
      'Samsung Internet, Android',
    ],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox, Linux'],
    ['curl/8.9', ''],
    [undefined, ''],
    [`${'x'.repeat(2_000)} Firefox/140.0`, ''],
  ] as const) {
    const headers = agent === undefined ? {} : { 'user-agent': agent };
    assert.equal(browserOf({ headers }), name, agent ?? 'none');
  }
});
