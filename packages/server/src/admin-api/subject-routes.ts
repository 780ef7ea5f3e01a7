import type { Subject, SubjectKeys } from '../state/subject-keys/index.ts';
import type { Handlers } from './act.ts';

/** The right to be forgotten, by destroying the key of a person's values. */
export function subjectRoutes(
  subjectKeys: SubjectKeys,
  /** Whoever holds copies of the key, or of what was sealed under it, lets go of them. */
  forget: (subject: Subject) => Promise<void>,
): Handlers {
  return {
    async eraseSubject({ body }) {
      const subject = body as Subject;
      const erasure = await subjectKeys.destroy(subject);
      await forget(subject);
      return {
        status: 200,
        body: { destroyed: erasure === null ? 0 : 1 },
        // The key's random id: it says nothing of the person.
        ...(erasure !== null && { target: erasure.keyId }),
      };
    },
  };
}
