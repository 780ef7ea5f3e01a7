import { type Contract, type Handlers, iso, isoTime } from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { SigningKey, SigningKeyStore } from './signing-key-store.ts';
import { PUBLISHED_BEFORE_MS } from './signing-plan.ts';

export interface SigningKeyRoutePorts {
  readonly signingKeys: SigningKeyStore;
  /** Gates and the authorization server go by what is stored now. */
  readonly keysChanged: () => Promise<void>;
}

/** What the authorization server signs with. */
export function signingKeyRoutes({
  signingKeys,
  keysChanged,
}: SigningKeyRoutePorts): Handlers<
  'listSigningKeys' | 'makeSigningKey' | 'revokeSigningKey',
  { readonly signingKeys: SigningKeyStore }
> {
  return {
    async listSigningKeys() {
      const keys = await signingKeys.list();
      return { status: 200, body: { items: keys.map(shownKey) } };
    },

    makeSigningKey: {
      async change({ body, nowMs }, stores) {
        const activeAt = nowMs + (body.isUrgent === true ? 0 : PUBLISHED_BEFORE_MS);
        const key = await stores.signingKeys.make(body.algorithm, activeAt);
        return { status: 201, body: shownKey(key), target: key.id };
      },
      async spread(_, answer) {
        await spread(keysChanged);
        return answer;
      },
    },

    revokeSigningKey: {
      async change({ path }, stores) {
        await stores.signingKeys.revoke(path.id);
        const key = (await stores.signingKeys.list()).find(({ id }) => id === path.id);
        if (key === undefined) throw new AdminProblem('not_found');
        return { status: 200, body: shownKey(key), target: key.id };
      },
      async spread(_, answer) {
        await spread(keysChanged);
        return answer;
      },
    },
  };
}

async function spread(keysChanged: () => Promise<void>): Promise<void> {
  try {
    await keysChanged();
  } catch {
    throw new AdminProblem('not_everywhere_yet', { gateways: ['control'] });
  }
}

function shownKey({
  id,
  algorithm,
  createdAt,
  activeAt,
  revokedAt,
}: SigningKey): Contract.SigningKey {
  const times = { created: isoTime(createdAt), active: isoTime(activeAt), revoked: iso(revokedAt) };
  return { id, algorithm, ...times };
}
