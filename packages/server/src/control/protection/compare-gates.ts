import { compileNetworkLists, newlyAllowed } from '@poorter/engine';
import { USUAL_FLOWS } from '../../configuration/asking-flows.ts';
import { compareDirectories, compareFederation } from './compare-federation.ts';
import { compareListeners, compareTls, reached } from './compare-listeners.ts';
import type { IssuerPlace, IssuerProtection, PeerProtection, Protection } from './protection.ts';
import { type Remark, some, type Weakening } from './weakening.ts';

/** What holds for the whole gate, whatever is called. */
export function compareGates(before: Protection, after: Protection): Weakening[] {
  const remarks: Remark[] = [
    ...compareNumbers(before, after),
    ...compareNetworks(before, after),
    ...compareIssuers(before, after),
    ...compareListeners(before, after),
    ...compareControl(before.control, after.control),
    ...compareIssuerPlace(before.issuer ?? null, after.issuer ?? null),
    ...compareCounters(before, after),
    ...Object.entries(after.peers).flatMap(([key, peer]) =>
      comparePeer(key, before.peers[key], peer),
    ),
    ...compareForwardAuth(before.forwardAuth, after.forwardAuth),
    ...compareRest(before, after),
  ];
  return remarks.map(([kind, sentence]) => ({ kind, api: null, operation: null, sentence }));
}

function compareNumbers(before: Protection, after: Protection): Remark[] {
  const raised = Object.entries(after.ceilings).flatMap(([key, value]): Remark[] => {
    const old = before.ceilings[key];
    if (old === undefined || old === null || (value !== null && value <= old)) return [];
    return [[kindOf(key), `${key} is ${value ?? 'gone'}, was ${old}.`]];
  });
  const lowered = Object.entries(after.floors).flatMap(([key, value]): Remark[] => {
    const old = before.floors[key];
    if (old === undefined || value >= old) return [];
    return [[kindOf(key), `${key} is ${value}, was ${old}.`]];
  });
  return [...raised, ...lowered];
}

function kindOf(key: string): Remark[0] {
  if (key.startsWith('limits.failures')) return 'failure-budget-raised';
  if (key.startsWith('keyRotation.') || key.startsWith('issuer.keys.'))
    return 'key-rotation-loosened';
  if (key.startsWith('log.')) return 'records-loosened';
  if (key.startsWith('counters.')) return 'counters-apart';
  return 'bound-raised';
}

function compareNetworks(before: Protection, after: Protection): Remark[] {
  const remarks: Remark[] = [];
  const caller = newlyAllowed(
    { lists: before.network, isAllowed: compileNetworkLists(before.network) },
    { lists: after.network, isAllowed: compileNetworkLists(after.network) },
  );
  if (caller !== null) {
    remarks.push(['network-widened', `More addresses may call, such as ${caller}.`]);
  }
  const proxy = newlyAllowed(trusted(before.proxies), trusted(after.proxies));
  if (proxy !== null) {
    const sentence = `More proxies are believed on who calls, such as ${proxy} (trust.proxies).`;
    remarks.push(['proxies-widened', sentence]);
  }
  return remarks;
}

/** Here an empty list is nobody. */
function trusted(allow: readonly string[]) {
  const lists = { allow, deny: [] };
  return { lists, isAllowed: allow.length === 0 ? () => false : compileNetworkLists(lists) };
}

function compareIssuers(before: Protection, after: Protection): Remark[] {
  // The trial itself says that a real one is to be named: whoever does takes its tokens from everybody on this machine.
  if (before.trial === true && after.trial !== true) return [];
  const isTriedNow = after.trial === true && before.trial !== true && before.issuers.length > 0;
  const tried = 'Tokens of a trial are accepted, which this machine gives to whoever asks it.';
  return [
    ...after.issuers.flatMap((issuer) => compareIssuer(before.issuers, issuer)),
    ...(isTriedNow ? [['issuer-added', tried] as Remark] : []),
  ];
}

function compareIssuer(before: readonly IssuerProtection[], next: IssuerProtection): Remark[] {
  const old = before.find(({ issuer }) => issuer === next.issuer);
  if (old === undefined) {
    return [['issuer-added', `Tokens of ${next.issuer} are accepted.`]];
  }
  const changes: string[] = [];
  const audiences = next.audiences.filter((one) => !old.audiences.includes(one));
  if (audiences.length > 0) changes.push(`tokens for ${some(audiences)} too`);
  const algorithms = next.algorithms.filter((one) => !old.algorithms.includes(one));
  if (algorithms.length > 0) changes.push(`the algorithms ${some(algorithms)} too`);
  if (next.clockSkewSeconds > old.clockSkewSeconds) {
    changes.push(`clocks that differ by ${next.clockSkewSeconds} s, was ${old.clockSkewSeconds}`);
  }
  if (next.acceptsNonce && !old.acceptsNonce)
    changes.push('tokens with a nonce, as ID tokens have');
  if (next.jwks !== old.jwks && next.jwks !== 'none')
    changes.push(`keys from ${next.jwks ?? 'its discovery document'}`);
  for (const claim of ['audienceClaim', 'rolesClaim', 'scopesClaim'] as const) {
    if (next[claim] === old[claim]) continue;
    // Without the claim, tokens that carry no aud are refused again.
    if (claim === 'audienceClaim' && next[claim] === null) continue;
    changes.push(`${claim} ${next[claim] ?? 'as usual'}, was ${old[claim] ?? 'as usual'}`);
  }
  changes.push(...introspectionChanges(old.introspection, next.introspection));
  return changes.map((change) => [
    'issuer-loosened',
    `More is believed of ${next.issuer}: ${change}.`,
  ]);
}

