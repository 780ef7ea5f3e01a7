import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeAuthority } from '../../../../../scenarios/world/certificates.fixture.ts';
import type { Notice } from '../notices/index.ts';
import { type MasterKeyWorld, openMasterKey } from './index.ts';
import { startVault } from './vault.fixture.ts';
import { vaultMasterKey } from './vault-master-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'poorter-master-key-'));
after(() => rmSync(folder, { recursive: true }));
const plain = randomBytes(32);
const unavailable = { name: 'MasterKeyUnavailableError' };
const wrong = { name: 'WrongMasterKeyError' };

let made = 0;
function world(environment: Record<string, string> = {}) {
  const dataDirectory = mkdtempSync(join(folder, `${(made += 1)}-`));
  const warnings: string[] = [];
  const notify = ({ message }: Notice) => void warnings.push(message);
  return { dataDirectory, baseDirectory: dataDirectory, environment, notify, warnings };
}

function writeKey(here: MasterKeyWorld, text: string, mode = 0o600): string {
  const path = join(here.dataDirectory, 'key');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return `file:${path}`;
}

test('without a word, a key is made beside the data when first needed, with a warning', async () => {
  const here = world();
  const provider = openMasterKey(undefined, here);
  const path = join(here.dataDirectory, 'master.key');
  await assert.rejects(provider.unwrap(randomBytes(60), 'a'), unavailable);
  assert.ok(!existsSync(path), 'a database that has keys never meets a new master key');
  const wrapped = await provider.wrap(plain, 'a');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(here.warnings.length, 1);
  assert.match(here.warnings[0]!, /master\.key.*Move the file/);
  assert.ok(!here.warnings[0]!.includes(readFileSync(path, 'utf8').trim()));
  assert.deepEqual(await openMasterKey(undefined, here).unwrap(wrapped, 'a'), plain);
  assert.equal(here.warnings.length, 1);
  assert.deepEqual(readdirSync(here.dataDirectory), ['master.key']);
});

test('of many that make the key at once, all use one', async () => {
  const here = world();
  const providers = Array.from({ length: 8 }, () => openMasterKey(undefined, here));
  const wrapped = await Promise.all(providers.map((provider) => provider.wrap(plain, 'a')));
  for (const one of wrapped) assert.deepEqual(await providers[0]!.unwrap(one, 'a'), plain);
  assert.equal(here.warnings.length, 1);
});

test('a key file that others may read, is missing or is no key is refused, not replaced', async () => {
  const key = randomBytes(32);
  for (const mode of [0o644, 0o640, 0o604, 0o660, 0o700]) {
    const here = world();
    const provider = openMasterKey(writeKey(here, key.toString('hex'), mode), here);
    await assert.rejects(provider.wrap(plain, 'a'), unavailable);
  }
  for (const text of ['', 'x', key.toString('hex').slice(1), randomBytes(31).toString('base64')]) {
    const here = world();
    const name = writeKey(here, text);
    await assert.rejects(openMasterKey(name, here).wrap(plain, 'a'), unavailable);
    assert.equal(readFileSync(name.slice(5), 'utf8'), text);
  }
  const here = world();
  await assert.rejects(openMasterKey('file:absent', here).wrap(plain, 'a'), unavailable);
  assert.deepEqual(readdirSync(here.dataDirectory), []);
});

test('the same key from a file or the environment, in hex or base64, is one key', async () => {
  const key = randomBytes(32);
  const forms = [key.toString('hex'), key.toString('base64'), key.toString('base64url')];
  const wrapped = await openMasterKey('env:KEY', world({ KEY: forms[0]! })).wrap(plain, 'a');
  for (const form of forms) {
    for (const mode of [0o600, 0o400]) {
      const here = world();
      const provider = openMasterKey(writeKey(here, `${form}\n`, mode), here);
      assert.deepEqual(await provider.unwrap(wrapped, 'a'), plain);
    }
  }
  await assert.rejects(openMasterKey('env:KEY', world()).wrap(plain, 'a'), unavailable);
});

test('another key, another context or a flipped bit does not unwrap', async () => {
  const provider = openMasterKey('env:KEY', world({ KEY: randomBytes(32).toString('hex') }));
  const other = openMasterKey('env:KEY', world({ KEY: randomBytes(32).toString('hex') }));
  const wrapped = Buffer.from(await provider.wrap(plain, 'a'));
  await assert.rejects(other.unwrap(wrapped, 'a'), wrong);
  await assert.rejects(provider.unwrap(wrapped, 'b'), wrong);
  for (let at = 0; at < wrapped.length; at += 1) {
    const flipped = Buffer.from(wrapped);
    flipped[at]! ^= 1 << (at % 8);
    await assert.rejects(provider.unwrap(flipped, 'a'), wrong);
    await assert.rejects(provider.unwrap(wrapped.subarray(0, at), 'a'), wrong);
  }
});

