import type { IssuerQuestion, StandingSession, ToIssuer } from '../messages/between-issuer.ts';
import type { World } from '../platform/world/index.ts';

export interface IssuerDeskPorts {
  readonly world: Pick<World, 'after'>;
  readonly send: (message: Extract<ToIssuer, { type: 'issuer-ask' }>) => void;
}

/** Somebody waits for it at a screen. */
const ANSWER_MAX_MS = 5_000;

/** What operators ask of the authorization server, which alone knows who is signed in where. */
export class IssuerDesk {
  readonly #ports: IssuerDeskPorts;
  readonly #waiting = new Map<number, (sessions: readonly StandingSession[] | null) => void>();
  #last = 0;

  constructor(ports: IssuerDeskPorts) {
    this.#ports = ports;
  }

  /** Null: it does not run, does not answer in time, or cannot find it out. */
  ask(question: IssuerQuestion): Promise<readonly StandingSession[] | null> {
    const { world, send } = this.#ports;
    this.#last += 1;
    const request = this.#last;
    return new Promise((resolve) => {
      const settle = (sessions: readonly StandingSession[] | null) => {
        timer.cancel();
        this.#waiting.delete(request);
        resolve(sessions);
      };
      const timer = world.after(ANSWER_MAX_MS, () => settle(null));
      this.#waiting.set(request, settle);
      send({ type: 'issuer-ask', request, question });
    });
  }

  receive(request: number, sessions: readonly StandingSession[] | null): void {
    this.#waiting.get(request)?.(sessions);
  }
}
