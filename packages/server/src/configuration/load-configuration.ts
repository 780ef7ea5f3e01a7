import type { z } from 'zod';
import type { ConfigurationSource } from '../messages/between-processes.ts';
import { BYTES_MAX, readTextFile, refuseOpenToAll } from '../platform/files/index.ts';
import { inOptions } from './option-names.ts';
import { describeIssue, readConfiguration } from './read-configuration.ts';
import { RefusedConfiguration } from './refused-configuration.ts';
import {
  type Configuration,
  configurationSchema,
  type GatewayConfiguration,
  gatewayConfigurationSchema,
} from './schema.ts';

export type { ConfigurationSource } from '../messages/between-processes.ts';

/** Throws RefusedConfiguration with every fault placed by file, line and column. */
export function loadConfiguration(source: ConfigurationSource): Configuration {
  return load(source, configurationSchema);
}

/** The same, for a machine that only runs a gateway. */
export function loadGatewayConfiguration(source: ConfigurationSource): GatewayConfiguration {
  return load(source, gatewayConfigurationSchema);
}

function load<Schema extends z.ZodType>(
  source: ConfigurationSource,
  schema: Schema,
): z.output<Schema> {
  const base = source.file === null ? {} : readFile(source.file, schema);
  const parsed = schema.safeParse({ ...base, ...source.values });
  if (parsed.success) return parsed.data;
  // What stands in the file was checked by itself.
  const place = { severity: 'error', file: 'arguments', line: 1, column: 1 } as const;
  throw new RefusedConfiguration(
    parsed.error.issues.flatMap((issue) =>
      describeIssue(issue, schema).map(({ message, suggestion }) => ({
        ...{ ...place, code: 'configuration', message: inOptions(message, source) },
        ...(suggestion !== undefined && { suggestion }),
      })),
    ),
    source.file === null ? [] : [source.file],
  );
}

function readFile(file: string, schema: z.ZodType): Record<string, unknown> {
  let text: string;
  try {
    refuseOpenToAll(file);
    text = readTextFile(file, BYTES_MAX.configuration);
  } catch (error) {
    throw new RefusedConfiguration(
      [
        {
          severity: 'error',
          code: 'unreadable-file',
          file,
          line: 1,
          column: 1,
          message: `reading the configuration: ${(error as Error).message}`,
        },
      ],
      [file],
    );
  }
  const reading = readConfiguration(file, text, schema);
  if (!reading.ok) throw new RefusedConfiguration(reading.diagnostics, [file]);
  return reading.value;
}
