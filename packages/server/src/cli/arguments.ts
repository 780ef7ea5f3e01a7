import { parseArgs } from 'node:util';
import type { ConfigurationSource } from '../configuration/load-configuration.ts';

export interface ServeArguments {
  readonly source: ConfigurationSource;
  readonly dataDirectory: string | null;
  /** What this machine runs. */
  readonly role: Role;
  readonly isQuiet: boolean;
  readonly isJson: boolean;
  readonly wantsHelp: boolean;
}

/** Where a command speaks. */
export interface CommandWorld {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export type Role = 'all' | 'control' | 'gateway';

/** A sentence for the person at the keyboard; the command exits with 2. */
export class UsageError extends Error {}

const OPTIONS = {
  config: { type: 'string' },
  upstream: { type: 'string' },
  listen: { type: 'string' },
  control: { type: 'string' },
  data: { type: 'string' },
  keys: { type: 'string' },
  issuer: { type: 'string' },
  audience: { type: 'string' },
  jwks: { type: 'string' },
  mode: { type: 'string' },
  response: { type: 'string' },
  threads: { type: 'string' },
  role: { type: 'string' },
  quiet: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** The command line, in the shape of poorter.yaml. Throws UsageError. */
export function readArguments(argv: readonly string[], needsUpstream: boolean): ServeArguments {
  const { values, positionals } = parse(argv);
  const [spec, ...extra] = positionals;
  if (extra.length > 0) throw new UsageError(`one OpenAPI document is enough: ${extra.join(' ')}`);
  const common = {
    dataDirectory: values.data ?? null,
    role: roleOf(values.role),
    isQuiet: values.quiet ?? false,
    isJson: values.json ?? false,
    wantsHelp: values.help ?? false,
  };
  const threads = values.threads === undefined ? undefined : Number(values.threads);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1 && threads <= 64)) {
    throw new UsageError('--threads takes a number from 1 to 64');
  }
  const sourceOf = (file: string | null, own: Record<string, unknown>): ConfigurationSource => ({
    file,
    values: own,
    ...(threads !== undefined && { threads }),
  });
  const own = {
    ...(values.listen !== undefined && { listen: [{ address: values.listen }] }),
    ...(values.control !== undefined && { control: { address: values.control } }),
    ...(values.data !== undefined && { dataDirectory: values.data }),
    ...(values.keys !== undefined && { keys: values.keys }),
    ...(values.issuer !== undefined && { trust: trust(values) }),
  };
  if (common.wantsHelp) return { ...common, source: sourceOf(null, {}) };
  if (values.config !== undefined) {
    if (spec !== undefined || values.upstream !== undefined) {
      throw new UsageError('give either --config, or a document with --upstream');
    }
    return { ...common, source: sourceOf(values.config, own) };
  }
  if (common.role === 'gateway') throw new UsageError('--role gateway needs --config');
  if (spec === undefined) throw new UsageError('an OpenAPI document or --config is needed');
  if (values.upstream === undefined && needsUpstream) {
    throw new UsageError('--upstream URL says where the service is');
  }
  const api = {
    spec,
    upstream: upstreamUrl(values.upstream ?? 'http://127.0.0.1:9'),
    ...(values.mode !== undefined && { mode: values.mode }),
    ...(values.response !== undefined && { response: values.response }),
  };
  return { ...common, source: sourceOf(null, { ...own, apis: [api] }) };
}

/** `localhost:3000` is what people type; a URL with another scheme is explained where it is read. */
function upstreamUrl(text: string): string {
  return /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}(?:\/|$)/.test(text) ? `http://${text}` : text;
}

function roleOf(text: string | undefined): Role {
  switch (text) {
    case undefined:
      return 'all';
    case 'all':
    case 'control':
    case 'gateway':
      return text;
    default:
      throw new UsageError('--role is all, control or gateway');
  }
}

function trust(values: { issuer?: string; audience?: string; jwks?: string }): object {
  if (values.audience === undefined) throw new UsageError('--issuer needs --audience');
  const jwks = values.jwks === undefined ? {} : { jwks: values.jwks };
  return { issuers: [{ issuer: values.issuer, audience: values.audience, ...jwks }] };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
