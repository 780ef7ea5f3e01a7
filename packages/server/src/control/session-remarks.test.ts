import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientTerms } from '../access/clients/index.ts';
import type { Configuration } from '../configuration/schema.ts';
import { sessionRemarks } from './session-remarks.ts';

type Terms = Pick<ClientTerms, 'flows' | 'page'>;

const ofPage = (page: string | null): Terms => ({ flows: ['session'], page });

function configured(publicOrigin: string | undefined, ...flows: readonly string[][]) {
  const apis = flows.map((one) => (one.length === 0 ? {} : { flows: one }));
  return { apis, publicOrigin } as unknown as Configuration;
}

test('a client for a page is told of where no API takes its sessions, and no other client is', () => {
  const without = configured('https://api.bank.example', ['redirect'], []);
  assert.deepEqual(sessionRemarks(ofPage(null), without), [
    "no API in the configuration has 'session' in its flows: nobody can sign in",
  ]);
  const offered = configured('https://api.bank.example', ['redirect'], ['redirect', 'session']);
  assert.deepEqual(sessionRemarks(ofPage(null), offered), []);
  assert.deepEqual(sessionRemarks({ flows: ['redirect'], page: null }, without), []);
  const nameless = configured(undefined, []);
  assert.equal(sessionRemarks(ofPage('https://app.bank.example'), nameless).length, 1);
});

test('a page of another site than the gate is told of, since browsers send it no cookie', () => {
  const told = (page: string, gate: string) =>
    sessionRemarks(ofPage(page), configured(gate, ['session']));
  assert.deepEqual(told('https://app.shop.example', 'https://api.bank.example'), [
    'the page https://app.shop.example is of another site than the gate (publicOrigin: https://api.bank.example): browsers send no cookie with its calls',
  ]);
  for (const [page, gate] of [
    ['https://bank.co.uk', 'https://shop.co.uk'],
    ['http://localhost:3000', 'https://localhost:8080'],
    ['http://127.0.0.1:3000', 'http://localhost:8080'],
    ['http://127.0.0.1:3000', 'http://126.0.0.1:8080'],
    ['http://[::1]:3000', 'http://127.0.0.1:8080'],
  ] as const) {
    assert.equal(told(page, gate).length, 1, `${page} and ${gate}`);
  }
});

test('no page of the same site is told of', () => {
  for (const [page, gate] of [
    ['https://app.bank.example', 'https://api.bank.example/'],
    ['https://bank.example', 'https://api.bank.example:8443'],
    ['https://app.bank.co.uk', 'https://api.eu.bank.co.uk'],
    ['https://bank.co', 'https://api.bank.co'],
    ['http://localhost:3000', 'http://localhost:8080'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:8080'],
    ['http://[::1]:3000', 'http://[::1]:8080'],
  ] as const) {
    assert.deepEqual(sessionRemarks(ofPage(page), configured(gate, ['session'])), [], page);
  }
});
