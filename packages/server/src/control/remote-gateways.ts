import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonText } from '@poorter/engine/json';
import { z } from 'zod';
import type { Configuration } from '../configuration/schema.ts';
import { writeDurably } from '../platform/files/index.ts';
import { type LinkCredentials, type LinkEnd, LinkServer } from '../platform/link/index.ts';
import type {
  FromGateway,
  IssuerKeysMessage,
  LiveMessage,
  RuntimeSnapshot,
} from '../platform/processes/messages.ts';
import {
  ENTRIES_MAX,
  PIECES_MAX,
  type SpoolMirror,
  SpoolReception,
} from '../platform/spool/index.ts';
import { splitAddress } from './addresses.ts';

export interface RemoteGatewayPorts {
  readonly dataDirectory: string;
  /** Everything that is live now, for a gateway that just connected. */
  readonly liveNow: () => LiveMessage;
  readonly connected: (gateway: string) => void;
  /** It went; it may go on serving until this moment. */
  readonly gone: (gateway: string, servesUntilMs: number) => void;
  readonly confirmed: (gateway: string, sequence: number) => void;
  readonly applied: (gateway: string, version: number) => void;
  readonly report: (gateway: string, report: FromGateway) => void;
  /** Where their records are kept; null: not yet. */
  readonly mirror: () => SpoolMirror | null;
  readonly trouble: (message: string) => void;
}

const natural = z.int().min(0);
const extent = { bytes: natural, crc: natural };
const piece = z.object({
  ...{ file: natural.max(999_999_999), offset: natural, crc: natural },
  bytes: z.instanceof(Uint8Array),
  before: z.object({ file: natural, ...extent }).nullable(),
  isFirst: z.boolean(),
});
const end = z.object({
  last: z.object({ file: natural, ...extent }).nullable(),
  admitted: natural,
});
const fromRemote = z.discriminatedUnion('type', [
  z.object({ type: z.literal('applied'), version: z.int() }),
  z.object({ type: z.literal('live-applied'), sequence: z.int() }),
  z.object({ type: z.literal('failed'), message: z.string().max(10_000) }),
  z.object({ type: z.literal('metrics'), metrics: z.array(z.unknown()).max(1_000) }),
  z.object({
    type: z.literal('unknown-key-id'),
    issuer: z.string().max(2_000),
    // A gateway of the version before does not say.
    keyId: z.string().max(1_024).nullable().default(null),
  }),
  z.object({
    type: z.literal('listening'),
    addresses: z.array(z.string().max(300)).max(64),
    threads: z.int(),
  }),
  z.object({
    type: z.literal('spool'),
    number: z.int(),
    entries: z
      .array(
        z.object({
          writer: z.string().max(200),
          pieces: z.array(piece).max(PIECES_MAX),
          end: end.nullable(),
          isForgotten: z.boolean(),
        }),
      )
      .max(ENTRIES_MAX),
  }),
]);

/** How often the moment is written down at which each gateway was last seen. */
const WRITE_EVERY_MS = 5_000;

/**
 * Gateways on other machines: they receive snapshots and live state, and send acknowledgements and
 * their spools. One that is cut off goes on serving until its staleness bound: until then, what is
 * revoked is not revoked everywhere, and that is said.
 */
