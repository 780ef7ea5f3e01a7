import type { PersonEraser } from '../state/erasure/index.ts';
import type { Subject } from '../state/subject-keys/index.ts';
import type { Handlers } from './act.ts';
import type { Everywhere } from './everywhere.ts';

/** The right to be forgotten. */
export function subjectRoutes(
  persons: PersonEraser,
  everywhere: Everywhere,
  /** Whoever holds copies of the key, or of what was sealed under it, lets go of them. */
  forget: (subject: Subject) => Promise<void>,
): Handlers {
  return {
    async eraseSubject({ body }) {
      const subject = body as Subject;
      const { keyId, destroyed, keys, endedBlocks } = await persons.erase(subject);
      await forget(subject);
      // Keys were revoked, and every gateway holds what was blocked.
      if (keys.length > 0 || endedBlocks.length > 0) await everywhere.reach();
      return {
        status: 200,
        body: { destroyed, revokedKeys: [...keys], endedBlocks: [...endedBlocks] },
        // A random id: it says nothing of the person.
        ...(keyId !== null && { target: keyId }),
      };
    },
  };
}
