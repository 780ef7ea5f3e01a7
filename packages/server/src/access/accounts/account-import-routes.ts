import type { Act, Answer, Handlers, OperationId } from '../../admin-api/index.ts';
import { AdminProblem } from '../../messages/admin-problems.ts';
import type { AccountImport } from './import/account-import.ts';
import type { ImportFault, SignInTerms } from './import/judge-accounts.ts';

interface Stores {
  readonly accountImport: AccountImport;
}

const NO_TERMS: SignInTerms = { passwords: false, providers: [] };

/** People who had an account elsewhere come with what they signed in with there. */
export function accountImportRoutes(
  /** Null: there is no authorization server. */
  signIn: () => SignInTerms | null,
): Handlers<'importAccounts', Stores> {
  return {
    importAccounts: {
      async change({ body, operator }, { accountImport }) {
        const wish = {
          ...{ accounts: body.accounts, createdBy: operator.client },
          ...{ isSkipping: body.existing === 'skip', isPreview: body.preview ?? false },
        };
        const outcome = await accountImport.make(wish, signIn() ?? NO_TERMS);
        if (outcome.kind === 'faults') throw notImported(outcome.faults);
        return { status: 200, body: { accounts: outcome.accounts } };
      },
      // Nobody decides by an account that nobody has signed in with.
      spread: async <Id extends OperationId>(_: Act<Id>, answer: Answer<Id>) => answer,
    },
  };
}

function notImported(faults: readonly ImportFault[]): AdminProblem {
  const count = new Set(faults.map(({ index }) => index)).size;
  return new AdminProblem('value_not_acceptable', {
    reason: `accounts: ${count} of them cannot be imported, and none was`,
    errors: faults.map(({ index, member, rule, expected }) => ({
      ...{ in: 'body', pointer: `/accounts/${index}/${member}`, rule, expected },
    })),
  });
}