function introspectionChanges(
  old: IssuerProtection['introspection'],
  next: IssuerProtection['introspection'],
): string[] {
  if (next === null) return [];
  const { url, tokenPrefix, cacheSeconds } = next;
  if (old === null) return [`opaque tokens, as ${url} says of them`];
  const changes: string[] = [];
  if (url !== old.url) changes.push(`what ${url} says of opaque tokens, was ${old.url}`);
  if (!tokenPrefix.startsWith(old.tokenPrefix)) {
    const begun = (prefix: string) => (prefix === '' ? 'in any way' : `with ${prefix}`);
    changes.push(
      `opaque tokens that begin ${begun(tokenPrefix)}, were those ${begun(old.tokenPrefix)}`,
    );
  }
  if (cacheSeconds > old.cacheSeconds) {
    changes.push(`what it said of opaque tokens for ${cacheSeconds} s, was ${old.cacheSeconds}`);
  }
  return changes;
}

function compareControl(old: Protection['control'], next: Protection['control']): Remark[] {
  const isReached = old.isLoopback && !next.isLoopback;
  return [...compareTls(old, next), ...(isReached ? [reached(next.address)] : [])].map(
    ([kind, sentence]) => [kind, `The control address ${sentence}`],
  );
}

function compareIssuerPlace(old: IssuerPlace | null, next: IssuerPlace | null): Remark[] {
  // Where there was none, that there is one is told already.
  if (old === null || next === null) return [];
  const isReached = old.isLoopback && !next.isLoopback;
  const more = next.authorities.filter((one) => !old.authorities.includes(one)).length;
  const isWeaker = old.passwords !== true && next.passwords === true;
  const takes = 'takes a password and a code where it took a passkey.';
  const reaches = (next.outgoing ?? []).filter((one) => !(old.outgoing ?? []).includes(one));
  const otherFiles = (next.outgoingAuthorities ?? []).filter(
    (one) => !(old.outgoingAuthorities ?? []).includes(one),
  );
  const unsigned = (old.signedDetails ?? []).filter(
    (one) => !(next.signedDetails ?? []).includes(one),
  );
  const statements = (next.statements ?? []).filter(
    (one) => !(old.statements ?? []).includes(one),
  ).length;
  const believesOf = `believes ${statements} more about clients than before, or otherwise.`;
  const opens = old.registers !== true && next.registers === true;
  const registers = 'lets clients register themselves, each by an invitation.';
  const isUnfresh = old.requireProofNonce === true && next.requireProofNonce !== true;
  const believes = `believes ${more} more authorities of certificates of clients.`;
  return [
    ...compareTls(old, next),
    ...(isReached ? [reached(next.address)] : []),
    ...(more > 0 ? [['authority-added', believes] as Remark] : []),
    ...(isWeaker ? [['security-loosened', takes] as Remark] : []),
    ...(opens ? [['security-loosened', registers] as Remark] : []),
    ...(statements > 0 ? [['security-loosened', believesOf] as Remark] : []),
    ...(reaches.length > 0
      ? [['network-widened', `calls clients at ${reaches.join(', ')}, too.`] as Remark]
      : []),
    ...(otherFiles.length > 0
      ? [['authority-added', 'believes more authorities where it calls clients.'] as Remark]
      : []),
    ...(unsigned.length > 0
      ? [['security-loosened', `takes a button for a passkey: ${unsigned.join(', ')}.`] as Remark]
      : []),
    ...compareAsking(old, next),
    ...(isUnfresh
      ? [['security-loosened', 'takes proofs that were made beforehand.'] as Remark]
      : []),
    ...compareFederation(old.federation ?? [], next.federation ?? []),
    ...compareDirectories(old.directories ?? [], next.directories ?? []),
  ].map(([kind, sentence]) => [kind, `The authorization server ${sentence}`]);
}

