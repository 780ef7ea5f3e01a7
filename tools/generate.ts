import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { problems } from '@poorter/engine';
import { extensionSchema } from '@poorter/engine/configuration';
import { z } from 'zod';
import { configurationSchema } from '../packages/server/src/configuration/schema.ts';
import { adminProblems } from '../packages/server/src/messages/admin-problems.ts';
import { issuerCodes } from '../packages/server/src/messages/issuer-codes.ts';
import { notices } from '../packages/server/src/messages/notices.ts';
import { compiledContract } from '../packages/server/src/platform/contracts/compile-contract.ts';
import { hostMatrix } from '../scenarios/hosts.cases.ts';
import { contractTypes } from './contract-types.ts';

/**
 * Writes what is derived from the code: contract/ and docs/reference/. With --check it writes
 * nothing and fails when a file is not current.
 */
type Schema = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Record<string, Schema>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly pattern?: string;
  readonly format?: string;
};

const root = join(import.meta.dirname, '..');
const configuration = z.toJSONSchema(configurationSchema, {
  io: 'input',
  unrepresentable: 'any',
}) as Schema;
const extension = z.toJSONSchema(extensionSchema, {
  io: 'input',
  unrepresentable: 'any',
}) as Schema;

const contract = read('packages/server/contract/admin.openapi.yaml') ?? '';
const applications = read('packages/server/contract/applications.openapi.yaml') ?? '';
const isCheck = process.argv.includes('--check');
// First of all: what is loaded next is written in these types.
bringUpToDate({
  'packages/server/src/messages/admin-contract.generated.ts': contractTypes(contract),
});
const { commands } = await import('../packages/server/src/cli/commands.ts');
const { referencePage } = await import('../packages/server/src/cli/definition/reference-page.ts');
const { loaded } = await import('../packages/server/src/cli/definition/run-command.ts');

bringUpToDate({
  'contract/config.schema.json': json(configuration),
  'contract/x-poorter.schema.json': json(extension),
  'contract/admin.openapi.yaml': contract,
  'packages/server/contract/admin.compiled': compiledContract('admin', contract),
  'packages/server/contract/issuer.compiled': compiledContract(
    'issuer',
    read('packages/server/contract/issuer.openapi.yaml') ?? '',
  ),
  'contract/applications.openapi.yaml': applications,
  'packages/server/contract/applications.compiled': compiledContract('applications', applications),
  'packages/server/contract/details.compiled': compiledContract(
    'details',
    read('packages/server/contract/details.openapi.yaml') ?? '',
  ),
  'contract/problems.json': json({ ...problems, ...adminProblems }),
  'docs/reference/configuration.md': page(
    'poorter.yaml',
    'Every key of the configuration file. An unknown key stops the start.',
    configuration,
  ),
  'docs/reference/x-poorter.md': page(
    'x-poorter',
    'The extension in an OpenAPI document, at root, path or operation level; the nearest key wins.',
    extension,
  ),
  'docs/reference/problems.md': problemPage(),
  'docs/reference/notices.md': noticePage(),
  'docs/reference/issuer-codes.md': issuerCodePage(),
  'docs/ARCHITECTURE.md': between('docs/ARCHITECTURE.md', 'hosts.cases.ts', hostMatrix()),
  'docs/reference/commands.md': referencePage(await loaded(commands)),
});

function bringUpToDate(files: Readonly<Record<string, string>>): void {
  const stale = Object.entries(files).filter(([file, text]) => read(file) !== text);
  for (const [file, text] of stale) {
    if (isCheck) {
      process.exitCode = 1;
      console.error(`not current: ${file} (npm run generate)`);
    } else {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
      console.log(`wrote ${file}`);
    }
  }
}

