import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryHeldError, lockDirectory } from '../platform/data-directory/index.ts';
import { writeDurably } from '../platform/files/index.ts';
import {
  LinkClient,
  type LinkClientOptions,
  type LinkCredentials,
} from '../platform/link/index.ts';
import type { Launch } from '../platform/processes/index.ts';
import { SpoolCarrier, type SpoolCarrierOptions } from '../platform/spool/index.ts';
import { realWorld, type World } from '../platform/world/index.ts';
import { lockToServe } from './supervised-place.ts';

/** What a machine that only runs a gateway gives to its supervisor. A test may give another. */
export interface GatewayMachine {
  readonly world: World;
  readonly launch: Launch;
  /** From now on nobody else serves from here. Throws DirectoryHeldError. */
  occupy(): { release(): void };
  /** Held while nothing serves here; null: a predecessor, whose supervisor was killed, may serve still. */
  lockOutGateways(): { release(): void } | null;
  /** 32 hexadecimal digits, the same at every start. */
  instance(): string;
  openLink(on: LinkClientOptions['on']): Pick<LinkClient, 'send' | 'close'>;
  carry(options: Omit<SpoolCarrierOptions, 'directory' | 'world'>): Pick<SpoolCarrier, 'finish'>;
}

export interface GatewayMachineOptions {
  readonly dataDirectory: string;
  /** host:port of control. */
  readonly control: string;
  /** As they are now. */
  readonly credentials: () => LinkCredentials;
  readonly launch: Launch;
}

export function realGatewayMachine({
  dataDirectory,
  control,
  credentials,
  launch,
}: GatewayMachineOptions): GatewayMachine {
  const world = realWorld;
  return {
    ...{ world, launch },
    occupy: () => lockToServe(dataDirectory),
    lockOutGateways: () => lockedOut(dataDirectory),
    instance: () => keptInstance(dataDirectory),
    openLink: (on) => new LinkClient({ address: control, credentials, on, world }),
    carry: (options) =>
      new SpoolCarrier({ ...options, world, directory: join(dataDirectory, 'spool') }),
  };
}

/** Who holds this lock serves. */
function lockedOut(dataDirectory: string): { release(): void } | null {
  try {
    return lockDirectory(dataDirectory, 'gateway');
  } catch (error) {
    if (error instanceof DirectoryHeldError) return null;
    throw error;
  }
}

/** Made once for a data directory, in which one gateway at a time serves. */
function keptInstance(dataDirectory: string): string {
  const file = join(dataDirectory, 'gateway-instance');
  try {
    const known = readFileSync(file, 'utf8').trim();
    if (/^[0-9a-f]{32}$/.test(known)) return known;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = randomBytes(16).toString('hex');
  writeDurably(file, `${made}\n`);
  return made;
}
