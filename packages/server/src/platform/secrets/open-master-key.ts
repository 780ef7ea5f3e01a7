import { join, resolve } from 'node:path';
import { isLoopback } from '../addresses/index.ts';
import { BYTES_MAX, readTextFile } from '../files/index.ts';
import { type Notify, platformNotice } from '../notices/index.ts';
import { environmentMasterKey, fileMasterKey } from './local-master-key.ts';
import { type MasterKeyProvider, MasterKeyUnavailableError } from './master-key-provider.ts';
import { isSecretReference, readSecret } from './secret-text.ts';
import { vaultMasterKey } from './vault-master-key.ts';

export interface MasterKeyWorld {
  readonly dataDirectory: string;
  /** Where relative paths start. */
  readonly baseDirectory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly notify: Notify;
}

/**
 * `file:PATH`, `env:NAME`, or `vault:https://HOST/MOUNT/keys/NAME?token=env:NAME`. Without a text:
 * `master.key` in the data directory, made when it is first needed.
 */
export function openMasterKey(text: string | undefined, world: MasterKeyWorld): MasterKeyProvider {
  if (text === undefined) {
    const path = join(world.dataDirectory, 'master.key');
    const onCreated = () =>
      world.notify(
        platformNotice(
          'master_key_made',
          `the master key was made in ${path}, beside the data it protects: whoever copies the data ` +
            'directory has both. Move the file elsewhere and say so with masterKey: file:PATH',
          { file: path },
        ),
      );
    return fileMasterKey(path, { create: true, onCreated });
  }
  const [, kind, rest] = /^(file|env|vault):(.+)$/s.exec(text) ?? [];
  if (rest !== undefined) {
    switch (kind) {
      case 'file':
        return fileMasterKey(resolve(world.baseDirectory, rest), { create: false });
      case 'env':
        return environmentMasterKey(text, world);
      case 'vault':
        return vaultFrom(rest, world);
    }
  }
  // Not the text itself: it may be a key that was written here by mistake.
  throw new MasterKeyUnavailableError('the master key is file:PATH, env:NAME or vault:https://…');
}

function vaultFrom(text: string, world: MasterKeyWorld): MasterKeyProvider {
  const refuse = (why: string) => new MasterKeyUnavailableError(`the master key in a vault ${why}`);
  if (!URL.canParse(text)) throw refuse('is vault:https://HOST/MOUNT/keys/NAME?token=env:NAME');
  const url = new URL(text);
  const isPrivate = url.protocol === 'https:' || isLoopback(url.hostname);
  if (!/^https?:$/.test(url.protocol) || !isPrivate) throw refuse('needs https');
  if (url.username !== '' || url.password !== '') throw refuse('takes no name in its URL');
  const [, mount, name] = /^\/([\w./-]+)\/keys\/([\w.-]+)$/.exec(url.pathname) ?? [];
  if (mount === undefined || name === undefined) throw refuse('has the path /MOUNT/keys/NAME');
  const { token, ca, namespace, derived, ...unknown } = Object.fromEntries(url.searchParams);
  const [strange] = Object.keys(unknown);
  if (strange !== undefined) throw refuse(`knows no '${strange}': token, ca, namespace, derived`);
  return vaultMasterKey({
    origin: url.origin,
    mount,
    name,
    token: secretSource(token ?? 'env:VAULT_TOKEN', world, refuse),
    ...(ca !== undefined && {
      authorities: readTextFile(resolve(world.baseDirectory, ca), BYTES_MAX.credential),
    }),
    ...(namespace !== undefined && { namespace }),
    isDerived: derived === 'true',
  });
}

function secretSource(
  text: string,
  world: MasterKeyWorld,
  refuse: (why: string) => Error,
): () => string {
  if (!isSecretReference(text)) throw refuse('takes its token as env:NAME or file:PATH');
  return () => {
    let token: string;
    try {
      token = readSecret(text, world);
    } catch (error) {
      throw refuse(`needs a token: ${(error as Error).message}`);
    }
    // A header field: nothing else may follow it into the request.
    if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
    throw refuse(`needs a token in ${text}`);
  };
}
