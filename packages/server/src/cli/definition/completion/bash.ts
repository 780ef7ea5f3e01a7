import type { Command } from '../define-command.ts';
import { type Offer, type Place, placesOf, quoted } from './places.ts';

/** Needs nothing but bash, from 3.2 on: neither bash-completion nor the program itself. */
export function bashCompletion(commands: readonly Command[]): string {
  const places = commands.flatMap(placesOf);
  const withVerbs = commands.filter((command) => 'verbs' in command);
  const verbs = withVerbs.map(
    (command) =>
      `    ${command.name}) (( COMP_CWORD == 2 )) && { _poorter_words ${quoted(Object.keys(command.verbs).join(' '))}; return; }; path="$path \${COMP_WORDS[2]}"; at=3 ;;`,
  );
  return `# bash completion of poorter, as \`poorter completion bash\` writes it.

_poorter_words() {
  local IFS=$'\\n'
  COMPREPLY=($(IFS=' '; compgen -W "$1" -- "$cur"))
}

# Several with commas: what stands before the last one is kept.
_poorter_list() {
  local before="\${cur%"\${cur##*,}"}" IFS=$'\\n'
  COMPREPLY=($(IFS=' '; compgen -W "$1" -P "$before" -- "\${cur##*,}"))
}

_poorter_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$cur"))
}

_poorter() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="\${COMP_WORDS[1]}" at=2 options='' valued='' count=0 index word
  COMPREPLY=()
  # bash divides --option=value into three words.
  if [[ $cur == '=' ]]; then cur=''
  elif [[ $prev == '=' ]]; then prev="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  if (( COMP_CWORD == 1 )); then
    _poorter_words ${quoted(commands.map(({ name }) => name).join(' '))}
    return
  fi
  case "$path" in
${verbs.join('\n')}
  esac
  case "$path" in
${places.map(optionsLine).join('\n')}
    *) return ;;
  esac
  case "$valued" in
    *" $prev "*)
      case "$path $prev" in
${grouped(places.flatMap(optionOffers))}
      esac
      return ;;
  esac
  if [[ $cur == -* ]]; then
    _poorter_words "$options"
    return
  fi
  for (( index = at; index < COMP_CWORD; index++ )); do
    word="\${COMP_WORDS[index]}"
    case "$valued" in *" $word "*)
      [[ \${COMP_WORDS[index+1]} == '=' ]] && (( index++ ))
      (( index++ ))
      continue ;;
    esac
    [[ $word == -* ]] || (( count++ ))
  done
  case "$path $count" in
${grouped(places.flatMap(argumentOffers))}
  esac
  return 0
}

complete -F _poorter poorter
`;
}

function pathOf({ command, verb }: Place): string {
  return verb === null ? command : `${command} ${verb}`;
}

function optionsLine(place: Place): string {
  const names = place.options.map(({ name }) => name);
  const valued = place.options.filter(({ value }) => value !== null).map(({ name }) => name);
  const all = `options=${quoted(names.join(' '))}`;
  return `    ${quoted(pathOf(place))}) ${all}; valued=${quoted(` ${valued.join(' ')} `)} ;;`;
}

type OfferAt = readonly [at: string, action: string];

function optionOffers(place: Place): OfferAt[] {
  return place.options.map(({ name, offer }) => [`${pathOf(place)} ${name}`, actionOf(offer)]);
}

function argumentOffers(place: Place): OfferAt[] {
  return place.arguments.map(({ offer }, index) => [`${pathOf(place)} ${index}`, actionOf(offer)]);
}

function actionOf(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `${offer.isList ? '_poorter_list' : '_poorter_words'} ${quoted(offer.words.join(' '))}`;
    case 'file':
      return '_poorter_paths -f';
    case 'directory':
      return '_poorter_paths -d';
    case 'nothing':
      return '';
  }
}

/** Places where the same is offered stand together. */
function grouped(offers: readonly OfferAt[]): string {
  const byAction = Map.groupBy(
    offers.filter(([, action]) => action !== ''),
    ([, action]) => action,
  );
  return [...byAction]
    .map(([action, places]) => `    ${places.map(([at]) => quoted(at)).join('|')}) ${action} ;;`)
    .join('\n');
}
