import { defineCommand } from '../definition/define-command.ts';
import { endInvitation, invitations, invite } from './clients/invite.ts';
import { disable, list, rotateSecret, show } from './clients/look.ts';
import { change, create } from './clients/make.ts';
import { SERVER_ENVIRONMENT } from './shared-options.ts';

export const command = defineCommand({
  name: 'clients',
  purpose: 'applications that the authorization server knows',
  about:
    'A profile says what is asked of a client: `browser` (its server keeps the tokens), `native` (on somebody’s own device), `machine` (acts for itself), `fapi2` (as banks need it). A client that is weaker than its profile is refused, unless `--accept` names the weakness.',
  environment: SERVER_ENVIRONMENT,
  verbs: {
    ...{ create, list, show, change, 'rotate-secret': rotateSecret, disable },
    ...{ invite, invitations, 'end-invitation': endInvitation },
  },
});
