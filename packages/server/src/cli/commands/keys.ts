import { defineCommand } from '../definition/define-command.ts';
import { leaked, revoke } from './keys/end.ts';
import { list, show, unused } from './keys/look.ts';
import { change, create, rotate } from './keys/make.ts';
import { SERVER_ENVIRONMENT } from './shared-options.ts';

export const command = defineCommand({
  name: 'keys',
  purpose: 'API keys',
  about: `Without a server, \`--file keys.yaml\` of create, list and revoke works on a key file.`,
  environment: SERVER_ENVIRONMENT,
  verbs: { create, list, show, rotate, change, unused, revoke, leaked },
});
