import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import type { ServeGiven } from './commands/serve.ts';
import { UsageError } from './definition/usage-error.ts';

/** The command line in the shape of poorter.yaml. `check` judges a document without its service. */
export function sourceOf(given: ServeGiven, needsUpstream: boolean): ConfigurationSource {
  refuseOfOtherRole(given);
  const { config, document, upstream, threads, role, mode, response } = given;
  const own = ownValues(given);
  const more = threads === undefined ? {} : { threads };
  if (config !== undefined) return { file: config, values: own, ...more };
  if (role === 'gateway') throw new UsageError('--role gateway needs --config');
  if (document === undefined) throw new UsageError('an OpenAPI document or --config is needed');
  if (upstream === undefined && needsUpstream) {
    throw new UsageError('--upstream URL says where the service is');
  }
  const api = {
    spec: document,
    upstream: upstreamUrl(upstream ?? NO_SERVICE),
    ...(mode !== undefined && { mode }),
    ...(response !== undefined && { response }),
  };
  return { file: null, values: { ...own, apis: [api] }, ...more };
}

/** A document can be judged without its service; nothing is at this address, and nobody calls it. */
const NO_SERVICE = 'http://127.0.0.1:9';

const OF_CONTROL = ['control', 'keys', 'issuer', 'audience', 'jwks'] as const;

/** What the other machine reads would be passed over here. */
function refuseOfOtherRole(given: ServeGiven): void {
  if (given.role === 'gateway') {
    const [passedOver] = OF_CONTROL.filter((name) => given[name] !== undefined);
    if (passedOver === undefined) return;
    throw new UsageError(
      `--${passedOver} has no effect with --role gateway: the machine that runs control has it`,
    );
  }
  if (given.role === 'control' && given.threads !== undefined) {
    throw new UsageError(
      '--threads has no effect with --role control, which runs no gateway: give it to the machines that do',
    );
  }
}

function ownValues({
  listen,
  control,
  data,
  keys,
  issuer,
  audience,
  jwks,
}: ServeGiven): Readonly<Record<string, unknown>> {
  return {
    ...(listen !== undefined && { listen: [{ address: listen }] }),
    ...(control !== undefined && { control: { address: control } }),
    ...(data !== undefined && { dataDirectory: data }),
    ...(keys !== undefined && { keys }),
    ...(issuer !== undefined && {
      trust: { issuers: [{ issuer, audience, ...(jwks !== undefined && { jwks }) }] },
    }),
  };
}

/** `localhost:3000` is what people type; a URL with another scheme is explained where it is read. */
function upstreamUrl(text: string): string {
  return /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,9}(?:\/|$)/.test(text) ? `http://${text}` : text;
}
