import { notice } from '../messages/notices.ts';
import type { Notify } from '../platform/notices/index.ts';

/** Issuers and claims are the configuration's; reloads may change them for years. */
const KNOWN_MAX = 1_000;

export type RolesOutcome = (issuer: string, claim: string, isFound: boolean) => void;

/** Passes on what is news: that an issuer's tokens have roles where they are looked for, or have none. */
export class RolesReport {
  readonly #known = new Set<string>();
  readonly #tell: RolesOutcome;

  constructor(tell: RolesOutcome) {
    this.#tell = tell;
  }

  /** Of a token whose signature is good. */
  readonly hear: RolesOutcome = (issuer, claim, isFound) => {
    const name = `${isFound} ${claim} ${issuer}`;
    if (this.#known.has(name) || this.#known.size >= KNOWN_MAX) return;
    this.#known.add(name);
    this.#tell(issuer, claim, isFound);
  };
}

/** Once for an issuer and a claim, and never after a token that had it. */
export class RolesWarning {
  readonly #settled = new Set<string>();
  readonly #notify: Notify;

  constructor(notify: Notify) {
    this.#notify = notify;
  }

  readonly hear: RolesOutcome = (issuer, claim, isFound) => {
    const name = `${claim} ${issuer}`;
    if (this.#settled.has(name) || this.#settled.size >= KNOWN_MAX) return;
    this.#settled.add(name);
    if (isFound) return;
    const text = `tokens of ${issuer} carry nothing at rolesClaim '${claim}': whoever needs a role is refused; correct trust.issuers[].rolesClaim unless some of its tokens carry no roles`;
    this.#notify(notice('roles_missing', text, { issuer, claim }));
  };
}
