import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Contract } from '../../admin-api/index.ts';
import { notice } from '../../messages/notices.ts';
import { replaceDurably, writeDurably } from '../../platform/files/index.ts';
import { family, type MetricFamily } from '../../platform/metrics/index.ts';
import type { Notify } from '../../platform/notices/index.ts';
import type { Attention } from '../serving.ts';
import type { AppliedChange, Change } from './change.ts';
import { type InForce, inForceText, type Known, NOTHING_YET, readInForce } from './in-force.ts';
import type { Judgement } from './judge-change.ts';
import { IN_FORCE_FILE, type ProtectionFacts } from './protection.ts';
import { WEAKENING_KINDS, type WeakeningKind } from './weakening.ts';

/** What people are shown at once. */
const FAULTS_MAX = 20;
/** So long `status` asks for attention after nobody was asked. */
const ATTENTION_MS = 86_400_000;

export type Verdict =
  | { readonly kind: 'apply'; readonly change: AppliedChange }
  /** `isNews`: it did not wait before. */
  | { readonly kind: 'hold'; readonly change: Change; readonly isNews: boolean };

/** Somebody has looked, and said that it may be. */
export interface Approval {
  readonly digest: string;
  readonly by: string;
}

export interface ChangeDeskPorts {
  readonly dataDirectory: string;
  readonly now: () => number;
  readonly notify: Notify;
}

/**
 * Holds a configuration that was read against the one in force, over restarts too, and says whether it
 * may take its place.
 */
export class ChangeDesk {
  readonly #ports: ChangeDeskPorts;
  readonly #file: string;
  #inForce: Known;
  #before: Known = null;
  #waiting: Change | null = null;
  #refused: Contract.ConfigurationStatus['refused'] = [];
  #approval: Approval | null = null;
  #writing: Promise<void> = Promise.resolve();
  /** Since this process started, by kind. */
  readonly #counts = new Map<WeakeningKind, number>();

  constructor(ports: ChangeDeskPorts) {
    this.#ports = ports;
    this.#file = join(ports.dataDirectory, IN_FORCE_FILE);
    this.#inForce = readInForce(ports.dataDirectory);
  }

