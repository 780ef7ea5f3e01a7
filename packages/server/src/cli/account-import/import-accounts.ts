import { createHash } from 'node:crypto';
import { plainLogin, readCodeKey, readPasswordHash } from '../../access/accounts/index.ts';
import type { ImportedAccount, Problem } from '../../messages/admin-contract.generated.ts';
import { type AdminClient, AdminRefusal } from '../admin-client.ts';
import type { CommandWorld } from '../definition/world.ts';
import {
  type GivenAccount,
  type GivenFault,
  type Leavable,
  UnreadableAccounts,
} from './given-account.ts';
import { phcOf } from './hash-forms.ts';
import type { AccountSource } from './read-accounts.ts';

export interface ImportTerms {
  readonly existing: 'refuse' | 'skip';
  readonly isPreview: boolean;
  readonly leaveOut: readonly Leavable[];
  readonly json: boolean;
}

type Said = Pick<CommandWorld, 'stdout' | 'stderr'>;

/** What may be sent, from one line of the file. */
interface Ready {
  readonly line: number;
  readonly wish: ImportedAccount;
}

/** As many as the admin API takes at once, and as many bytes, with room for what is around them. */
const BATCH_MAX = 100;
const BATCH_BYTES_MAX = 200_000;
/** What is known of each, so that none comes twice, is held: so many are a file. */
const ACCOUNTS_MAX = 1_000_000;
const FAULTS_SHOWN = 100;
const TOLD_EVERY = 1_000;

/** Reads the accounts of a source and has the server make them. Returns the exit status. */
export async function importAccounts(
  server: AdminClient,
  source: AccountSource,
  terms: ImportTerms,
  said: Said,
): Promise<number> {
  const run = new ImportRun(server, source, terms, said);
  try {
    // Whatever can be seen in a file is seen before the first account is made.
    if (source.isRepeatable && !terms.isPreview) await run.look();
    if (!run.hasFaults) await run.make();
  } catch (error) {
    if (!(error instanceof UnreadableAccounts)) {
      run.tellHowFar();
      throw error;
    }
    run.fault(error.line, error.message);
  }
  run.tellEnd();
  return run.hasFaults ? 1 : 0;
}

class ImportRun {
  readonly #server: AdminClient;
  readonly #source: AccountSource;
  readonly #terms: ImportTerms;
  readonly #said: Said;
  readonly #leftOut = new Map<string, number>();
  /** Where a login stood first: a hash of it, as it is compared. */
  #lines = new Map<string, number>();
  #faults = 0;
  #made = 0;
  #there = 0;
  /** Whoever has neither both halves nor a provider. */
  #without = 0;

  constructor(server: AdminClient, source: AccountSource, terms: ImportTerms, said: Said) {
    this.#server = server;
    this.#source = source;
    this.#terms = terms;
    this.#said = said;
  }

  get hasFaults(): boolean {
    return this.#faults > 0;
  }

