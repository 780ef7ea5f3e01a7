import { compileNetworkLists, type LimitsConfig } from '@poorter/engine';
import { limitsSchema } from '@poorter/engine/limits';
import {
  type Act,
  type Answer,
  type Contract,
  type Everywhere,
  type Handlers,
  iso,
  isoTime,
  milliseconds,
  type OperationId,
  pageLimit,
} from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { KeyUseSummary } from '../../security-log/index.ts';
import type { KeyState, KeyStore, KeyTerms, StoredKey } from './index.ts';

/** When a key is old enough to be replaced. */
export interface RotationPolicy {
  /** Milliseconds after which a key should be rotated; null: never said. */
  readonly warnAfterMs: number | null;
  /** Milliseconds after which it is refused. */
  readonly refuseAfterMs: number | null;
}

export interface OperationRights {
  readonly scopes: ReadonlySet<string>;
  readonly roles: ReadonlySet<string>;
}

export interface KeyGrants {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

export interface KeyRoutePorts {
  readonly keys: KeyStore;
  readonly everywhere: Everywhere;
  readonly rotation: () => RotationPolicy;
  /** What an operation asks of its callers, by its id. */
  readonly rightsOf: (operation: string) => OperationRights;
  /** What of these no operation asks for: most likely mistyped, and told to whoever wrote it. */
  readonly remarksOn: (grants: KeyGrants) => readonly string[];
  /** Once all is kept of what keys were used for up to now; false: that is not known. */
  readonly knowsUses: () => Promise<boolean>;
  /** Gateways of which nothing is heard, and so not what was called there, by name. */
  readonly unheard: () => readonly string[];
  readonly usesOf: (
    keyId: string,
    sinceMs: number,
    left?: AbortSignal,
  ) => Promise<readonly KeyUseSummary[]>;
}

const DEFAULT_OVERLAP_SECONDS = 86_400;
const UNUSED_DAYS = 90;
const DAY_MS = 86_400_000;

type KeyOperation =
  | ('listKeys' | 'createKey' | 'showKey' | 'showUnusedRights')
  | ('changeKey' | 'rotateKey' | 'revokeKey' | 'reportLeakedKey');

type KeyHandlers = Handlers<KeyOperation, { readonly keys: KeyStore }>;

export function keyRoutes(ports: KeyRoutePorts): KeyHandlers {
  const { keys, everywhere } = ports;
  const shown = (key: StoredKey, nowMs: number) => shownKey(key, nowMs, ports.rotation());
  const reached = async <Id extends OperationId>(_: Act<Id>, answer: Answer<Id>) => {
    await everywhere.untilEnforced();
    return answer;
  };
  const told = async <Id extends OperationId>(_: Act<Id>, answer: Answer<Id>) => {
    await everywhere.announce();
    return answer;
  };

  return {
    async listKeys({ query, nowMs }) {
      const { state } = query;
      const page = await keys.list({
        limit: pageLimit(query),
        ...(query.cursor !== undefined && { cursor: query.cursor }),
        ...(query.owner !== undefined && { owner: query.owner }),
        ...(state !== undefined && { state }),
      });
      const items = page.items.map((key) => shown(key, nowMs));
      return { status: 200, body: { items, next: page.next } };
    },

    createKey: {
      async change(act, stores) {
        const terms = termsOf(act.body, NEW_KEY, act.nowMs);
        const issued = await stores.keys.create(terms, act.operator.client);
        return withWarnings(
          newKey(issued.key, issued.record, act.nowMs),
          ports.remarksOn({ scopes: terms.scopes, roles: terms.roles }),
        );
      },
      spread: told,
    },

    async showKey({ path, nowMs }) {
      return answerOf(await known(keys, path.id), nowMs);
    },

    showUnusedRights: unusedRights(ports),

    changeKey: {
      async change({ path, body, version, nowMs }, stores) {
        const before = await known(stores.keys, path.id);
        if (before.revokedAt !== null)
          throw new AdminProblem('not_possible', { reason: 'revoked' });
        const terms = termsOf(body, before, nowMs);
        const after = await stores.keys.update(before.id, terms, version);
        const { scopes = [], roles = [] } = body;
        return withWarnings(answerOf(after, nowMs), ports.remarksOn({ scopes, roles }));
      },
      spread: reached,
    },

    rotateKey: {
      async change({ path, body, nowMs, operator }, stores) {
        const wish = body ?? {};
        const before = await known(stores.keys, path.id);
        const state = before.rotatedTo === null ? stateOf(before, nowMs) : 'rotated';
        if (state !== 'active') throw new AdminProblem('not_possible', { reason: state });
        const expiresAt = successorExpiry(before, wish.expires, nowMs);
        const overlapMs = (wish.overlapSeconds ?? DEFAULT_OVERLAP_SECONDS) * 1000;
        const { key, record } = await stores.keys.rotate(
          before.id,
          overlapMs,
          before.version,
          operator.client,
        );
        const isSame = record.expiresAt === expiresAt;
        const made = isSame ? record : await stores.keys.update(record.id, { expiresAt });
        return newKey(key, made, nowMs);
      },
      spread: told,
    },

    revokeKey: {
      async change({ path, body, nowMs }, stores) {
        const { id } = await known(stores.keys, path.id);
        return answerOf(
          await stores.keys.revoke(id, body?.reason ?? 'revoked by an operator'),
          nowMs,
        );
      },
      spread: reached,
    },

    reportLeakedKey: leakReport(ports),
  };

  function answerOf(key: StoredKey, nowMs: number): Answer<'showKey'> {
    return { status: 200, body: shown(key, nowMs), version: key.version, target: key.id };
  }

  function withWarnings<Told extends Answer<'createKey'> | Answer<'changeKey'>>(
    answer: Told,
    warnings: readonly string[],
  ): Told {
    return warnings.length === 0 ? answer : { ...answer, body: { ...answer.body, warnings } };
  }

  function newKey(key: string, record: StoredKey, nowMs: number): Answer<'createKey'> {
    return {
      status: 201,
      body: { key, record: shown(record, nowMs) },
      version: record.version,
      target: record.id,
    };
  }
}

/** Rights of a key that nothing it has called lately asks for. */
function unusedRights(ports: KeyRoutePorts): KeyHandlers['showUnusedRights'] {
  const { keys, rightsOf } = ports;
  return async ({ path, query, nowMs }) => {
    const key = await known(keys, path.id);
    // Whoever reads that something is unused takes it back: of what was called since nobody may say so.
    if (!(await ports.knowsUses())) {
      const reason = 'what keys were used for lately is not read yet';
      throw new AdminProblem('store_unavailable', { reason });
    }
    const days = Number(query.days ?? UNUSED_DAYS);
    const since = nowMs - days * DAY_MS;
    const operations = await keys.operationsSince(key.id, since);
    const asked = operations.map((operation) => rightsOf(operation));
    const isUnused = (kind: 'scopes' | 'roles') => (right: string) =>
      !asked.some((rights) => rights[kind].has(right));
    return {
      status: 200,
      body: {
        since: isoTime(since),
        until: isoTime(nowMs),
        unheard: ports.unheard(),
        operations,
        scopes: key.scopes.filter(isUnused('scopes')),
        // A scheme that carries no scopes may ask for a role by the same word.
        roles: key.roles.filter(isUnused('roles')).filter(isUnused('scopes')),
      },
    };
  };
}

/** Revoked at once, and replaced; whoever reports it is told what was done with it since it leaked. */
function leakReport({
  everywhere,
  rotation,
  usesOf,
}: KeyRoutePorts): KeyHandlers['reportLeakedKey'] {
  const shown = (key: StoredKey, nowMs: number) => shownKey(key, nowMs, rotation());
  return {
    async change({ body, nowMs, operator }, stores) {
      const leaked = await stores.keys.find(body.key);
      if (leaked === undefined) throw new AdminProblem('not_found');
      const isAlive = stateOf(leaked, nowMs) === 'active';
      // Both in one transaction: whoever holds it rightly is never without.
      const replacement =
        isAlive && body.replace !== false && leaked.rotatedTo === null
          ? await stores.keys.rotate(leaked.id, 0, undefined, operator.client)
          : null;
      const revoked = await stores.keys.revoke(leaked.id, 'leaked');
      return {
        status: 200,
        target: leaked.id,
        body: {
          revoked: shown(revoked, nowMs),
          replacement: replacement && {
            key: replacement.key,
            record: shown(replacement.record, nowMs),
          },
          // Not known before it is told to everybody.
          ...{ uses: null, unconfirmed: [] },
        },
      };
    },
    async spread({ body, left }, answer) {
      const unconfirmed = await everywhere.announce();
      const { revoked } = answer.body;
      const since = milliseconds(body.leakedAt ?? revoked.created);
      // What the log cannot say now takes nothing back: the key is revoked.
      const uses = await usesOf(revoked.id, since ?? 0, left).catch(() => null);
      return { ...answer, body: { ...answer.body, uses, unconfirmed } };
    },
  };
}

const NEW_KEY: KeyTerms = {
  name: '',
  owner: null,
  scopes: [],
  roles: [],
  limits: null,
  networks: [],
  expiresAt: null,
};

/** The contract has checked the form; what only the engine can judge is checked here. */
function termsOf(written: Contract.KeyChange, before: KeyTerms, nowMs: number): KeyTerms {
  const { name, owner, scopes, roles, limits, networks, expires } = written;
  if (networks !== undefined) checkNetworks(networks);
  const expiresAt = expires === undefined ? before.expiresAt : milliseconds(expires);
  if (expires !== undefined && expiresAt !== null && !(expiresAt > nowMs)) {
    throw new AdminProblem('value_not_acceptable', { reason: 'expires: lies in the past' });
  }
  return {
    name: name ?? before.name,
    owner: owner === undefined ? before.owner : owner,
    scopes: scopes ?? before.scopes,
    roles: roles ?? before.roles,
    limits: limits === undefined ? before.limits : readLimits(limits),
    networks: networks ?? before.networks,
    expiresAt,
  };
}

function readLimits(limits: unknown): LimitsConfig | null {
  if (limits === null) return null;
  const read = limitsSchema.safeParse(limits);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const reason = `limits${issue?.path.map((key) => `.${String(key)}`).join('')}: ${issue?.message}`;
  throw new AdminProblem('value_not_acceptable', { reason });
}

function checkNetworks(networks: readonly string[]): void {
  try {
    compileNetworkLists({ allow: networks, deny: [] });
  } catch (error) {
    throw new AdminProblem('value_not_acceptable', {
      reason: `networks: ${(error as Error).message}`,
    });
  }
}

/** A successor lives as long as its predecessor was meant to, from now on. */
function successorExpiry(
  before: StoredKey,
  wish: string | undefined,
  nowMs: number,
): number | null {
  if (wish !== undefined) {
    const wished = milliseconds(wish);
    if (wished !== null && wished > nowMs) return wished;
    throw new AdminProblem('value_not_acceptable', { reason: 'expires: lies in the past' });
  }
  return before.expiresAt === null ? null : nowMs + (before.expiresAt - before.createdAt);
}

async function known(keys: KeyStore, id: string): Promise<StoredKey> {
  const key = await keys.show(id);
  if (key === undefined) throw new AdminProblem('not_found');
  return key;
}

function stateOf(key: StoredKey, nowMs: number): KeyState {
  if (key.revokedAt !== null) return 'revoked';
  if (key.expiresAt !== null && !(nowMs < key.expiresAt)) return 'expired';
  if (key.rotatedTo !== null && !(nowMs < (key.overlapUntil ?? 0))) return 'rotated';
  return 'active';
}

function shownKey(key: StoredKey, nowMs: number, policy: RotationPolicy): Contract.Key {
  return {
    id: key.id,
    client: key.client,
    name: key.name,
    owner: key.owner,
    prefix: key.prefix,
    state: stateOf(key, nowMs),
    scopes: key.scopes,
    roles: key.roles,
    limits: key.limits,
    networks: key.networks,
    created: isoTime(key.createdAt),
    createdBy: key.createdBy,
    expires: iso(key.expiresAt),
    rotatedFrom: key.rotatedFrom,
    rotatedTo: key.rotatedTo,
    overlapUntil: iso(key.overlapUntil),
    revoked: iso(key.revokedAt),
    reason: key.revokedReason,
    lastUsed: iso(key.lastUsedAt),
    lastOperation: key.lastUsedOperation,
    rotation: rotationOf(key, nowMs, policy),
  };
}

export function rotationOf(
  key: Pick<StoredKey, 'createdAt' | 'rotatedTo' | 'revokedAt'>,
  nowMs: number,
  policy: RotationPolicy,
): Contract.Key['rotation'] {
  if (policy.warnAfterMs === null && policy.refuseAfterMs === null) return 'none';
  if (key.rotatedTo !== null || key.revokedAt !== null) return 'fine';
  const age = nowMs - key.createdAt;
  if (policy.refuseAfterMs !== null && !(age < policy.refuseAfterMs)) return 'overdue';
  if (policy.warnAfterMs !== null && !(age < policy.warnAfterMs)) return 'due';
  return 'fine';
}
