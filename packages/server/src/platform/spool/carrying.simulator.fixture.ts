import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { CarriedAnswer, CarriedBatch, CarriedEntry } from './carrying.ts';
import { checkRecorded, drawFrom, Ledger, type Line } from './ledger.fixture.ts';
import { Cut, type Draw, Killed, MemoryDisk } from './memory-disk.fixture.ts';
import { endFileName, writerId } from './names.ts';
import { createSpoolMemory, SpoolPlaces } from './places.ts';
import { spoolKey } from './spool.fixture.ts';
import { SpoolDrain } from './spool-drain.ts';
import { SpoolMirror, SpoolReception } from './spool-mirror.ts';
import { SpoolShipper } from './spool-shipper.ts';
import { SpoolWriter } from './spool-writer.ts';
import { listWriters } from './spooled-writers.ts';

/** What one seed came to. */
interface Simulated {
  readonly actions: number;
  readonly lines: number;
  readonly recorded: number;
  readonly kills: number;
  readonly powerCuts: number;
  readonly roundsToEnd: number;
}

const GATEWAY = 'gw_a';
const CONTROL = 'control';
const THREADS = 3;
/** Rounds after the last fault within which everything must be recorded and forgotten. */
const ROUNDS_MAX = 400;

interface Thread {
  readonly id: string;
  readonly writer: SpoolWriter;
  readonly life: { isOver: boolean };
  readonly lines: Line[];
  /** A sync failed: what was batched before it is in a file that no later sync vouches for. */
  wasInTrouble: boolean;
}

