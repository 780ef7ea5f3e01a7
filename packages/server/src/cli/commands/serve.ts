import { defineCommand, type Given } from '../definition/define-command.ts';
import { wholeNumber } from '../definition/value-readers.ts';
import { startFailureLines } from '../notice-writer.ts';
import { startFailure } from '../start-failure.ts';

const THREADS_MAX = 64;

/** What stands in for keys of poorter.yaml; `check` takes them, too. */
export const SERVE_OPTIONS = {
  config: {
    value: 'FILE',
    path: 'file',
    says: 'the configuration',
    excludes: ['document', 'upstream', 'mode', 'response'],
  },
  upstream: { value: 'URL', says: 'the service behind the gate' },
  listen: { value: 'HOST:PORT', says: 'where callers connect', otherwise: '127.0.0.1:8080' },
  control: { value: 'HOST:PORT', says: 'health and metrics', otherwise: '127.0.0.1:9090' },
  data: {
    value: 'DIR',
    path: 'directory',
    says: 'data directory',
    otherwise: './poorter-data',
  },
  keys: {
    value: 'FILE',
    path: 'file',
    says: 'key file',
    otherwise: 'keys.yaml in the data directory',
  },
  issuer: {
    value: 'URL',
    needs: ['audience'],
    says: 'trust tokens of this issuer; --jwks replaces discovery. Without one, on loopback, a document that takes tokens is tried: the gate issues them itself, prints one, and gives others at POST /trial/token?scope=…',
  },
  audience: {
    value: 'NAME',
    needs: ['issuer'],
    says: 'the audience its tokens must name',
  },
  jwks: { value: 'URL|file:FILE', needs: ['issuer'], says: "the issuer's keys" },
  mode: {
    value: 'MODE',
    oneOf: ['enforce', 'observe'],
    otherwise: 'enforce',
    says: 'whether what is refused is kept from the service',
  },
  response: {
    value: 'MODE',
    oneOf: ['report', 'redact', 'block'],
    otherwise: 'report',
    says: 'what becomes of an answer that differs from its description',
  },
  role: {
    value: 'ROLE',
    oneOf: ['all', 'control', 'gateway'],
    default: 'all',
    says: 'what this machine runs, see docs/guides/many-machines.md',
  },
  threads: {
    value: 'N',
    read: wholeNumber(1, THREADS_MAX),
    says: 'gateway threads',
    otherwise: 'one per core, and one fewer on machines of up to four',
  },
  quiet: { says: 'say nothing when all is well' },
  json: { says: 'everything as lines of JSON, see docs/reference/notices.md' },
} as const;

export const SERVE_ARGUMENTS = {
  document: {
    value: 'OPENAPI',
    path: 'file',
    isOptional: true,
    says: 'the description of the API',
  },
} as const;

export type ServeGiven = Given<typeof SERVE_OPTIONS, typeof SERVE_ARGUMENTS>;

export const command = defineCommand({
  name: 'serve',
  purpose: 'put a gate in front of an API',
  forms: ['OPENAPI --upstream URL [options]', '--config poorter.yaml [options]'],
  about:
    'The start is written to standard output, and everything later to standard error. SIGHUP reloads; SIGTERM and SIGINT finish the calls under way and end.',
  arguments: SERVE_ARGUMENTS,
  options: SERVE_OPTIONS,
  exits: { 0: 'ended when it was told to', 1: 'not started', 2: 'called wrongly' },
  examples: [
    {
      line: 'poorter serve openapi.yaml --upstream http://127.0.0.1:3000',
      says: 'a gate on 127.0.0.1:8080 in front of a service on this machine',
    },
    {
      line: 'poorter serve --config poorter.yaml --quiet',
      says: 'several APIs, TLS, issuers: docs/reference/configuration.md',
    },
  ],
  inWords: startFailure,
  inJson: startFailureLines,
  run: async (given, world) => (await import('../serve.ts')).serve(given, world),
});
