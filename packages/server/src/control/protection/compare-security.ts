import type { Alternative, OperationProtection } from './protection.ts';
import { type Remark, some } from './weakening.ts';

type Scheme = Alternative[number]['scheme'];

export function isOpen({ security, authorize, stepUp, permit }: OperationProtection): boolean {
  // Whoever must have a role, or have signed in, must have shown who he is.
  const asksOtherwise =
    stepUp !== null ||
    (permit ?? null) !== null ||
    (authorize !== null && Object.values(authorize).some(Boolean));
  return !asksOtherwise && (security.length === 0 || security.some((one) => one.length === 0));
}

/** Every way in must ask at least what some way in asked before. */
export function compareSecurity(
  before: OperationProtection,
  after: OperationProtection,
): readonly Remark[] {
  // Where `security` asked nobody, conditions on the caller did; they are compared by themselves.
  const asksNobody =
    before.security.length === 0 || before.security.some((one) => one.length === 0);
  if (asksNobody) return [];
  // And where it asks nobody now, they refuse everybody whom nobody knows.
  const ways = after.security.filter((one) => one.length > 0);
  return ways.flatMap((way): Remark[] => {
    const isAsked = (isSameWay: boolean) =>
      before.security.some((old) => asksAtLeast(way, old, after, isSameWay));
    if (isAsked(true)) return [];
    const sentence = isAsked(false)
      ? `Another way in: ${namesOf(way)} suffices.`
      : sentenceOf(way, before, after);
    return [['security-loosened', sentence]];
  });
}

/**
 * One credential does not stand for two: each that was asked for has one of its own now. `isSameWay`: of the
 * kind that was asked for, for whoever has another one, however strong, came in by none before.
 */
function asksAtLeast(
  next: Alternative,
  old: Alternative,
  after: OperationProtection,
  isSameWay: boolean,
): boolean {
  const [first, ...others] = old;
  if (first === undefined) return true;
  return next.some(
    (one, at) =>
      isAsStrong(one.scheme, first.scheme) &&
      (!isSameWay || isOfKinds(one.scheme, first.scheme)) &&
      isWithin(first.grants, grantsOf(one, after.authorize)) &&
      asksAtLeast(next.toSpliced(at, 1), others, after, isSameWay),
  );
}

/** A scope that is asked for beside `security` is asked for. */
function grantsOf(
  { grants }: Alternative[number],
  authorize: OperationProtection['authorize'],
): readonly string[] {
  return [...grants, ...(authorize?.scopes ?? [])];
}

function isAsStrong(next: Scheme, old: Scheme): boolean {
  if (old.type === 'openIdConnect' && next.type === 'openIdConnect') {
    return next.openIdConnectUrl === old.openIdConnectUrl;
  }
  return strengthOf(next) >= strengthOf(old);
}

function isOfKinds(next: Scheme, old: Scheme): boolean {
  return isWithin(kindsOf(next), kindsOf(old));
}

/** What lets somebody in: a token is one, whether it came by OAuth or is known by its issuer. */
function kindsOf(scheme: Scheme): readonly string[] {
  switch (scheme.type) {
    case 'apiKey':
      return ['key'];
    case 'http':
      if (scheme.scheme === 'basic') return ['password'];
      return scheme.takesKeys === true ? ['key', 'token'] : ['token'];
    case 'oauth2':
    case 'openIdConnect':
      return ['token'];
    case 'mutualTLS':
      return ['certificate'];
    default:
      return scheme satisfies never;
  }
}

/** A password, then a key, then a signed token, then one of a named issuer, then a certificate. */
function strengthOf(scheme: Scheme): number {
  switch (scheme.type) {
    case 'apiKey':
      // Addresses are kept in histories and logs, and sent on as Referer.
      return scheme.in === 'query' ? 1 : 2;
    case 'http':
      if (scheme.scheme === 'basic') return 1;
      return scheme.takesKeys === true ? 2 : 3;
    case 'oauth2':
      return 3;
    case 'openIdConnect':
      return 4;
    case 'mutualTLS':
      return 5;
    default:
      return scheme satisfies never;
  }
}

function sentenceOf(
  alternative: Alternative,
  before: OperationProtection,
  after: OperationProtection,
): string {
  const asked = before.security.flatMap((one) => one.flatMap(({ grants }) => grants));
  const given = alternative.flatMap((one) => grantsOf(one, after.authorize));
  const gone = [...new Set(asked)].filter((grant) => !given.includes(grant));
  const lost = gone.length > 0 ? `, without ${some(gone)}` : '';
  return `Less is to be shown: ${namesOf(alternative)} suffices${lost}.`;
}