/** One gateway, one control and the link between them, driven by a seed and cut wherever it says. */
class Simulation {
  readonly #seed: number;
  readonly #draw: Draw;
  #nowMs = 1_000_000;
  readonly #gatewayDisk: MemoryDisk;
  readonly #ownDisk: MemoryDisk;
  readonly #carriedDisk: MemoryDisk;
  readonly #cuts = { shipper: new Cut(), mirror: new Cut(), drain: new Cut() };
  readonly #ledger = new Ledger();
  readonly #lines: Line[] = [];
  readonly #threads: (Thread | null)[] = Array.from({ length: THREADS }, () => null);
  #controlThread: Thread | null = null;
  #boots = 0;
  #shipper: SpoolShipper | null = null;
  #mirror: SpoolMirror | null = null;
  #drain: SpoolDrain | null = null;
  #link: { readonly reception: SpoolReception } | null = null;
  #number = 0;
  readonly #sent: { batch: CarriedBatch; link: object }[] = [];
  /** A moment of the recorder at which its process ends. */
  #commitCut: 'before' | 'after' | null = null;
  #linkFaults = 0;
  /** Writers of which the gateway's disk knows nothing any more: control keeps what it has of them. */
  readonly #vanished = new Set<string>();
  #kills = 0;
  #powerCuts = 0;
  #wasAccountLost = false;
  #actions = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#draw = drawFrom(seed);
    const now = () => this.#nowMs;
    this.#gatewayDisk = new MemoryDisk(this.#draw, now);
    this.#ownDisk = new MemoryDisk(this.#draw, now);
    this.#carriedDisk = new MemoryDisk(this.#draw, now);
  }

  /** Throws where a line is lost, comes twice or out of order, or where carrying does not end. */
  async run(): Promise<Simulated> {
    const actions = 40 + this.#draw(120);
    for (; this.#actions < actions; this.#actions++) await this.#act();
    await this.#endOfFaults();
    const roundsToEnd = await this.#settle();
    const { account } = checkRecorded(this.#seed, this.#lines, this.#ledger);
    if (!this.#wasAccountLost) account();
    return {
      ...{ actions, lines: this.#lines.length, recorded: this.#ledger.lines.length },
      ...{ kills: this.#kills, powerCuts: this.#powerCuts, roundsToEnd },
    };
  }

  async #act(): Promise<void> {
    const draw = this.#draw;
    this.#nowMs += draw(700);
    const what = draw(100);
    if (what < 30) await this.#write(draw(THREADS + 1));
    else if (what < 52) await this.#ship();
    else if (what < 72) this.#record();
    else if (what < 76) await this.#endThread(draw(THREADS));
    else if (what < 79) this.#armCut();
    else if (what < 82) this.#linkFaults += 1 + draw(3);
    else if (what < 85) this.#link = null;
    else if (what < 87) this.#replayOld();
    else if (what < 88) this.#shipper = null;
    else if (what < 90) this.#killGateway();
    else if (what < 92) this.#killControl();
    else if (what < 93) this.#drain = null;
    else if (what < 94) this.#cutPowerOfGateway();
    else if (what < 95) this.#cutPowerOfControl();
    else if (what < 96) this.#loseMirror();
    else if (what < 98) this.#fillDisk();
    else if (what < 99) this.#nowMs += draw(3) * 86_400_000;
    else this.#nowMs -= draw(10_000);
  }

  async #write(slot: number): Promise<void> {
    const thread = slot === THREADS ? this.#ownThread() : this.#threadOf(slot);
    if (thread === null) return;
    const draw = this.#draw;
    try {
      for (let left = 1 + draw(6); left > 0; left--) {
        const isDurable = draw(4) === 0;
        const text = `${thread.id} ${String(this.#lines.length).padStart(6, '0')} ${'x'.repeat(draw(300))}`;
        const line: Line = { text, writer: thread.id, isCounted: !isDurable, state: 'in memory' };
        if (isDurable) await this.#commit(thread, line);
        else if (thread.writer.admit()) {
          this.#add(thread, line);
          thread.writer.append(text);
        }
      }
      if (draw(3) > 0) await this.#flush(thread);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }

  async #commit(thread: Thread, line: Line): Promise<void> {
    this.#add(thread, line);
    const committed = thread.writer.commit(line.text).then(
      () => true,
      () => false,
    );
    await thread.writer.flush();
    if (!(await committed)) {
      // It was refused: it may be written later all the same, and never twice.
      line.state = 'perhaps lost';
      return;
    }
    line.state = 'promised';
    if (!thread.wasInTrouble) this.#promise(thread);
  }

  #promise({ lines }: Thread): void {
    for (const line of lines) if (line.state !== 'perhaps lost') line.state = 'promised';
  }

  async #flush({ writer, lines }: Thread): Promise<void> {
    const isFull = this.#gatewayDisk.fullFor > 0 || this.#ownDisk.fullFor > 0;
    await writer.flush();
    if (isFull) return;
    for (const line of lines) if (line.state === 'in memory') line.state = 'written';
  }

  #add(thread: Thread, line: Line): void {
    this.#lines.push(line);
    thread.lines.push(line);
  }

  #threadOf(slot: number): Thread | null {
    this.#threads[slot] ??= this.#startThread(this.#gatewayDisk, GATEWAY, slot);
    return this.#threads[slot] ?? null;
  }

  #ownThread(): Thread | null {
    this.#controlThread ??= this.#startThread(this.#ownDisk, CONTROL, 0);
    return this.#controlThread;
  }

  #startThread(disk: MemoryDisk, node: string, slot: number): Thread | null {
    if (disk.fullFor > 0) return null;
    const boot = (0xb0_0700_0000 + this.#boots++).toString(16).padStart(16, '0');
    const name = { node, slot, boot };
    const life = { isOver: false };
    const thread = { wasInTrouble: false };
    const writer = new SpoolWriter({
      ...{ directory: '', name, key: spoolKey, disk: disk.writerDisk(life) },
      places: new SpoolPlaces(createSpoolMemory(1, 1e9), 0),
      notify: () => {
        thread.wasInTrouble = true;
      },
      fileBytesMax: 300 + this.#draw(3_000),
      markEnded: () => this.#mark(disk, endFileName(name)),
    });
    return Object.assign(thread, { id: writerId(name), writer, life, lines: [] });
  }

  #mark(disk: MemoryDisk, name: string): void {
    // As it is marked: no power cut is waited for.
    disk.touch(name);
  }

  async #endThread(slot: number): Promise<void> {
    const thread = this.#threads[slot];
    if (thread === null || thread === undefined) return;
    this.#threads[slot] = null;
    if (this.#draw(2) === 0 && this.#gatewayDisk.fullFor === 0) {
      await thread.writer.close();
      if (!thread.wasInTrouble) this.#promise(thread);
    } else {
      this.#kills++;
      this.#end(thread);
      this.#markDead();
    }
  }

  #end(thread: Thread | null): void {
    if (thread !== null) thread.life.isOver = true;
  }

  /** What the next gateway process does under its lock: writers that are no more are marked. */
  #markDead(): void {
    const living = new Set(this.#threads.map((thread) => thread?.id));
    for (const { id, name, hasEnded } of listWriters(this.#gatewayDisk.folder(new Cut()))) {
      if (!living.has(id) && !hasEnded) this.#mark(this.#gatewayDisk, endFileName(name));
    }
    const own = this.#controlThread?.id;
    for (const { id, name, hasEnded } of listWriters(this.#ownDisk.folder(new Cut()))) {
      if (id !== own && !hasEnded) this.#mark(this.#ownDisk, endFileName(name));
    }
  }

  async #ship(): Promise<void> {
    this.#shipper ??= new SpoolShipper({
      folder: this.#gatewayDisk.folder(this.#cuts.shipper),
      send: async (entries) => this.#send(entries),
      notify: ({ message }) => assert.fail(message),
      now: () => this.#nowMs,
      pieceBytesMax: 20 + this.#draw(900),
      batchBytesMax: 200 + this.#draw(3_000),
    });
    await this.#survive(
      () => this.#shipper?.step(),
      () => {
        this.#shipper = null;
        this.#link = null;
      },
    );
  }

  #send(entries: readonly CarriedEntry[]): readonly CarriedAnswer[] | null {
    if (this.#isFault()) return null;
    const mirror = this.#openMirror();
    this.#link ??= { reception: new SpoolReception(mirror, GATEWAY) };
    const { reception } = this.#link;
    const batch = { number: ++this.#number, entries };
    this.#sent.push({ batch, link: this.#link });
    let answers: readonly CarriedAnswer[] | null = null;
    try {
      answers = reception.hear(batch);
      if (this.#draw(10) === 0) assert.equal(reception.hear(batch), null, 'it comes twice');
    } catch (error) {
      if (error instanceof Killed) this.#killControl();
      else if ((error as { code?: string }).code !== 'ENOSPC') throw error;
      return null;
    }
    return this.#isFault() ? null : answers;
  }

  #isFault(): boolean {
    if (this.#linkFaults === 0 || this.#draw(2) === 0) return false;
    this.#linkFaults--;
    if (this.#draw(2) === 0) this.#link = null;
    return true;
  }

  /** What lay about in the network: of an earlier connection, or of this one and out of order. */
  #replayOld(): void {
    const old = this.#sent[this.#draw(this.#sent.length + 1)];
    if (old === undefined || this.#link === null || old.link !== this.#link) return;
    assert.equal(this.#link.reception.hear(old.batch), null, 'it comes late');
  }

  #openMirror(): SpoolMirror {
    this.#mirror ??= new SpoolMirror({
      folder: this.#carriedDisk.folder(this.#cuts.mirror),
      bytesMax: 1e9,
      forget: (writer) => this.#drain?.forget(writer),
      now: () => this.#nowMs,
    });
    return this.#mirror;
  }

  #record(isDurable = this.#draw(3) === 0): void {
    void this.#surviveNow(
      () => {
        const drain = this.#openDrain();
        const lines: string[] = [];
        const cursors: [string, string | null][] = [];
        let [missing, lost] = [0, 0];
        for (const drained of drain.writers()) {
          if (this.#draw(8) === 0) break;
          const read = drain.read(drained, 100 + this.#draw(3_000));
          for (const frame of read.frames) {
            if (frame.lines !== '') lines.push(...frame.lines.split('\n'));
            missing += frame.missing;
          }
          lost += read.lost;
          if (read.cursor !== null) cursors.push([...read.cursor]);
        }
        for (const name of drain.takeForgotten()) cursors.push([name, null]);
        const isKept = isDurable || drain.isUrgent;
        if (this.#commitCut === 'before') throw new Killed();
        this.#ledger.append({ lines, cursors, missing, lost }, isKept);
        if (this.#commitCut === 'after') throw new Killed();
        drain.committed(isKept);
      },
      () => {
        this.#commitCut = null;
        this.#killControl();
      },
      () => {
        this.#drain = null;
      },
    );
  }

  #openDrain(): SpoolDrain {
    const mirror = this.#openMirror();
    this.#drain ??= new SpoolDrain(
      {
        own: this.#ownDisk.folder(this.#cuts.drain),
        carried: this.#carriedDisk.folder(this.#cuts.drain),
        openKey: () => spoolKey.key,
        onDamage: () => undefined,
        onRecorded: (writers) => mirror.noteRecorded(writers),
        now: () => this.#nowMs,
      },
      this.#ledger.cursors,
    );
    return this.#drain;
  }

  async #survive(work: () => unknown, killed: () => void): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#died(error, killed, () => undefined);
    }
  }

  #surviveNow(work: () => void, killed: () => void, failed: () => void): void {
    try {
      work();
    } catch (error) {
      this.#died(error, killed, failed);
    }
  }

  #died(error: unknown, killed: () => void, failed: () => void): void {
    if (error instanceof Killed) {
      this.#kills++;
      killed();
    } else if ((error as { code?: string }).code === 'ENOSPC') failed();
    else throw error;
  }

  #armCut(): void {
    const { shipper, mirror, drain } = this.#cuts;
    const moment = (['before', 'half', 'after'] as const)[this.#draw(3)] ?? 'before';
    const which = this.#draw(4);
    if (which === 3) this.#commitCut = this.#draw(2) === 0 ? 'before' : 'after';
    else [shipper, mirror, drain][which]?.arm(this.#draw(12), moment);
  }

  #fillDisk(): void {
    const disks = [this.#gatewayDisk, this.#ownDisk, this.#carriedDisk];
    const disk = disks[this.#draw(disks.length)];
    if (disk !== undefined) disk.fullFor = 1 + this.#draw(4);
  }

  #killGateway(): void {
    this.#kills++;
    for (const [slot, thread] of this.#threads.entries()) {
      this.#end(thread);
      this.#threads[slot] = null;
    }
    if (this.#draw(2) === 0) this.#shipper = null;
    this.#markDead();
  }

  #killControl(): void {
    this.#kills++;
    this.#mirror = null;
    this.#drain = null;
    this.#link = null;
    for (const cut of [this.#cuts.mirror, this.#cuts.drain]) cut.disarm();
    this.#end(this.#controlThread);
    this.#controlThread = null;
    this.#markDead();
  }

  #cutPowerOfGateway(): void {
    this.#powerCuts++;
    this.#killGateway();
    this.#shipper = null;
    this.#link = null;
    const before = this.#writersOnGateway();
    if (this.#draw(8) > 0) this.#gatewayDisk.powerCut();
    else {
      // The machine is replaced: another disk under the same name.
      this.#gatewayDisk.erase();
      for (const line of this.#lines) if (line.state === 'promised') this.#loseWithDisk(line);
    }
    this.#loseUnsynced(GATEWAY);
    const after = new Set(this.#writersOnGateway());
    for (const id of before) if (!after.has(id)) this.#vanished.add(id);
    this.#markDead();
  }

  #loseWithDisk(line: Line): void {
    if (line.writer.startsWith(`${GATEWAY}-`)) line.state = 'perhaps lost';
  }

  #writersOnGateway(): string[] {
    return listWriters(this.#gatewayDisk.folder(new Cut())).map(({ id }) => id);
  }

  #cutPowerOfControl(): void {
    this.#powerCuts++;
    this.#killControl();
    this.#ownDisk.powerCut();
    this.#carriedDisk.powerCut();
    this.#ledger.powerCut(this.#draw);
    this.#loseUnsynced(CONTROL);
    this.#markDead();
  }

  #loseUnsynced(node: string): void {
    this.#wasAccountLost = true;
    for (const line of this.#lines) {
      if (line.writer.startsWith(`${node}-`) && line.state === 'written')
        line.state = 'perhaps lost';
    }
  }

  /** Control comes up with an empty directory; the log is where it was. */
  #loseMirror(): void {
    this.#killControl();
    this.#carriedDisk.erase();
  }

  async #endOfFaults(): Promise<void> {
    for (const cut of Object.values(this.#cuts)) cut.disarm();
    this.#commitCut = null;
    this.#linkFaults = 0;
    for (const disk of [this.#gatewayDisk, this.#ownDisk, this.#carriedDisk]) disk.fullFor = 0;
    for (let slot = 0; slot < THREADS; slot++) await this.#endThread(slot);
    const own = this.#controlThread;
    this.#controlThread = null;
    await own?.writer.close();
    this.#markDead();
  }

  async #settle(): Promise<number> {
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      this.#nowMs += 1_001;
      await this.#ship();
      this.#record(true);
      const isEmpty =
        this.#gatewayDisk.names.length === 0 &&
        this.#ownDisk.names.length === 0 &&
        this.#carriedDisk.names.every((name) => this.#hasVanished(name)) &&
        [...this.#ledger.cursors.keys()].every((name) => this.#hasVanished(name));
      if (isEmpty) return round;
    }
    return assert.fail(
      `seed ${this.#seed}: stuck with ${JSON.stringify({
        gateway: this.#gatewayDisk.names,
        own: this.#ownDisk.names,
        carried: this.#carriedDisk.names,
        cursors: [...this.#ledger.cursors],
      })}`,
    );
  }

  #hasVanished(name: string): boolean {
    return [...this.#vanished].some((id) => name.includes(id));
  }
}

export interface CarryingSimulated
  extends Pick<Simulated, 'lines' | 'recorded' | 'kills' | 'powerCuts'> {
  readonly seeds: number;
}

/** Lives through each seed; throws with the seed where a line was lost, or recorded twice. */
export async function simulateCarrying(from: number, to: number): Promise<CarryingSimulated> {
  const sums = { seeds: to - from + 1, lines: 0, recorded: 0, kills: 0, powerCuts: 0 };
  for (let seed = from; seed <= to; seed++) {
    // No timer fires by itself, and none outlives its seed.
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
    const came = await new Simulation(seed).run().finally(() => mock.timers.reset());
    sums.lines += came.lines;
    sums.recorded += came.recorded;
    sums.kills += came.kills;
    sums.powerCuts += came.powerCuts;
  }
  return sums;
}