/** More programs that people show to it who they are, and more ways that somebody may be talked into. */
function compareAsking(old: IssuerPlace, next: IssuerPlace): Remark[] {
  const programs = (next.applications ?? []).filter(
    (one) => !(old.applications ?? []).includes(one),
  );
  const ways = Object.entries(next.flows ?? {}).flatMap(([api, flows]) => {
    const before = old.flows?.[api] ?? (old.flows === undefined ? USUAL_FLOWS : flows);
    const more = flows.filter((flow) => !(before as readonly string[]).includes(flow));
    const asked = more.filter((flow) => flow !== 'session');
    return [
      ...(asked.length > 0 ? [`asks people about ${api} by ${asked.join(', ')}, too.`] : []),
      ...(asked.length < more.length ? [`lets browsers call ${api} with a cookie, too.`] : []),
    ];
  });
  const { sessionsAt: at } = next;
  const isElsewhere = at != null && old.sessionsAt != null && at !== old.sessionsAt;
  return [
    ...ways.map((sentence): Remark => ['security-loosened', sentence]),
    ...(isElsewhere
      ? [['security-loosened', `takes calls of pages at ${at} for those of its people.`] as Remark]
      : []),
    ...(programs.length > 0
      ? [['security-loosened', `lets ${programs.join(', ')} ask for its passkeys.`] as Remark]
      : []),
  ];
}

/** Whoever has the store decides how much is allowed. */
function compareCounters(before: Protection, after: Protection): Remark[] {
  if (!after.countersShared) {
    if (!before.countersShared) return [];
    return [['counters-apart', 'Each machine counts limits for itself (counters: memory).']];
  }
  const { countersAt: was } = before;
  const { countersAt: is } = after;
  if (!before.countersShared) {
    const isPrivate = Object.values(after.peers).every((peer) => peer.isPrivate);
    return isPrivate ? [] : [['tls-loosened', `Limits are counted at ${is}, in clear text.`]];
  }
  if (was === is) return [];
  return [['counters-apart', `Limits are counted anew, at ${is}; they were at ${was}.`]];
}

function compareForwardAuth(
  before: Protection['forwardAuth'],
  after: Protection['forwardAuth'],
): Remark[] {
  // Decisions can be asked for there, and so tried out.
  const exposed = after.filter(
    ({ address, isLoopback }) => !isLoopback && !before.some((old) => old.address === address),
  );
  const unseen = after.filter(
    ({ address, allowsUnseenBodies }) =>
      allowsUnseenBodies &&
      !before.some((old) => old.address === address && old.allowsUnseenBodies),
  );
  const others = after.flatMap(({ address, speaks }): Remark[] => {
    const old = before.find((one) => one.address === address);
    if (old === undefined || old.speaks === speaks) return [];
    const sentence = `Forward-auth at ${address} believes the header fields of ${speaks}, were those of ${old.speaks}.`;
    return [['proxies-widened', sentence]];
  });
  return [
    ...others,
    ...exposed.map(({ address }) => reached(address)),
    ...unseen.map(({ address }): Remark => {
      const sentence = `Bodies pass unseen by forward-auth at ${address} (allowUnseenBodies).`;
      return ['validation-loosened', sentence];
    }),
  ];
}

export function comparePeer(
  key: string,
  old: PeerProtection | undefined,
  next: PeerProtection,
): Remark[] {
  if (old === undefined) return [];
  const remarks: Remark[] = [];
  const isPlainNow = old.isEncrypted && !next.isEncrypted;
  if (isPlainNow || (old.isPrivate && !next.isPrivate)) {
    remarks.push(['tls-loosened', `${key} is reached in clear text.`]);
  }
  const more = next.authorities.filter((one) => !old.authorities.includes(one));
  if (old.authorities.length > 0 && (more.length > 0 || next.authorities.length === 0)) {
    const what = next.authorities.length === 0 ? 'those of the system' : `${more.length} more`;
    remarks.push(['authority-added', `${key} is believed by other authorities: ${what}.`]);
  }
  if (old.serverName !== next.serverName) {
    const sentence = `${key} is verified as ${next.serverName ?? 'its address'}, was ${old.serverName ?? 'its address'}.`;
    remarks.push(['authority-added', sentence]);
  }
  return remarks;
}

function compareRest(before: Protection, after: Protection): Remark[] {
  const remarks: Remark[] = [];
  const revived = before.revoked.filter((one) => !after.revoked.includes(one));
  if (revived.length > 0) {
    const sentence = `${revived.length} entries of trust.revoked are gone.`;
    remarks.push(['revocation-removed', sentence]);
  }
  if (before.keyFile !== after.keyFile) {
    remarks.push([
      'keys-elsewhere',
      `Keys are read from ${after.keyFile}, were ${before.keyFile}.`,
    ]);
  }
  const gateways = after.gateways.filter((one) => !before.gateways.includes(one));
  if (gateways.length > 0) {
    remarks.push(['gateway-admitted', `More machines may serve: ${some(gateways)}.`]);
  }
  if (!before.allowsEncodedSlash && after.allowsEncodedSlash) {
    remarks.push(['validation-loosened', 'An encoded slash in a path is no longer refused.']);
  }
  if (after.clearTextRecords !== null && after.clearTextRecords !== before.clearTextRecords) {
    const sentence = `Who called is written in clear text to ${after.clearTextRecords}.`;
    remarks.push(['records-loosened', sentence]);
  }
  if (before.reload === 'ask' && after.reload === 'apply') {
    remarks.push([
      'reload-unasked',
      'Weaker configurations no longer wait (reload: apply, was ask).',
    ]);
  }
  return remarks;
}
