import type { Command } from '../define-command.ts';
import { type Offer, type Place, placesOf, quoted } from './places.ts';

/** For ~/.config/fish/completions, or to be sourced. */
export function fishCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name, purpose }) => offered("'__poorter_at 1'", name, purpose));
  const verbs = commands.flatMap((command) =>
    'does' in command
      ? []
      : Object.entries(command.verbs).map(([verb, { purpose }]) =>
          offered(quoted(`__poorter_at 2 ${command.name}`), verb, purpose),
        ),
  );
  return `# fish completion of poorter, as \`poorter completion fish\` writes it.

# Whether so many words stand before the cursor, and which.
function __poorter_at
    set -l words (commandline -opc)
    test (count $words) -eq $argv[1]; or return 1
    test (count $argv) -eq 1; or test "$words[2]" = "$argv[2]"
end

# Whether the line begins so.
function __poorter_in
    set -l words (commandline -opc)
    set -l last (math (count $argv) + 1)
    test (count $words) -ge $last; or return 1
    test "$words[2..$last]" = "$argv"
end

# Whether the argument number N comes next: N, how many words come before the first, options with a value.
function __poorter_place
    set -l words (commandline -opc)
    set -l found 0
    set -l skips 0
    for word in $words[(math $argv[2] + 1)..-1]
        if test $skips -eq 1
            set skips 0
        else if contains -- $word $argv[3..-1]
            set skips 1
        else if not string match -q -- '-*' $word
            set found (math $found + 1)
        end
    end
    test $skips -eq 0 -a $found -eq $argv[1]
end

complete -c poorter -f
${[...names, ...verbs, ...commands.flatMap(placesOf).flatMap(linesOf)].join('\n')}
`;
}

function offered(condition: string, word: string, says: string): string {
  return `complete -c poorter -n ${condition} -a ${quoted(word)} -d ${quoted(says)}`;
}

function linesOf(place: Place): string[] {
  const words = [place.command, ...(place.verb === null ? [] : [place.verb])];
  const within = `__poorter_in ${words.join(' ')}`;
  const valued = place.options.filter(({ value }) => value !== null).map(({ name }) => name);
  const options = place.options.map(({ name, says, value, offer }) =>
    [
      `complete -c poorter -n ${quoted(within)} -l ${name.slice(2)} -d ${quoted(says)}`,
      ...(value === null ? [] : ['-r', offerOf(offer)]),
    ].join(' '),
  );
  const places = place.arguments.flatMap(({ offer }, index) => {
    if (offer.kind === 'nothing') return [];
    const next = `__poorter_place ${index} ${words.length + 1} ${valued.join(' ')}`.trimEnd();
    return [`complete -c poorter -n ${quoted(`${within}; and ${next}`)} ${offerOf(offer)}`];
  });
  return [...options, ...places];
}

function offerOf(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return offer.isList
        ? `-f -a ${quoted(`(__fish_append , ${offer.words.join(' ')})`)}`
        : `-f -a ${quoted(offer.words.join(' '))}`;
    case 'file':
      return '-F';
    case 'directory':
      return `-f -a ${quoted('(__fish_complete_directories)')}`;
    case 'nothing':
      return '-f';
  }
}