  /** Before anything else is written to a new directory: later, its absence is a loss. */
  begin(): void {
    if (this.#inForce === null && !existsSync(this.#file)) writeDurably(this.#file, NOTHING_YET);
  }

  /** null: nothing was served from this directory yet, or nobody can read what. */
  get before(): ProtectionFacts | null {
    return this.#inForce === 'unreadable' ? null : (this.#inForce?.protection.facts ?? null);
  }

  get waiting(): Change | null {
    return this.#waiting;
  }

  /** Of what is in force. */
  get digest(): string | null {
    return this.#inForce === 'unreadable' ? null : (this.#inForce?.digest ?? null);
  }

  /** The next candidate of this digest, and no other, may take its place although it is weaker. */
  approve(digest: string, by: string): void {
    this.#approval = { digest, by };
  }

  withdrawApproval(): void {
    this.#approval = null;
  }

  /** To be taken before files are read: it counts for what is read after it. */
  get approval(): Approval | null {
    return this.#approval;
  }

  /** What others are held against now: what comes of it counts for as long as this is the same. */
  get standard(): Known {
    return this.#inForce;
  }

  /** `approval`: what held when reading began. */
  decide(judgement: Judgement, approval: Approval | null): Verdict {
    const { digest, count, weakenings, changedFiles, protection } = judgement;
    const at = new Date(this.#ports.now()).toISOString();
    const change: Change = { digest, at, files: changedFiles, weakenings, count };
    const holds = approval !== null && approval === this.#approval;
    const approvedBy = holds && approval.digest === digest ? approval.by : null;
    const asks = protection.facts.reload === 'ask' || this.before?.reload === 'ask';
    if (count === 0 || approvedBy !== null || !asks) {
      return { kind: 'apply', change: { ...change, approvedBy } };
    }
    const isNews = this.#waiting?.digest !== digest;
    if (isNews) this.#waiting = change;
    this.#refused = [];
    return { kind: 'hold', change: this.#waiting as Change, isNews };
  }

  /**
   * It takes the place of what was in force, which is `standard`: from now on others are held against it.
   * False: something else is in force by now, and it must be judged again.
   */
  async apply(standard: Known, judgement: Judgement, change: AppliedChange): Promise<boolean> {
    if (this.#inForce !== standard) return false;
    const inForce: InForce = {
      digest: change.digest,
      files: Object.fromEntries(judgement.files),
      protection: judgement.protection,
      weakened: change.count > 0 ? change : weakenedIn(standard),
    };
    if (!isSame(inForce, standard)) await this.#write(inForce);
    // What was taken back meanwhile was written after it.
    if (this.#inForce !== standard) return false;
    this.#before = standard;
    this.#inForce = inForce;
    for (const [kind, count] of judgement.kinds) {
      this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
    }
    this.#waiting = null;
    this.#refused = [];
    return true;
  }

  /**
   * What was put in force last could not be served: others are held against what still is, from now on,
   * and after a restart once this has resolved.
   */
  async takeBack(): Promise<void> {
    this.#inForce = this.#before;
    if (this.#inForce === 'unreadable') return;
    try {
      await this.#write(this.#inForce);
    } catch (error) {
      const text = `writing down what is in force: ${(error as Error).message}`;
      this.#ports.notify(notice('in_force_unwritten', text));
    }
  }

  /** Everything is written down that was to be. */
  async close(): Promise<void> {
    await this.#writing;
  }

  refuse(diagnostics: Contract.ConfigurationStatus['refused']): void {
    this.#refused = diagnostics.slice(0, FAULTS_MAX);
    this.#waiting = null;
  }

  /** Whether gateways on other machines may connect as they could before. */
  admitsSameGateways({ gateways, peers }: ProtectionFacts): boolean {
    const { before } = this;
    const link = (of: ProtectionFacts['peers']) => of['A gateway on another machine'];
    return (
      before !== null &&
      isDeepStrictEqual(before.gateways, gateways) &&
      isDeepStrictEqual(link(before.peers), link(peers))
    );
  }

  get status(): Contract.ConfigurationStatus {
    const weakened = weakenedIn(this.#inForce);
    const isRefused = this.#refused.length > 0;
    return {
      state: isRefused ? 'refused' : this.#waiting !== null ? 'waiting' : 'current',
      digest: this.digest,
      refused: this.#refused,
      waiting: this.#waiting,
      weakened,
    };
  }

  /** What of it somebody should look at. */
  get attention(): Attention[] {
    const { refused, waiting, weakened } = this.status;
    const attention: Attention[] = [];
    const [first] = refused;
    if (first !== undefined) {
      const more = refused.length > 1 ? ` (and ${refused.length - 1} more)` : '';
      const where = `${first.file}:${first.line}:${first.column}`;
      const message = `the last good one stays in force; ${where}: ${first.message}${more}`;
      attention.push({ code: 'configuration_refused', message });
    }
    if (waiting !== null) {
      const message = `${waiting.count} weakenings of protection wait; to put them in force: poorter apply ${waiting.digest}`;
      attention.push({ code: 'configuration_waits', message });
    }
    if (weakened !== null && weakened.approvedBy === null && this.#isRecent(weakened)) {
      const message = `since ${weakened.at} it protects less in ${weakened.count} places`;
      attention.push({ code: 'protection_weakened', message });
    }
    return attention;
  }

  get metrics(): readonly MetricFamily[] {
    // All kinds from the beginning: a counter that begins at one was never seen to rise.
    const counts = WEAKENING_KINDS.map((kind) => {
      return { value: this.#counts.get(kind) ?? 0, labels: { kind } };
    });
    return [
      family(
        'poorter_configuration_weakenings_total',
        'counter',
        'Weakenings of protection that reloads put in force, by kind.',
        counts,
      ),
      family(
        'poorter_configuration_waiting',
        'gauge',
        'Weakenings of protection that wait for poorter apply.',
        this.#waiting?.count ?? 0,
      ),
    ];
  }

  /** One after the other, so that the last word is the one that stands there. */
  #write(inForce: InForce | null): Promise<void> {
    const text = inForceText(inForce);
    const written = this.#writing.then(() => replaceDurably(this.#file, text));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  #isRecent({ at }: { readonly at: string }): boolean {
    return this.#ports.now() - Date.parse(at) < ATTENTION_MS;
  }
}

function weakenedIn(known: Known): AppliedChange | null {
  return known === 'unreadable' ? null : (known?.weakened ?? null);
}

function isSame(one: InForce, other: Known): boolean {
  if (other === null || other === 'unreadable') return false;
  const { protection, ...head } = one;
  const { protection: before, ...headBefore } = other;
  return (
    isDeepStrictEqual(head, headBefore) && Buffer.compare(protection.bytes, before.bytes) === 0
  );
}