function namesOf(way: Alternative): string {
  return way
    .map(({ scheme, grants }) => nameOf(scheme) + (grants.length > 0 ? ` (${some(grants)})` : ''))
    .join(' with ');
}

function nameOf(scheme: Scheme): string {
  switch (scheme.type) {
    case 'apiKey':
      return `an API key in the ${scheme.in}`;
    case 'http':
      if (scheme.scheme === 'basic') return 'HTTP Basic';
      return scheme.takesKeys === true ? 'a token or API key' : 'a bearer token';
    case 'oauth2':
      return 'an OAuth token';
    case 'openIdConnect':
      return `a token by ${scheme.openIdConnectUrl}`;
    case 'mutualTLS':
      return 'a client certificate';
    default:
      return scheme satisfies never;
  }
}

export function compareAuthorization(
  before: OperationProtection,
  after: OperationProtection,
): readonly Remark[] {
  const [old, next] = [before.authorize ?? {}, after.authorize ?? {}];
  const remarks: Remark[] = [];
  const lost = (old.scopes ?? []).filter((scope) => !asksEverybody(after, scope));
  if (lost.length > 0) remarks.push(say(`Scopes are no longer asked for: ${some(lost)}.`));
  if (old.roles !== undefined) {
    const known = old.roles;
    const more = next.roles?.filter((role) => !known.includes(role));
    if (more === undefined) remarks.push(say(`Any role may call; it was ${some(known)}.`));
    else if (more.length > 0) remarks.push(say(`More roles may call: ${some(more)}.`));
  }
  if (old.clients !== undefined) {
    const known = old.clients;
    // `token:shop` is one of those that `shop` means.
    const isKnown = (client: string) =>
      known.includes(client) || known.includes(client.replace(/^(?:token|key|certificate):/, ''));
    const more = next.clients?.filter((client) => !isKnown(client));
    if (more === undefined) remarks.push(say('Any client may call; some were named.'));
    else if (more.length > 0) remarks.push(say(`More clients may call: ${some(more)}.`));
  }
  return remarks;
}

export function comparePermit(
  old: NonNullable<OperationProtection['permit']> | null,
  next: NonNullable<OperationProtection['permit']> | null,
): readonly Remark[] {
  if (old === null) return [];
  if (next === null)
    return [say(`What somebody approved (${old.type}) is not asked for any more.`)];
  if (next.type !== old.type) return [say(`Another approval is asked for: ${next.type}.`)];
  const lost = Object.entries(old.match).filter(([detail, body]) => next.match[detail] !== body);
  if (lost.length === 0) return [];
  return [
    say(`Not compared any more with what was approved: ${some(lost.map(([detail]) => detail))}.`),
  ];
}

export function compareStepUp(
  old: OperationProtection['stepUp'],
  next: OperationProtection['stepUp'],
): readonly Remark[] {
  if (old === null) return [];
  const remarks: Remark[] = [];
  if (old.acr !== undefined) {
    const known = old.acr;
    const more = next?.acr?.filter((one) => !known.includes(one));
    if (more === undefined) {
      remarks.push(say(`However somebody signed in, they may call; it was by ${some(known)}.`));
    } else if (more.length > 0) {
      remarks.push(say(`Who signed in more weakly or otherwise may call: ${some(more)}.`));
    }
  }
  if (old.maxAgeSeconds !== undefined) {
    const was = `it was ${old.maxAgeSeconds} s`;
    const age = next?.maxAgeSeconds;
    if (age === undefined) {
      remarks.push(say(`However long ago somebody signed in, they may call; ${was}.`));
    } else if (age > old.maxAgeSeconds) {
      remarks.push(say(`Who signed in ${age} s ago may call; ${was}.`));
    }
  }
  return remarks;
}

function say(sentence: string): Remark {
  return ['authorization-loosened', sentence];
}

/** By the operation's own conditions, or in every alternative by a token, whose scopes are scopes. */
function asksEverybody({ authorize, security }: OperationProtection, scope: string): boolean {
  if (authorize?.scopes?.includes(scope) === true) return true;
  const isAskedIn = (alternative: Alternative) =>
    alternative.some(({ scheme, grants }) => strengthOf(scheme) >= 3 && grants.includes(scope));
  return security.length > 0 && security.every(isAskedIn);
}

function isWithin(few: readonly string[], many: readonly string[]): boolean {
  return few.every((one) => many.includes(one));
}
