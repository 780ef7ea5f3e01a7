import { bashCompletion } from '../definition/completion/bash.ts';
import { fishCompletion } from '../definition/completion/fish.ts';
import { zshCompletion } from '../definition/completion/zsh.ts';
import { type Command, defineCommand } from '../definition/define-command.ts';
import { type CommandList, loaded } from '../definition/run-command.ts';

const WRITERS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** A script for the shell of whoever types, with every command of a list. */
export function completionOf(commands: CommandList): Command {
  return defineCommand({
    name: 'completion',
    purpose: 'a script that completes commands, options and values in a shell',
    arguments: {
      shell: { value: 'SHELL', oneOf: ['bash', 'zsh', 'fish'], says: 'whose script' },
    },
    options: {},
    about:
      'The script is written to standard output and needs no program when it completes. Write it anew after an update.',
    examples: [
      {
        line: 'poorter completion bash > ~/.local/share/bash-completion/completions/poorter',
        says: 'for bash with bash-completion; without it, source the file in ~/.bashrc',
      },
      {
        line: 'poorter completion zsh > ~/.zfunc/_poorter',
        says: 'for zsh, in a folder that fpath names before compinit',
      },
      {
        line: 'poorter completion fish > ~/.config/fish/completions/poorter.fish',
        says: 'for fish',
      },
    ],
    async run({ shell }, { stdout }) {
      stdout.write(WRITERS[shell](await loaded(commands)));
      return 0;
    },
  });
}
