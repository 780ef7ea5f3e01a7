/**
 * An entry as people and `poorter keys create` commonly write it, read without a YAML parser: a
 * file of 100,000 keys is mostly these. Null for everything else; whatever is read here, YAML
 * reads as the same. `indent` is the column of the dash.
 */
export function readPlainEntry(text: string, indent: number): Record<string, unknown> | null {
  return text[indent + 2] === '{' ? readFlowEntry(text, indent) : readBlockEntry(text, indent);
}

/** A word or words that no YAML schema takes for a number, a truth value or nothing. */
const WORDS = '[A-Za-z_](?:[A-Za-z0-9_./@+()-]|:(?=[A-Za-z0-9])| (?=[A-Za-z0-9_(]))*';
const TIME = '\\d{4}-\\d\\d-\\d\\d(?:T\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d+)?)?Z)?';
const QUOTED = `"[^"\\\\\\n]*"|'[^'\\n]*'`;
const SCALAR = `${QUOTED}|${TIME}|${WORDS}`;
const LIST = `\\[ ?(?:(?:${SCALAR})(?:, ?(?:${SCALAR}))*)? ?\\]`;
const NAME = '(id|name|hash|scopes|roles|created|expires)';

const BLOCK_MEMBER = new RegExp(`^${NAME}:(?: (${SCALAR})| (${LIST}))?$`);
const BLOCK_ITEM = new RegExp(`^- (${SCALAR})$`);
const FLOW_MEMBER = new RegExp(`${NAME}: (?:(${SCALAR})|(${LIST}))(, ?| ?\\}$)`, 'y');
const LIST_ITEM = new RegExp(SCALAR, 'g');
/** Words with a meaning of their own in YAML 1.2, or in what came before it. */
const MEANINGFUL = /^(?:null|true|false|yes|no|on|off|y|n)$/i;

const UNREADABLE = Symbol('unreadable');

function readBlockEntry(text: string, indent: number): Record<string, unknown> | null {
  const entry: Record<string, unknown> = {};
  const members = indent + 2;
  let open: { name: string; list: unknown[]; indent: number } | null = null;
  for (const line of linesOf(text)) {
    const trimmed = line.trimStart();
    if (trimmed === '' || trimmed[0] === '#') continue;
    const column = line.length - trimmed.length;
    const isFirst = column === indent;
    const item = isFirst ? null : BLOCK_ITEM.exec(trimmed);
    if (item !== null) {
      if (open === null || column < members) return null;
      if (open.list.length > 0 && column !== open.indent) return null;
      const value = scalarOf(item[1] as string);
      if (value === UNREADABLE) return null;
      open.indent = column;
      open.list.push(value);
      entry[open.name] = open.list;
      continue;
    }
    if (!isFirst && column !== members) return null;
    const member = BLOCK_MEMBER.exec(isFirst ? trimmed.slice(2) : trimmed);
    if (member === null) return null;
    const [, name = '', scalar, list] = member;
    if (Object.hasOwn(entry, name)) return null;
    const value = memberOf(scalar, list);
    if (value === UNREADABLE) return null;
    entry[name] = value;
    open = value === null && scalar === undefined ? { name, list: [], indent: 0 } : null;
  }
  return entry;
}

function readFlowEntry(text: string, indent: number): Record<string, unknown> | null {
  const [first = '', ...rest] = linesOf(text);
  if (rest.some((line) => !/^ *(?:#|$)/.test(line))) return null;
  const entry: Record<string, unknown> = {};
  let at = indent + 3;
  if (first[at] === ' ') at += 1;
  while (at < first.length) {
    FLOW_MEMBER.lastIndex = at;
    const member = FLOW_MEMBER.exec(first);
    if (member === null) return null;
    const [whole, name = '', scalar, list, end = ''] = member;
    if (Object.hasOwn(entry, name)) return null;
    const value = memberOf(scalar, list);
    if (value === UNREADABLE) return null;
    entry[name] = value;
    at += whole.length;
    if (end.endsWith('}')) return entry;
  }
  return null;
}

function linesOf(text: string): string[] {
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

function memberOf(scalar: string | undefined, list: string | undefined): unknown {
  if (scalar !== undefined) return scalarOf(scalar);
  if (list === undefined) return null;
  const items = list.slice(1, -1).match(LIST_ITEM)?.map(scalarOf) ?? [];
  return items.includes(UNREADABLE) ? UNREADABLE : items;
}

function scalarOf(text: string): unknown {
  if (text[0] === '"' || text[0] === "'") return text.slice(1, -1);
  if (text === 'null') return null;
  return MEANINGFUL.test(text) ? UNREADABLE : text;
}
