import type { Diagnostic } from '@poorter/openapi';
import { baseDirectory } from '../configuration/base-directory.ts';
import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import { dataDirectoryOf } from '../configuration/resolve-storage.ts';
import type { Configuration } from '../configuration/schema.ts';
import {
  findWeakenings,
  type Protection,
  readProtectionInForce,
} from '../control/protection/index.ts';
import { groupWeakenings, lineOf } from '../control/protection/weakening.ts';
import type { ServeGiven } from './commands/serve.ts';

interface Asked {
  readonly source: ConfigurationSource;
  readonly given: ServeGiven;
}

/** Beside a server's data: in what it would protect less than what that server serves. */
export function weakerThanInForce(
  configuration: Configuration,
  { source, given }: Asked,
  protection: Protection,
): readonly Diagnostic[] {
  const before = readProtectionInForce(dataDirectoryOf(configuration, baseDirectory(source)));
  if (before === null) return [];
  const isAlone = given.config === undefined && given.upstream === undefined;
  const after = isAlone ? withWhatWasNotGiven(before, protection, given) : protection;
  const waits = [before.reload, after.reload].includes('ask');
  return groupWeakenings(findWeakenings(before, after)).map((one) => ({
    ...{ severity: 'warning', code: 'protects-less', file: source.file ?? 'arguments' },
    ...{ line: 1, column: 1 },
    message: `less than what is in force: ${lineOf(one)}`,
    ...(waits && { suggestion: 'serve would hold it until poorter apply' }),
  }));
}

/**
 * Nothing can be served without a service: a document that is checked without one is held against what is in
 * force as a document, and by the options that were given. All else is as it is.
 */
function withWhatWasNotGiven(before: Protection, after: Protection, given: ServeGiven): Protection {
  const { listen, control, keys, issuer } = given;
  const [document] = after.apis;
  const [only, ...others] = before.apis;
  const old =
    before.apis.find(({ name }) => name === document?.name) ?? (others.length > 0 ? null : only);
  // In force is another API: there is nothing to hold it against.
  const merged =
    old == null || document === undefined
      ? null
      : {
          ...{ ...old, schemas: document.schemas },
          operations: asUsual(old.operations, document.operations, given),
        };
  return {
    ...before,
    apis: before.apis.map((api) => (api === old && merged !== null ? merged : api)),
    ...(listen !== undefined && { listeners: after.listeners }),
    ...(control !== undefined && { control: after.control }),
    ...(keys !== undefined && { keyFile: after.keyFile }),
    ...(issuer !== undefined && { issuers: after.issuers, trial: false }),
  };
}

type Operations = Protection['apis'][number]['operations'];

/** What holds for every operation before and after is what an option said, or its default. */
function asUsual(old: Operations, next: Operations, given: ServeGiven): Operations {
  let operations = next;
  for (const name of ['mode', 'response'] as const) {
    const [was, ...otherwise] = new Set(old.map((one) => one[name]));
    const isOfAll = new Set(next.map((one) => one[name])).size === 1;
    if (given[name] !== undefined || was === undefined || otherwise.length > 0 || !isOfAll)
      continue;
    operations = operations.map((one) => ({ ...one, [name]: was }));
  }
  return operations;
}
