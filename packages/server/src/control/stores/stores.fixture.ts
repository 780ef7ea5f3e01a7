import { randomBytes } from 'node:crypto';
import type { DatabaseOptions, DatabasePlace } from '../../platform/database/index.ts';
import { openMasterKey } from '../../platform/secrets/index.ts';
import { freshDirectory, type Lifetime, masterKeyIn, NOON } from '../../state/ground.fixture.ts';
import { openState, type State } from './index.ts';

export { freshDirectory, type Lifetime, masterKeyIn, NOON };

export interface StateUnderTest extends State {
  readonly dataDirectory: string;
  /** A clock that only the test moves. */
  readonly clock: { now: number };
  /** As after a restart: the same place and directory. */
  reopen(options?: DatabaseOptions): Promise<State>;
}

export const stateWorld = {
  now: () => NOON,
  random: (bytes: number) => new Uint8Array(randomBytes(bytes)),
};

/** A master key in hexadecimal, as from the environment. */
export function namedMasterKey(hex: string) {
  return openMasterKey('env:KEY', {
    ...{ dataDirectory: '/', baseDirectory: '/', notify: () => {} },
    environment: { KEY: hex },
  });
}

export async function openFreshState(
  t: Lifetime,
  place: DatabasePlace,
  dataDirectory = freshDirectory(t),
): Promise<StateUnderTest> {
  const clock = { now: NOON };
  const open = async (options: DatabaseOptions = {}) => {
    const state = await openState({
      ...{ place, options },
      dataDirectory,
      masterKey: masterKeyIn(dataDirectory),
      world: { now: () => clock.now, random: (bytes) => new Uint8Array(randomBytes(bytes)) },
    });
    t.after(() => state.close());
    return state;
  };
  return { ...(await open()), dataDirectory, clock, reopen: open };
}
