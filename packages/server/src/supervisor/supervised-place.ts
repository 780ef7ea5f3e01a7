import {
  type DirectoryLock,
  FirstStart,
  lockDirectory,
  prepareDataDirectory,
  removeRemnants,
  SERVING_LOCK,
} from '../platform/data-directory/index.ts';
import type { Launch } from '../platform/processes/index.ts';
import { realWorld, type World } from '../platform/world/index.ts';

/** What a supervisor takes from its machine. A test may give another, and run everything in one process. */
export interface SupervisedPlace {
  readonly world: World;
  readonly launch: Launch;
  /** From now on nobody else serves from here. Throws DirectoryHeldError before anything is changed. */
  occupy(): OccupiedPlace;
}

export interface OccupiedPlace {
  release(): void;
  /** As if nothing had ever been started here, where nothing was before; returns whether it was so. */
  takeBack(): boolean;
}

export function realPlace(dataDirectory: string, launch: Launch): SupervisedPlace {
  return {
    ...{ world: realWorld, launch },
    occupy: () => {
      const first = FirstStart.look(dataDirectory);
      const lock = lockToServe(dataDirectory);
      const release = () => lock.release();
      const takeBack = () => {
        if (first === null) release();
        else first.takeBack(lock);
        return first !== null;
      };
      return { release, takeBack };
    },
  };
}

/** Throws DirectoryHeldError. */
export function lockToServe(dataDirectory: string): DirectoryLock {
  prepareDataDirectory(dataDirectory);
  const lock = lockDirectory(dataDirectory, SERVING_LOCK);
  removeRemnants(dataDirectory);
  return lock;
}