test('what is no master key is refused without repeating it: it may be one', () => {
  const secret = randomBytes(32).toString('base64');
  for (const text of [secret, 'vault:nowhere', 'file:', 'env:', `vault:http://h/transit/keys/a`]) {
    assert.throws(() => openMasterKey(text, world()), unavailable);
  }
  for (const url of [
    'http://vault.example:8200/transit/keys/poorter',
    'https://name:secret@vault.example/transit/keys/poorter',
    'https://vault.example/transit/poorter',
    'https://vault.example/transit/keys/poorter?tokn=env:A',
    `https://vault.example/transit/keys/poorter?token=${encodeURIComponent(secret)}`,
  ]) {
    assert.throws(
      () => openMasterKey(`vault:${url}`, world()),
      (error: Error) => error.name === unavailable.name && !error.message.includes(secret),
      url,
    );
  }
});

test('a vault wraps and unwraps; what older versions of its key wrapped still opens', async (t) => {
  const vault = await startVault();
  t.after(() => vault.close());
  for (const derived of ['', '&derived=true']) {
    const text = `vault:${vault.origin}/transit/keys/poorter?token=env:TOKEN${derived}`;
    const provider = openMasterKey(text, world({ TOKEN: vault.token }));
    assert.equal(provider.id, `vault:${vault.origin}/transit/keys/poorter`);
    const wrapped = await provider.wrap(plain, 'a');
    assert.match(Buffer.from(wrapped).toString(), /^vault:v\d+:/);
    vault.rotate();
    assert.deepEqual(await provider.unwrap(wrapped, 'a'), plain);
    const anew = await provider.wrap(plain, 'a');
    vault.forgetOldVersions();
    await assert.rejects(provider.unwrap(wrapped, 'a'), wrong);
    assert.deepEqual(await provider.unwrap(anew, 'a'), plain);
    await assert.rejects(provider.unwrap(anew, 'b'), wrong);
  }
});

test('a vault that is busy is asked again; one that refuses or stays away is not asked for ever', async (t) => {
  const vault = await startVault();
  t.after(() => vault.close());
  // Longer than any machine is busy: what counts requests waits for their answers.
  const key = { origin: vault.origin, mount: 'transit', name: 'poorter', timeoutMs: 60_000 };
  const provider = vaultMasterKey({ ...key, token: () => vault.token });
  vault.misbehave = { status: 503, times: 2 };
  const wrapped = await provider.wrap(plain, 'a');
  assert.equal(vault.requests.length, 3);

  vault.misbehave = { status: 503, times: 9 };
  await assert.rejects(provider.unwrap(wrapped, 'a'), (error: Error) => {
    assert.match(error.message, /503.*Vault is sealed/);
    return error.name === unavailable.name;
  });
  assert.equal(vault.requests.length, 6);

  vault.misbehave = { status: 200, times: 9, delayMs: 5_000 };
  const answered = sleep(5_000, 'answered', { ref: false });
  const hasty = vaultMasterKey({ ...key, timeoutMs: 200, token: () => vault.token });
  const unwrapping = assert.rejects(hasty.unwrap(wrapped, 'a'), unavailable);
  // Given up before an answer comes, which the same clock counts.
  assert.equal(await Promise.race([unwrapping.then(() => 'given up'), answered]), 'given up');

  vault.misbehave = null;
  const asked = vault.requests.length;
  const stranger = vaultMasterKey({ ...key, token: () => 'other' });
  await assert.rejects(stranger.unwrap(wrapped, 'a'), (error: Error) => {
    assert.match(error.message, /403.*permission denied/);
    return error.name === unavailable.name;
  });
  assert.equal(vault.requests.length, asked + 1, 'a refusal is not repeated');
  const misnamed = vaultMasterKey({ ...key, name: 'other', token: () => vault.token });
  await assert.rejects(misnamed.wrap(plain, 'a'), /404/);
});

test('a vault is believed for the authority that is named, and for no other', async (t) => {
  const authority = makeAuthority(t);
  const served = authority.issue('/CN=vault', { names: 'IP:127.0.0.1' });
  const vault = await startVault({ cert: served.certificate, key: served.key });
  t.after(() => vault.close());
  const here = world({ TOKEN: vault.token });
  writeFileSync(join(here.dataDirectory, 'ca.pem'), authority.certificate);
  const text = `vault:${vault.origin}/transit/keys/poorter?token=env:TOKEN`;
  const provider = openMasterKey(`${text}&ca=ca.pem`, here);
  assert.deepEqual(await provider.unwrap(await provider.wrap(plain, 'a'), 'a'), plain);
  const asked = vault.requests.length;
  await assert.rejects(openMasterKey(text, here).wrap(plain, 'a'), unavailable);
  assert.equal(vault.requests.length, asked, 'the token went nowhere');
});

test('what was wrapped by something else is never sent to the vault', async (t) => {
  const vault = await startVault();
  t.after(() => vault.close());
  const key = { origin: vault.origin, mount: 'transit', name: 'poorter' };
  const provider = vaultMasterKey({ ...key, token: () => vault.token });
  await assert.rejects(provider.unwrap(randomBytes(60), 'a'), wrong);
  assert.equal(vault.requests.length, 0);
});

test('a token that would add header fields never leaves', async () => {
  for (const token of ['a\r\nx: y', '', 'ä']) {
    const text = 'vault:http://127.0.0.1:1/transit/keys/poorter?token=env:TOKEN';
    const provider = openMasterKey(text, world({ TOKEN: token }));
    await assert.rejects(
      provider.wrap(plain, 'a'),
      /needs a token(?:: env:TOKEN (?:holds more than one line|is empty)| in env:TOKEN)$/,
    );
  }
});
