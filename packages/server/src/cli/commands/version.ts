import { programVersion } from '../../platform/program/index.ts';
import { defineCommand } from '../definition/define-command.ts';

export const command = defineCommand({
  name: 'version',
  purpose: 'which version this is',
  options: {},
  async run(_given, { stdout }) {
    stdout.write(`${programVersion()}\n`);
    return 0;
  },
});
