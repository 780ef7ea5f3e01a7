import { type Command, defineCommand } from '../definition/define-command.ts';
import { overallHelp } from '../definition/help.ts';
import { type CommandList, helpOf, loaded, unknownCommand } from '../definition/run-command.ts';

/** Explains the commands of a list. */
export function helpOn(commands: CommandList): Command {
  return defineCommand({
    name: 'help',
    purpose: 'what a command does, and what it takes',
    arguments: {
      command: {
        value: 'COMMAND',
        isOptional: true,
        suggests: Object.keys(commands),
        says: 'what help is asked about',
      },
      verb: { value: 'VERB', isOptional: true, says: 'one of its verbs' },
    },
    options: {},
    async run({ command: name, verb }, { stdout }) {
      if (name === undefined) {
        stdout.write(overallHelp(await loaded(commands)));
        return 0;
      }
      const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
      if (load === undefined) throw unknownCommand(name, commands);
      stdout.write(helpOf(await load(), verb === undefined ? [] : [verb]));
      return 0;
    },
  });
}
