import { defineCommand } from '../definition/define-command.ts';
import { version } from '../version.ts';

export const command = defineCommand({
  name: 'version',
  purpose: 'which version this is',
  options: {},
  async run(_given, { stdout }) {
    stdout.write(`${version()}\n`);
    return 0;
  },
});