  async look(): Promise<void> {
    for await (const _ of this.#ready()) if (this.#faults >= FAULTS_SHOWN) break;
    this.#lines = new Map();
    this.#leftOut.clear();
  }

  async make(): Promise<void> {
    let batch: Ready[] = [];
    let bytes = 0;
    for await (const ready of this.#ready()) {
      const size = Buffer.byteLength(JSON.stringify(ready.wish));
      if (batch.length === BATCH_MAX || bytes + size > BATCH_BYTES_MAX) {
        if (!(await this.#send(batch))) return;
        [batch, bytes] = [[], 0];
      }
      batch.push(ready);
      bytes += size;
    }
    // Nothing of a batch in which something is wrong is sent, and nothing behind it.
    if (batch.length > 0 && !(this.hasFaults && !this.#terms.isPreview)) await this.#send(batch);
  }

  fault(line: number, says: string): void {
    this.#faults += 1;
    if (this.#faults > FAULTS_SHOWN) return;
    this.#said.stderr.write(`${this.#source.name}:${line}: ${says}\n`);
    if (this.#faults === FAULTS_SHOWN) this.#said.stderr.write('More is not shown.\n');
  }

  /** What was made stands, whatever happened then. */
  tellHowFar(): void {
    if (this.#terms.isPreview || this.#made + this.#there === 0) return;
    this.#said.stderr.write(
      `${this.#made} accounts were imported before that. The same again with --existing skip goes on from there.\n`,
    );
  }

  tellEnd(): void {
    const { stdout, stderr } = this.#said;
    const { isPreview, json } = this.#terms;
    const [made, there, without] = [this.#made, this.#there, this.#without];
    for (const [what, count] of this.#leftOut) stderr.write(`left out: ${what} (${count})\n`);
    if (this.hasFaults && !isPreview) {
      this.tellHowFar();
      if (made + there === 0) stderr.write('Nothing was imported.\n');
    } else {
      const would = isPreview ? 'would be' : 'were';
      stderr.write(`${made} accounts ${would} imported; ${there} were there already.\n`);
      if (without > 0) {
        stderr.write(
          `${without} of them have no password with a code and no provider to come in by: they come in by \`poorter accounts link ID\`.\n`,
        );
      }
    }
    if (json && isPreview) stdout.write(`${JSON.stringify({ imported: made, existing: there })}\n`);
  }

  /** What of the source may be sent; the rest is told. */
  async *#ready(): AsyncGenerator<Ready> {
    for await (const given of await this.#source.accounts()) {
      for (const what of given.passedOver) this.#count(what);
      const isNone = Object.keys(given.wish).length === 0 && given.faults.length === 0;
      if (isNone) continue;
      const { wish, faults } = this.#judged(given);
      const again = this.#again(given.line, wish.login);
      if (again !== null) faults.push({ says: again });
      for (const { says } of faults) this.fault(given.line, says);
      // The member that is missing was named above.
      if (faults.length === 0) yield { line: given.line, wish: wish as ImportedAccount };
      else if (!this.#source.isRepeatable && !this.#terms.isPreview) return;
    }
  }

  /** Without what may be left out. */
  #judged({ wish: given, faults }: GivenAccount) {
    const wish: Wish = { ...given };
    const found = [...faults];
    for (const needed of ['login', 'name'] as const) {
      if (faults.length === 0 && (wish[needed] ?? '') === '')
        found.push({ says: `${needed} is missing` });
    }
    if (typeof wish.password === 'string') {
      wish.password = phcOf(wish.password);
      const read = readPasswordHash(wish.password);
      if (read.kind === 'unfit') {
        found.push({ says: `password is to be ${read.expected}`, kind: 'password' });
        delete wish.password;
      }
    }
    if (typeof wish.code === 'string') {
      const read = readCodeKey(wish.code);
      if ('kind' in read) {
        found.push({ says: `code is to be ${read.expected}`, kind: 'code' });
        delete wish.code;
      }
    }
    const isLeft = ({ kind }: GivenFault) =>
      kind !== undefined && this.#terms.leaveOut.includes(kind);
    for (const { says } of found.filter(isLeft)) this.#count(says);
    return { wish, faults: found.filter((fault) => !isLeft(fault)) };
  }

  #count(what: string): void {
    this.#leftOut.set(what, (this.#leftOut.get(what) ?? 0) + 1);
  }

  /** A login that stands in two batches would be passed over as one that is there already. */
  #again(line: number, login: string | undefined): string | null {
    if (typeof login !== 'string' || login === '') return null;
    if (this.#lines.size >= ACCOUNTS_MAX) {
      throw new UnreadableAccounts(line, `is beyond ${ACCOUNTS_MAX} accounts; divide the file`);
    }
    const key = createHash('sha256').update(plainLogin(login)).digest('base64').slice(0, 16);
    const first = this.#lines.get(key);
    if (first === undefined) this.#lines.set(key, line);
    return first === undefined ? null : `login is that of line ${first}, however it is written`;
  }

  /** False: something is wrong with it. */
  async #send(batch: readonly Ready[], isLesser = false): Promise<boolean> {
    const { existing, isPreview, json } = this.#terms;
    const accounts = batch.map(({ wish }) => wish);
    try {
      const { body } = await this.#server.call('importAccounts', {
        body: { accounts, existing, preview: isPreview },
      });
      for (const [at, account] of body.accounts.entries()) {
        if (!account.isNew) this.#there += 1;
        if (account.isNew) this.#made += 1;
        if (account.isNew && isWithout(accounts[at])) this.#without += 1;
        if (isPreview) continue;
        const line = json ? JSON.stringify(account) : `${account.id}  ${account.login}`;
        this.#said.stdout.write(`${line}\n`);
      }
      this.#tellProgress(body.accounts.length);
      return true;
    } catch (error) {
      if (!(error instanceof AdminRefusal)) throw error;
      // All that is wrong was said at once: what is refused again is refused.
      const lesser = isLesser ? null : this.#lesser(error, batch);
      if (lesser !== null) return this.#send(lesser, true);
      if (!this.#tellRefusal(error, batch)) throw error;
      // Whoever only looks sees all of it.
      return isPreview;
    }
  }

  /** Without what the server does not take, where all of that may be left out; null: it may not. */
  #lesser({ problem }: AdminRefusal, batch: readonly Ready[]): readonly Ready[] | null {
    const unfit = (problem?.errors ?? []).map(leavableAt);
    const mayGo = ({ kind }: LeavablePlace) => this.#terms.leaveOut.includes(kind);
    if (unfit.length === 0 || !unfit.every((one) => one !== null && mayGo(one))) return null;
    const gone = new Map<string, LeavablePlace>();
    for (const place of unfit) if (place !== null) gone.set(Object.values(place).join(), place);
    for (const { kind } of gone.values()) this.#count(`${kind} that this server does not take`);
    const isGone = (index: number, kind: LeavablePlace['kind'], identity = -1) =>
      gone.has(Object.values({ index, kind, identity }).join());
    return batch.map(({ line, wish }, index) => {
      const { password, code, identities, ...more } = wish;
      const kept = identities?.filter((_, at) => !isGone(index, 'identity', at));
      return {
        line,
        wish: {
          ...more,
          ...(password !== undefined && !isGone(index, 'password') && { password }),
          ...(code !== undefined && !isGone(index, 'code') && { code }),
          ...(kept !== undefined && { identities: kept }),
        },
      };
    });
  }

  #tellProgress(count: number): void {
    const done = this.#made + this.#there;
    if (Math.floor(done / TOLD_EVERY) === Math.floor((done - count) / TOLD_EVERY)) return;
    this.#said.stderr.write(`${done} …\n`);
  }

  /** False: it is not about one of these accounts. */
  #tellRefusal({ problem }: AdminRefusal, batch: readonly Ready[]): boolean {
    const placed = (problem?.errors ?? []).map((error) => placeOf(error, batch));
    if (placed.length === 0 || placed.includes(null)) return false;
    for (const place of placed) if (place !== null) this.fault(place.line, place.says);
    return true;
  }
}

type Wish = { -readonly [Member in keyof ImportedAccount]?: ImportedAccount[Member] };

interface LeavablePlace {
  readonly index: number;
  readonly kind: 'password' | 'code' | 'identity';
  /** Of several. */
  readonly identity: number;
}

type ProblemError = NonNullable<Problem['errors']>[number];

/** Null: an account cannot come without it. */
function leavableAt({ pointer = '' }: ProblemError): LeavablePlace | null {
  const [, at, member, identity = '-1'] =
    /^\/accounts\/(\d{1,3})\/(?:(password|code)|identities\/(\d{1,2})(?:\/.*)?)$/.exec(pointer) ??
    [];
  if (at === undefined) return null;
  const kind = (member ?? 'identity') as LeavablePlace['kind'];
  return { index: Number(at), kind, identity: Number(identity) };
}

/** Null: it is of none of them. */
function placeOf(
  { pointer = '', rule = '', name, expected }: ProblemError,
  batch: readonly Ready[],
): { readonly line: number; readonly says: string } | null {
  const [, at, member] = /^\/accounts\/(\d{1,3})(?:\/(.+))?$/.exec(pointer) ?? [];
  const line = batch[Number(at ?? Number.NaN)]?.line;
  if (line === undefined) return null;
  const what = [member, name].filter((part) => part !== undefined).join(' ');
  return { line, says: `${what} is to be ${expected ?? `other: ${rule}`}`.trim() };
}

/** Nothing of what it brings opens the account to its holder. */
function isWithout(account: ImportedAccount | undefined): boolean {
  const { password, code, identities = [], disabled = false } = account ?? {};
  const hasBoth = password !== undefined && code !== undefined;
  return !disabled && !hasBoth && identities.length === 0;
}
