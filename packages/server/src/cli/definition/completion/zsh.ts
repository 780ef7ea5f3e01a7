import type { Command } from '../define-command.ts';
import {
  type Offer,
  type OfferedArgument,
  type OfferedOption,
  type Place,
  placesOf,
  quoted,
} from './places.ts';

/** For a folder of fpath as `_poorter`, or to be sourced after compinit. */
export function zshCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name, purpose }) => quoted(described(name, purpose)));
  return `#compdef poorter
# zsh completion of poorter, as \`poorter completion zsh\` writes it.

_poorter() {
  local -a names
  if (( CURRENT == 2 )); then
    names=(
      ${names.join('\n      ')}
    )
    _describe -t commands command names
    return
  fi
  case "$words[2]" in
${commands.map(commandCase).join('\n')}
  esac
}

if [ "$funcstack[1]" = _poorter ]; then
  _poorter "$@"
else
  compdef _poorter poorter
fi
`;
}

function commandCase(command: Command): string {
  const [first] = placesOf(command);
  if ('does' in command) {
    const lines = first === undefined ? [] : argumentLines(first);
    return `    ${command.name})
      shift words; (( CURRENT-- ))
      _arguments -S \\
        ${lines.join(' \\\n        ')} ;;`;
  }
  const verbs = Object.entries(command.verbs).map(([name, { purpose }]) =>
    quoted(described(name, purpose)),
  );
  const cases = placesOf(command).map(
    (place) => `        ${place.verb})
          _arguments -S \\
            ${argumentLines(place).join(' \\\n            ')} ;;`,
  );
  return `    ${command.name})
      if (( CURRENT == 3 )); then
        names=(
          ${verbs.join('\n          ')}
        )
        _describe -t verbs verb names
        return
      fi
      shift 2 words; (( CURRENT -= 2 ))
      case "$words[1]" in
${cases.join('\n')}
      esac ;;`;
}

function argumentLines(place: Place): string[] {
  return [
    ...place.options.map((option) => quoted(optionSpec(option))),
    ...place.arguments.map((argument, index) => quoted(argumentSpec(argument, index + 1))),
  ];
}

function optionSpec({ name, says, value, offer, isRepeatable, excludes }: OfferedOption): string {
  const apart = isRepeatable ? '*' : `(${[name, ...excludes].join(' ')})`;
  const explained = `[${says.replace(/[[\]\\]/g, '\\$&')}]`;
  if (value === null) return `${apart}${name}${explained}`;
  return `${apart}${name}=${explained}:${plain(value)}:${actionOf(offer, value)}`;
}

function argumentSpec({ value, isOptional, offer }: OfferedArgument, index: number): string {
  return `${index}${isOptional ? '::' : ':'}${plain(value)}:${actionOf(offer, value)}`;
}

function actionOf(offer: Offer, value: string): string {
  switch (offer.kind) {
    case 'words':
      return offer.isList
        ? `_values -s , ${quoted(plain(value))} ${offer.words.join(' ')}`
        : `(${offer.words.join(' ')})`;
    case 'file':
      return '_files';
    case 'directory':
      return '_files -/';
    case 'nothing':
      // A blank: it is told what belongs there, and nothing is offered.
      return ' ';
  }
}

function described(name: string, says: string): string {
  return `${name}:${says.replaceAll(':', '\\:')}`;
}

function plain(text: string): string {
  return text.replaceAll(':', '\\:');
}
