import { createHmac } from 'node:crypto';
import { SeenLately } from '@poorter/engine/seen-lately';
import { parseJsonText } from '@poorter/openapi/json';
import type { Caller } from '../messages/spool-line.ts';
import { type SealingKey, sealUnder, unambiguous } from '../platform/secrets/index.ts';
import { pseudonym, type Subject } from '../state/subject-keys/index.ts';
import { callerTerms } from './leaf.ts';

/** What the log needs of the subjects' data keys. */
export interface LogSubjectKeys {
  keyOf(subject: Subject): Promise<SealingKey>;
}

/** A caller as leaves carry it: made once, used for many records. */
export interface KnownCaller {
  /** JSON text. */
  readonly who: string;
  readonly terms: readonly string[];
  readonly owner: SealingKey;
  /** Of an API key, whose last use is worth knowing. */
  readonly credentialId: string | null;
}

/** What leaves say of a caller whatever token it came with. */
interface MetCaller {
  readonly owner: SealingKey;
  /** Members of a sealed caller behind the envelope, and the brace that ends it. */
  readonly tail: string;
  readonly terms: readonly string[];
  readonly credentialId: string | null;
}

/**
 * Callers in each of two generations; the elder is forgotten when the younger is full or old. A full one
 * takes only who comes again: each token is another caller here, and many are used once.
 */
const CALLERS_MAX = 10_000;
const GENERATION_MS = 300_000;
/** Addresses that get a data key of their own, at once and a minute; an attacker has any number. */
const NEW_ADDRESSES_MAX = 2_000;
const NEW_ADDRESSES_A_MINUTE = 300;
const OBJECTS_MAX = 20_000;
const MET_MAX = 20_000;

/**
 * Seals callers. The data key is that of the subject, else of the client, else of the address:
 * destroying it erases the caller from all leaves.
 */
export class Callers {
  readonly #node: string;
  readonly #keys: LogSubjectKeys;
  readonly #now: () => number;
  #young = new Map<string, KnownCaller>();
  #old = new Map<string, KnownCaller>();
  readonly #seen = new SeenLately();
  /** Who was met under a key that has gone meanwhile is not remembered. */
  #epoch = 0;
  #bornMs: number;
  #allowance = NEW_ADDRESSES_MAX;
  #allowanceMs: number;
  readonly #met = new Map<string, MetCaller>();
  readonly #objects = new Map<string, { text: string; terms: readonly string[] }>();

  constructor(node: string, keys: LogSubjectKeys, now: () => number) {
    this.#node = node;
    this.#keys = keys;
    this.#now = now;
    this.#bornMs = now();
    this.#allowanceMs = now();
  }

