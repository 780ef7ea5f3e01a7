import type { LiveMessage } from '@poorter/engine';
import type { FromGateway } from '../messages/between-processes.ts';
import type { SpoolMirror } from '../platform/spool/index.ts';
import type { World } from '../platform/world/index.ts';
import { GatewayBook, type GatewayBookPorts } from './gateway-book.ts';
import { LiveFeed, type LiveFeedPorts } from './live-feed.ts';
import { type KeyAgeTerms, type LiveStores, liveSources } from './live-sources.ts';
import { LocalGateway } from './local-gateway.ts';
import { type RemoteGatewayPorts, RemoteGateways } from './remote-gateways.ts';

export interface GatewaysPorts
  extends Pick<LiveFeedPorts, 'changes' | 'keyHashKey'>,
    Pick<KeyAgeTerms, 'keyAgeMaxMs'>,
    Pick<RemoteGatewayPorts, 'openServer' | 'notify'> {
  readonly stores: LiveStores;
  readonly world: World;
  readonly bookFile: Pick<GatewayBookPorts, 'read' | 'write'>;
  /** A gateway of this machine serves, or a predecessor of it may. */
  readonly runsGateway: boolean;
  /** On other machines, where there is no book: each may serve, for so long. */
  readonly mayServe: readonly string[];
  readonly staleAfterMs: number;
  /** Where records of other machines are kept; null: nowhere. */
  readonly mirror: SpoolMirror | null;
  /** To the gateway of this machine. */
  readonly tellLocal: (message: LiveMessage) => void;
  /** From a gateway on another machine. */
  readonly heardFrom: (gateway: string, report: FromGateway) => void;
}

/**
 * Every gateway, here and on other machines: what each is told of keys and blocks, what each has confirmed,
 * and how long one that is cut off may serve on.
 */
export class Gateways {
  readonly book: GatewayBook;
  readonly live: LiveFeed;
  readonly local: LocalGateway;
  readonly remotes: RemoteGateways;

  constructor(ports: GatewaysPorts) {
    const { world, bookFile, stores, changes, keyHashKey, keyAgeMaxMs } = ports;
    this.book = new GatewayBook({ ...bookFile, now: world.monotonicMs });
    // Before the first act: whoever was promised time by a control before this one may serve still.
    this.book.open(ports.mayServe, ports.staleAfterMs);
    this.live = new LiveFeed({
      ...{ changes, keyHashKey, world },
      sources: liveSources(stores, { now: world.now, keyAgeMaxMs }),
      missingElsewhere: (sequence) => this.book.missing(sequence),
    });
    this.book.subscribe(() => this.live.settle());
    this.local = new LocalGateway(this.live);
    this.remotes = new RemoteGateways({
      ...{ book: this.book, mirror: ports.mirror, world, notify: ports.notify },
      liveNow: () => this.live.whole,
      report: ports.heardFrom,
      ...(ports.openServer !== undefined && { openServer: ports.openServer }),
    });
    // Whatever was heard of it so far: it may have gone while one before it serves still.
    if (ports.runsGateway) this.local.up();
    this.live.subscribe(ports.tellLocal);
    this.live.subscribe((message) => this.remotes.send(message));
  }
}