export class RemoteGateways {
  readonly #ports: RemoteGatewayPorts;
  #server: LinkServer | null = null;
  #configured = '';
  #snapshot: RuntimeSnapshot | null = null;
  readonly #seen: Map<string, number>;
  readonly #file: string;
  /** The last connection of each gateway. */
  readonly #ends = new Map<string, LinkEnd>();
  readonly #receptions = new Map<string, { end: LinkEnd; reception: SpoolReception }>();
  readonly #troubled = new Map<string, string>();
  #address: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(ports: RemoteGatewayPorts) {
    this.#ports = ports;
    this.#file = join(ports.dataDirectory, 'gateways-seen.json');
    this.#seen = readSeen(this.#file);
  }

  get address(): string | null {
    return this.#address;
  }

  /** Listens as the configuration says; does nothing when that did not change. */
  async apply(
    link: NonNullable<Configuration['link']> | undefined,
    credentials: LinkCredentials | null,
    staleAfterMs: number,
  ): Promise<void> {
    const configured = JSON.stringify([link, credentials]);
    if (configured === this.#configured) return;
    this.#configured = configured;
    this.#server?.close();
    this.#server = null;
    this.#address = null;
    if (this.#timer !== null) clearInterval(this.#timer);
    if (link === undefined || credentials === null) return;
    // Whoever served when control was last up may serve still.
    for (const name of link.gateways) {
      const seen = this.#seen.get(name);
      if (seen !== undefined && Date.now() - seen < staleAfterMs) {
        this.#ports.gone(name, seen + staleAfterMs);
      }
    }
    this.#server = new LinkServer({
      ...splitAddress(link.address),
      credentials,
      names: link.gateways,
      on: {
        open: (end) => this.#opened(end),
        message: (end, message) => this.#heard(end, message),
        seen: (end) => this.#seen.set(end.name, Date.now()),
        close: (end) => {
          this.#ports.gone(end.name, (this.#seen.get(end.name) ?? Date.now()) + staleAfterMs);
          this.#ports.trouble(`the gateway ${end.name} is cut off`);
        },
        trouble: this.#ports.trouble,
      },
    });
    this.#address = await this.#server.listen();
    this.#timer = setInterval(() => this.#writeSeen(), WRITE_EVERY_MS);
  }

  send(message: LiveMessage | IssuerKeysMessage): void {
    for (const end of this.#server?.ends ?? []) end.send(message);
  }

  snapshot(snapshot: RuntimeSnapshot): void {
    this.#snapshot = snapshot;
    for (const end of this.#server?.ends ?? []) end.send({ type: 'snapshot', snapshot });
  }

  close(): void {
    this.#server?.close();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #opened(end: LinkEnd): void {
    this.#ends.set(end.name, end);
    this.#seen.set(end.name, Date.now());
    this.#writeSeen();
    // From now on it must confirm what is revoked, although it has not told yet what it serves by.
    this.#ports.connected(end.name);
    end.send({ type: 'you-are', name: end.name });
    // In one turn with the list of ends: no change can overtake the whole.
    end.send(this.#ports.liveNow());
    if (this.#snapshot !== null) end.send({ type: 'snapshot', snapshot: this.#snapshot });
  }

  #heard(end: LinkEnd, unknown: unknown): void {
    this.#seen.set(end.name, Date.now());
    const read = fromRemote.safeParse(unknown);
    if (!read.success) {
      this.#ports.trouble(`the gateway ${end.name} said something that is not understood`);
      return end.close();
    }
    const message = read.data;
    switch (message.type) {
      case 'live-applied':
        return this.#ports.confirmed(end.name, message.sequence);
      case 'applied':
        return this.#ports.applied(end.name, message.version);
      case 'failed':
        return this.#ports.trouble(`gateway ${end.name}: ${message.message}`);
      case 'spool':
        return this.#receive(end, message);
      case 'metrics':
      case 'unknown-key-id':
      case 'listening':
        return this.#ports.report(end.name, message);
      default:
        message satisfies never;
    }
  }

  #receive(end: LinkEnd, batch: Extract<z.infer<typeof fromRemote>, { type: 'spool' }>): void {
    const { number } = batch;
    try {
      const answers = this.#receptionOf(end)?.hear(batch) ?? null;
      this.#troubled.delete(end.name);
      end.send(
        answers === null ? { type: 'not-spooled', number } : { type: 'spooled', number, answers },
      );
    } catch (error) {
      const text = `keeping records of ${end.name}: ${(error as Error).message}`;
      // Said once: the gateway goes on trying.
      if (this.#troubled.get(end.name) !== text) this.#ports.trouble(text);
      this.#troubled.set(end.name, text);
      end.send({ type: 'not-spooled', number });
    }
  }

  /** Only the last connection of a gateway is heard: what an earlier one left behind comes too late. */
  #receptionOf(end: LinkEnd): SpoolReception | null {
    const current = this.#receptions.get(end.name);
    if (current?.end === end) return current.reception;
    const mirror = this.#ports.mirror();
    if (mirror === null || this.#ends.get(end.name) !== end) return null;
    const reception = new SpoolReception(mirror, end.name);
    this.#receptions.set(end.name, { end, reception });
    return reception;
  }

  #writeSeen(): void {
    const text = JSON.stringify(Object.fromEntries(this.#seen));
    try {
      writeDurably(this.#file, text);
    } catch (error) {
      this.#ports.trouble(`writing down which gateways were seen: ${(error as Error).message}`);
    }
  }
}

function readSeen(file: string): Map<string, number> {
  try {
    const seen = z.record(z.string(), z.number()).parse(parseJsonText(readFileSync(file, 'utf8')));
    return new Map(Object.entries(seen));
  } catch {
    return new Map();
  }
}