  cached(text: string): KnownCaller | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.#keep(text, old);
    return old;
  }

  /** After an erasure: what was sealed is not sealed again with a key that is no more. */
  forget(): void {
    this.#epoch++;
    this.#young.clear();
    this.#old.clear();
    this.#objects.clear();
    this.#met.clear();
  }

  /** Old generations go, whoever still calls: a key may have been destroyed by another node. */
  expire(): void {
    if (this.#now() - this.#bornMs < GENERATION_MS) return;
    this.forget();
    this.#bornMs = this.#now();
  }

  async seal(text: string): Promise<KnownCaller> {
    const known = this.cached(text);
    if (known !== undefined) return known;
    const caller = readCaller(text);
    const epoch = this.#epoch;
    const { owner, tail, terms, credentialId } = await this.#meet(caller);
    // An envelope has no character that JSON would escape.
    const who = `{"sealed":"${sealUnder(owner, placeOf(this.#node), text)}",${tail}`;
    const made = { who, terms, owner, credentialId };
    if (epoch === this.#epoch) this.#keep(text, made);
    return made;
  }

  /** People come with another token each time, and are the same people. */
  async #meet(caller: Caller): Promise<MetCaller> {
    const { kind, client, subject } = caller;
    // Keys are few and last; ids of tokens are neither.
    const keyId = kind === 'key' ? caller.credentialId : null;
    const name = JSON.stringify([caller.address, client, subject, keyId]);
    const known = this.#met.get(name);
    if (known !== undefined) return known;
    const epoch = this.#epoch;
    const address = await this.#keys.keyOf(this.#addressSubject(caller.address));
    const clientKey = client === null ? null : await this.#keys.keyOf(clientSubject(client));
    const subjectKey = subject === null ? null : await this.#keys.keyOf(personSubject(subject));
    const credential = keyId === null ? null : await this.#keys.keyOf(credentialSubject(keyId));
    const pseudonyms = {
      client: clientKey && pseudonymOf(clientKey, client as string),
      subject: subjectKey && pseudonymOf(subjectKey, subject as string),
      address: pseudonymOf(address, caller.address),
      ...(credential && { credential: pseudonymOf(credential, keyId as string) }),
    };
    const met = {
      owner: subjectKey ?? clientKey ?? address,
      tail: JSON.stringify(pseudonyms).slice(1),
      terms: callerTerms(pseudonyms),
      credentialId: keyId,
    };
    if (epoch !== this.#epoch) return met;
    if (this.#met.size >= MET_MAX) this.#met.clear();
    this.#met.set(name, met);
    return met;
  }

  /** Pseudonyms of what was touched, keyed by the caller's data key: erased with the caller. */
  objects(text: string, { owner }: KnownCaller): { text: string; terms: readonly string[] } {
    const name = `${owner.id} ${text}`;
    const known = this.#objects.get(name);
    if (known !== undefined) return known;
    const values = parseJsonText(text) as Record<string, string>;
    const pseudonyms: Record<string, string> = {};
    for (const [parameter, value] of Object.entries(values)) {
      pseudonyms[parameter] = objectPseudonym(owner, parameter, value);
    }
    const made = {
      text: JSON.stringify(pseudonyms),
      terms: Object.values(pseudonyms).map((one) => `object ${one}`),
    };
    if (this.#objects.size >= OBJECTS_MAX) this.#objects.clear();
    this.#objects.set(name, made);
    return made;
  }

  #keep(text: string, caller: KnownCaller): void {
    if (this.#young.size >= CALLERS_MAX) {
      if (!this.#seen.again(text)) return;
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, caller);
  }

  /** When addresses come faster than people do, they share the key of their day. */
  #addressSubject(address: string): Subject {
    const nowMs = this.#now();
    const gained = ((nowMs - this.#allowanceMs) / 60_000) * NEW_ADDRESSES_A_MINUTE;
    this.#allowance = Math.min(NEW_ADDRESSES_MAX, this.#allowance + Math.max(0, gained));
    this.#allowanceMs = nowMs;
    if (this.#allowance < 1) {
      return crowdedDay(nowMs);
    }
    this.#allowance--;
    return addressSubject(address);
  }
}

export function addressSubject(value: string): Subject {
  return { kind: 'address', value };
}

/** Whose key the addresses share that came too fast on this day. */
export function crowdedDay(ms: number): Subject {
  return { kind: 'addresses', value: new Date(ms).toISOString().slice(0, 10) };
}

export function clientSubject(value: string): Subject {
  return { kind: 'client', value };
}

export function credentialSubject(value: string): Subject {
  return { kind: 'credential', value };
}

export function personSubject(value: string): Subject {
  return { kind: 'subject', value };
}

/** Several values may share a key, as the addresses of a crowded day do. */
export function pseudonymOf(key: SealingKey, value: string): string {
  return keyed(key, 'caller', value);
}

export function objectPseudonym(key: SealingKey, parameter: string, value: string): string {
  return keyed(key, `object ${parameter}`, value);
}

function keyed(key: SealingKey, purpose: string, value: string): string {
  const secret = pseudonym(key, 'security log');
  return createHmac('sha256', secret)
    .update(unambiguous([purpose, value]))
    .digest('base64url')
    .slice(0, 22);
}

export function placeOf(node: string) {
  return { table: 'log_bundle', column: 'who', row: node };
}

function readCaller(text: string): Caller {
  const caller = parseJsonText(text) as Caller;
  if (typeof caller.address !== 'string') throw new Error('a spooled caller has no address');
  return caller;
}
