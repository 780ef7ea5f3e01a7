import type { AddressInfo } from 'node:net';
import type { RuntimeSnapshot } from '../messages/between-processes.ts';
import type { Acceptor } from './acceptor.ts';
import type { QuietMoment } from './quiet-moment.ts';
import type { Runtime } from './runtime.ts';

/** Sockets that listen, of a version that is not in force yet. */
export interface OpenedListeners {
  readonly addresses: readonly string[];
  /** What goes with it closes in this moment. */
  readonly commit: (runtime: Runtime, moment: QuietMoment) => void;
  readonly abort: () => void;
}

/** One that stands, with what it must remember. */
export interface ListeningPlace {
  readonly acceptor: Acceptor;
}

export interface ListeningPlacesPorts<Of, Place extends ListeningPlace> {
  /** In poorter.yaml. */
  readonly name: 'listen' | 'forwardAuth';
  /** What one cannot change while it is open. */
  readonly keyOf: (of: Of, snapshot: RuntimeSnapshot) => string;
  /** `key`: of its address in poorter.yaml. Throws PlaceFault. */
  readonly listen: (of: Of, key: string, snapshot: RuntimeSnapshot) => Promise<Place>;
  /** What an open one can change. */
  readonly retune: (place: Place, of: Of, snapshot: RuntimeSnapshot) => void;
}

/**
 * Where one kind of host listens in this thread. A reload keeps those whose address stays and changes
 * everything else in place; one that goes finishes what it has begun.
 */
export class ListeningPlaces<
  Of extends { readonly port: number },
  Place extends ListeningPlace = ListeningPlace,
> {
  readonly #ports: ListeningPlacesPorts<Of, Place>;
  readonly #open = new Map<string, Place>();
  /** No longer in the configuration, until their last connection ends. */
  readonly #retired = new Set<Acceptor>();
  #runtime: Runtime | null = null;

  constructor(ports: ListeningPlacesPorts<Of, Place>) {
    this.#ports = ports;
  }

  /** Of the version that calls see. Nobody is accepted before there is one. */
  get runtime(): Runtime {
    return this.#runtime as Runtime;
  }

  /**
   * Opens what is missing and changes nothing else yet. Throws PlaceFault, and then nothing of it is
   * open: the version before serves on as it was. What is opened meanwhile answers by that one, or by
   * `first`, where there is none.
   */
  async open(
    places: readonly Of[],
    snapshot: RuntimeSnapshot,
    first: Runtime | null,
  ): Promise<OpenedListeners> {
    const { name, keyOf, listen } = this.#ports;
    const opened: Place[] = [];
    const wanted: { readonly place: Place; readonly of: Of }[] = [];
    this.#runtime ??= first;
    try {
      for (const [index, of] of places.entries()) {
        const known = this.#open.get(keyOf(of, snapshot));
        const place = known ?? (await listen(of, `${name}.${index}.address`, snapshot));
        if (known === undefined) opened.push(place);
        wanted.push({ place, of });
      }
    } catch (error) {
      abort();
      throw error;
    }
    return {
      addresses: wanted.map(({ place }) => place.acceptor.address),
      abort,
      commit: (runtime, moment) => this.#commit(wanted, runtime, moment),
    };

    function abort(): void {
      for (const { acceptor } of opened) acceptor.abandon();
    }
  }

  /** Accepts what is already on its way, then finishes what is under way, then closes. */
  async drain(moment: QuietMoment, cutAtMs: number): Promise<void> {
    const acceptors = [...this.#open.values()].map(({ acceptor }) => acceptor);
    await Promise.all(
      [...acceptors, ...this.#retired].map((acceptor) => acceptor.close(moment, cutAtMs)),
    );
  }

  #commit(
    wanted: readonly { readonly place: Place; readonly of: Of }[],
    runtime: Runtime,
    moment: QuietMoment,
  ): void {
    const { keyOf, retune } = this.#ports;
    const keys = new Set<string>();
    for (const { place, of } of wanted) {
      retune(place, of, runtime.snapshot);
      // Port 0 has become a real one, by which the next version knows this place.
      const { port } = place.acceptor.server.address() as AddressInfo;
      const key = keyOf({ ...of, port }, runtime.snapshot);
      this.#open.set(key, place);
      keys.add(key);
    }
    // Everything stands: from here on calls see the new version.
    this.#runtime = runtime;
    for (const [key, { acceptor }] of this.#open) {
      if (keys.has(key)) continue;
      this.#open.delete(key);
      void this.#retire(acceptor, moment);
    }
  }

  async #retire(acceptor: Acceptor, moment: QuietMoment): Promise<void> {
    this.#retired.add(acceptor);
    await acceptor.close(moment, Number.POSITIVE_INFINITY);
    this.#retired.delete(acceptor);
  }
}
