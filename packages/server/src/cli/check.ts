import { resolve } from 'node:path';
import { type Diagnostic, findRuntimeFaults, refuseUnsafeRuntime } from '@poorter/openapi';
import { baseDirectory } from '../configuration/base-directory.ts';
import {
  type ConfigurationSource,
  loadConfiguration,
  loadGatewayConfiguration,
} from '../configuration/load-configuration.ts';
import { withOptions } from '../configuration/option-names.ts';
import { RefusedConfiguration } from '../configuration/refused-configuration.ts';
import {
  readLinkCredentials,
  readOperatorAddress,
  SourceReader,
} from '../control/compile/index.ts';
import { inspectDataDirectory } from '../platform/data-directory/index.ts';
import type { ServeGiven } from './commands/serve.ts';
import { compileOnce } from './compile-once.ts';
import type { CommandWorld } from './definition/world.ts';
import { formatDiagnostic } from './diagnostics.ts';
import { inspectOthers } from './inspect-others.ts';
import { inspectPlaces, inspectStart } from './inspect-start.ts';
import { refuseInsecureParser } from './serve.ts';
import { sourceOf } from './serve-source.ts';
import { weakerThanInForce } from './weaker-than-in-force.ts';

export type CheckGiven = ServeGiven & {
  /** Also what is on other machines. */
  readonly askOthers: boolean;
};

/** Everything `serve` would read, and nothing served. */
export async function check(given: CheckGiven, world: CommandWorld): Promise<number> {
  refuseInsecureParser();
  refuseUnsafeRuntime(findRuntimeFaults());
  const source = sourceOf(given, false);
  const found =
    given.role === 'gateway'
      ? await checkGateway(source, world)
      : await checkAll(source, world, given);
  const diagnostics = withOptions(found, source);
  const hasErrors = diagnostics.some(({ severity }) => severity === 'error');
  if (given.quiet && !given.json && diagnostics.length === 0) return 0;
  const text = `${diagnostics.map((one) => `${formatDiagnostic(one)}\n`).join('')}${verdict(diagnostics)}\n`;
  world.stdout.write(given.json ? `${JSON.stringify({ ok: !hasErrors, diagnostics })}\n` : text);
  return hasErrors ? 1 : 0;
}

/** What a machine that only runs a gateway reads; the rest comes from control. */
async function checkGateway(
  source: ConfigurationSource,
  world: CommandWorld,
): Promise<readonly Diagnostic[]> {
  const file = source.file ?? 'arguments';
  const reader = new SourceReader(file, baseDirectory(source), world);
  let listen: readonly { readonly address: string }[] = [];
  const faults = faultsOf(() => {
    const { link, dataDirectory, ...own } = loadGatewayConfiguration(source);
    listen = own.listen ?? [];
    readLinkCredentials(link, reader);
    try {
      inspectDataDirectory(resolve(baseDirectory(source), dataDirectory));
    } catch (error) {
      reader.fault(['dataDirectory'], 'storage', (error as Error).message);
    }
    if (reader.errors.length > 0) throw new RefusedConfiguration(reader.errors, reader.files);
  });
  const places = listen.map(({ address }, index) => ({
    ...{ at: ['listen', index, 'address'], address },
  }));
  return [...faults, ...(await inspectPlaces(places, source)), ...reader.warnings];
}

async function checkAll(
  source: ConfigurationSource,
  world: CommandWorld,
  given: CheckGiven,
): Promise<readonly Diagnostic[]> {
  const { askOthers: asksOthers } = given;
  const found: Diagnostic[] = [];
  try {
    const { environment } = world;
    const configuration = loadConfiguration(source);
    const ofControl = faultsOf(() =>
      readOperatorAddress(configuration, source.file ?? 'arguments', baseDirectory(source), world),
    );
    found.push(
      ...ofControl,
      ...(await inspectStart(configuration, source, { environment, asksOthers })),
    );
    const compiled = await compileOnce(source, world);
    const { warnings, isTrial, protection } = compiled;
    if (asksOthers) found.push(...(await inspectOthers(configuration, compiled, source)));
    const weaker = weakerThanInForce(configuration, { source, given }, protection);
    return [...found, ...warnings, ...(isTrial ? [TRIAL_REMARK] : []), ...weaker];
  } catch (error) {
    if (error instanceof RefusedConfiguration) return [...found, ...error.diagnostics];
    throw error;
  }
}

function faultsOf(read: () => unknown): Diagnostic[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof RefusedConfiguration) return [...error.diagnostics];
    throw error;
  }
}

const TRIAL_REMARK: Diagnostic = {
  severity: 'warning',
  code: 'trial-issuer',
  file: 'arguments',
  line: 1,
  column: 1,
  message: 'no token issuer is trusted: serve would issue trial tokens, to this machine alone',
  suggestion: 'name the issuer of your tokens with --issuer URL --audience NAME',
};

function verdict(diagnostics: readonly Diagnostic[]): string {
  const count = (wanted: Diagnostic['severity']) =>
    diagnostics
      .filter(({ severity }) => severity === wanted)
      .reduce((sum, { unlisted = 1 }) => sum + unlisted, 0);
  const errors = count('error');
  const warnings = count('warning');
  return `${errors} errors, ${warnings} warnings`;
}
