import type { Everywhere, Handlers } from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { Subject } from '../../state/subject-keys/index.ts';
import type { PersonEraser } from './index.ts';

/** The right to be forgotten. */
export function subjectRoutes(
  everywhere: Everywhere,
  /** Whoever holds copies of the key, or of what was sealed under it, lets go of them. */
  forget: (subject: Subject) => Promise<void>,
): Handlers<'eraseSubject', { readonly persons: PersonEraser }> {
  return {
    eraseSubject: {
      async change({ body }, stores) {
        const { keyId, destroyed, ended } = await stores.persons.erase(body);
        const revokedKeys = [...(ended.get('key') ?? [])];
        const endedBlocks = [...(ended.get('block') ?? [])];
        return {
          status: 200,
          body: { destroyed, revokedKeys, endedBlocks },
          // A random id: it says nothing of the person.
          ...(keyId !== null && { target: keyId }),
        };
      },
      async spread({ body }, answer) {
        try {
          await forget(body);
        } catch {
          throw new AdminProblem('not_everywhere_yet', { gateways: ['control'] });
        }
        const { revokedKeys, endedBlocks } = answer.body;
        // Keys were revoked, and every gateway holds what was blocked.
        if (revokedKeys.length > 0 || endedBlocks.length > 0) await everywhere.untilEnforced();
        return answer;
      },
    },
  };
}
