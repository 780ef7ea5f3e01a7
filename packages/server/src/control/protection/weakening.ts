/** Every way in which a configuration can protect less than the one before it. */
export const WEAKENING_KINDS = [
  /** Credentials were asked for, and no longer are. */
  'operation-opened',
  /** A new operation asks for none. */
  'operation-added-open',
  /** Less, or something weaker, is to be shown. */
  'security-loosened',
  /** More roles, scopes or clients may call. */
  'authorization-loosened',
  'limit-removed',
  'limit-raised',
  /** Size, depth, count or time that a caller may take. */
  'bound-raised',
  'failure-budget-raised',
  /** More addresses may call, or reach the gate at all. */
  'network-widened',
  /** An API answers at more host names. */
  'hosts-widened',
  /** Whose word on addresses, hosts and protocols is believed. */
  'proxies-widened',
  /** More pages, or pages with more, may call from a browser. */
  'cors-widened',
  /** What was refused in requests passes. */
  'validation-loosened',
  /** A field of a caller that the gate took out reaches the service. */
  'header-admitted',
  /** Answers that differ from their description pass. */
  'release-loosened',
  'issuer-added',
  'issuer-loosened',
  /** Another signer of certificates, or another name, is believed. */
  'authority-added',
  'client-certificate-loosened',
  'tls-loosened',
  /** Calls, and the identities that go with them, reach another service. */
  'upstream-elsewhere',
  /** What was withdrawn from somebody is given back. */
  'revocation-removed',
  'keys-elsewhere',
  'key-rotation-loosened',
  /** Another machine may serve. */
  'gateway-admitted',
  /** Machines that counted together count each for itself. */
  'counters-apart',
  /** Records are written later, kept for less long, or readable for more. */
  'records-loosened',
  /** Weaker configurations no longer wait for anybody. */
  'reload-unasked',
  /** What was in force before cannot be read. */
  'before-unknown',
] as const;

export type WeakeningKind = (typeof WEAKENING_KINDS)[number];

export interface Weakening {
  readonly kind: WeakeningKind;
  /** null: of the whole gate. */
  readonly api: string | null;
  /** null: of the whole API. */
  readonly operation: { readonly method: string; readonly path: string } | null;
  /** A whole sentence, without any secret. */
  readonly sentence: string;
}

/** What was found, and the sentence for it. */
export type Remark = readonly [kind: WeakeningKind, sentence: string];

/** The same thing said of several operations is one thing to read. */
export interface WeakeningGroup extends Weakening {
  /** Operations besides the one that is named. */
  readonly more: number;
}

export function groupWeakenings(weakenings: readonly Weakening[]): WeakeningGroup[] {
  const groups = new Map<string, { first: Weakening; more: number }>();
  for (const weakening of weakenings) {
    const { kind, api, operation, sentence } = weakening;
    const key = JSON.stringify([kind, api, operation === null, sentence]);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { first: weakening, more: 0 });
    else known.more += 1;
  }
  return [...groups.values()].map(({ first, more }) => ({ ...first, more }));
}

/** One line for people. */
export function lineOf({
  kind,
  api,
  operation,
  sentence,
  more,
}: Omit<WeakeningGroup, 'kind'> & { readonly kind: string }): string {
  const what = operation === null ? [] : [`${operation.method} ${operation.path}`];
  const others = more === 0 ? [] : [`and ${more} more`];
  const where = [...(api === null ? [] : [api]), ...what, ...others].join(' ');
  return where === '' ? `${kind}: ${sentence}` : `${kind}: ${where}: ${sentence}`;
}

const SHOWN_MAX = 10;

/** Names in a sentence: enough to know what is meant. */
export function some(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN_MAX).map((name) => name.slice(0, 200));
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