function page(title: string, introduction: string, schema: Schema): string {
  const rows = describe(schema, '');
  return [
    `# ${title}`,
    '',
    introduction,
    '',
    '| key | value | default | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function describe(schema: Schema, prefix: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    const fallback =
      property.default === undefined ? '' : `\`${JSON.stringify(property.default)}\``;
    const isPlain = fallback.length < 60;
    const row = `| \`${key}\` | ${kindOf(property)} | ${isPlain ? fallback : ''} | ${cell(property.description ?? '')} |`;
    return [row, ...nested(property).flatMap((inner) => describe(inner.schema, key + inner.mark))];
  });
}

function nested(schema: Schema): { schema: Schema; mark: string }[] {
  if (schema.properties !== undefined) return [{ schema, mark: '' }];
  if (schema.items?.properties !== undefined) return [{ schema: schema.items, mark: '[]' }];
  const mapping = schema.anyOf?.find(({ properties }) => properties !== undefined);
  return mapping === undefined ? [] : [{ schema: mapping, mark: '' }];
}

function kindOf(schema: Schema): string {
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(kindOf))].join(' or ');
  if (schema.type === 'array') return `list of ${kindOf(schema.items ?? {})}`;
  if (schema.type === 'object') return 'mapping';
  if (schema.format !== undefined) return schema.format;
  return String(schema.type ?? 'any');
}

function problemPage(): string {
  const rows = Object.entries({ ...problems, ...adminProblems }).map(
    ([code, { status, title, remedy }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${status} | ${cell(title)} | ${cell(remedy)} |`,
  );
  return [
    '# Problems',
    '',
    'Every refusal is an RFC 9457 document (`application/problem+json`) with `type`',
    '`urn:poorter:problem:CODE`, a stable `code`, and an `instance` that names the call in the records.',
    '`request_invalid` lists `errors`, each with `in`, a JSON `pointer` and the `rule` broken, often with `name` and `expected`; never a value.',
    '',
    '| code | status | what it says | what to do |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function issuerCodePage(): string {
  const rows = Object.entries(issuerCodes).map(
    ([code, { means, remedy }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${cell(means)} | ${cell(remedy)} |`,
  );
  return [
    '# Codes of the authorization server',
    '',
    'Why it refused something: `error` of its answers, and `code` of its records (`poorter log search --code`). What the',
    'developer of an application is told besides stands in the record as `reason`. The number on a page is the id of the call.',
    '',
    '| code | what it means | what to do |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function noticePage(): string {
  const rows = Object.entries(notices).map(
    ([code, { level, means, remedy }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${level} | ${cell(means)} | ${cell(remedy)} |`,
  );
  return [
    '# Notices',
    '',
    'What `poorter serve` says of itself while it runs: the start on standard output, everything else on standard',
    'error. For people these are sentences. With `--json` every line is one JSON object:',
    '',
    '```json',
    '{"time":"2026-11-29T21:47:07.000Z","level":"error","code":"thread_ended","message":"gateway thread 1 ended; starting it again","thread":1}',
    '```',
    '',
    'Each has `time` (RFC 3339), `level` (`info`, `warn`, `error`), `code`, which is stable, and `message`, which is',
    'for people and may change. Further members say what it is about: `thread`, `gateway` (the name of another machine),',
    '`issuer`, `reason`, `version`, and `file`, `line`, `column`, `rule` for a place in the configuration. A member that is',
    'not known here is to be passed over. No key, token or password stands in any of them. What is away now is also',
    'told by `poorter status` and `/metrics`.',
    '',
    '| code | level | what it means | what to do |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** A page by hand, with what is derived between two marks that name its source. */
function between(file: string, source: string, text: string): string {
  const [start, end] = [`<!-- from ${source} -->`, `<!-- end of ${source} -->`];
  const page = read(file) ?? '';
  const [from, to] = [page.indexOf(start), page.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`${file} has no place for ${source}`);
  return `${page.slice(0, from + start.length)}\n${text}\n${page.slice(to)}`;
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|').replace(/\n/g, ' ');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function read(file: string): string | null {
  try {
    return readFileSync(join(root, file), 'utf8');
  } catch {
    return null;
  }
}
