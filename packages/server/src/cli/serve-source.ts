import type { ConfigurationSource } from '../configuration/load-configuration.ts';
import type { ServeGiven } from './commands/serve.ts';
import { UsageError } from './definition/usage-error.ts';

/** The command line in the shape of poorter.yaml. `check` judges a document without its service. */
export function sourceOf(given: ServeGiven, needsUpstream: boolean): ConfigurationSource {
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
    upstream: upstreamUrl(upstream ?? 'http://127.0.0.1:9'),
    ...(mode !== undefined && { mode }),
    ...(response !== undefined && { response }),
  };
  return { file: null, values: { ...own, apis: [api] }, ...more };
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
  return /^(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}(?:\/|$)/.test(text) ? `http://${text}` : text;
}
