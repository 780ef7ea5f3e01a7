import { isIP } from 'node:net';
import { type ApiSnapshot, extensionOf } from '@poorter/engine';
import { flowsOf } from '../../configuration/asking-flows.ts';
import type { ApiConfiguration, Configuration } from '../../configuration/schema.ts';
import { isLoopback } from '../../platform/addresses/index.ts';
import type { SourceReader } from './source-reader.ts';

/** Where somebody can see what they sign: RFC 8628 shows a code alone. */
const SIGNING_FLOWS = ['redirect', 'embedded', 'decoupled', 'session'] as const;

/** Ways to ask people that lead nowhere: each at its own key, before anybody is refused by it. */
export function checkFlows(
  apis: readonly ApiSnapshot[],
  configuration: Configuration,
  reader: SourceReader,
): void {
  const { issuer } = configuration;
  for (const [index, api] of configuration.apis.entries()) {
    if (api.flows === undefined) continue;
    const at = ['apis', index, 'flows'];
    if (issuer === undefined) {
      const message = 'people are asked by our own authorization server, and there is none';
      reader.fault(at, 'flows-without-issuer', message, 'set issuer, or leave flows out');
      continue;
    }
    const isNamed = isIP(new URL(issuer.origin).hostname.replace(/^\[|\]$/g, '')) === 0;
    if (api.flows.includes('embedded') && !isNamed && !issuer.passwords) {
      const message =
        'nobody can sign in within an application: passkeys hold for a name, and issuer.origin is an address';
      const remedy = 'give issuer.origin a name, or leave embedded out';
      reader.fault(at, 'embedded-without-factor', message, remedy);
    }
    if (api.flows.includes('session')) checkSessions(api, at, configuration, reader);
    const signed = apis[index]?.compiled.operations.find(
      (operation) => (extensionOf(operation).permit ?? 'off') !== 'off',
    );
    if (signed === undefined || SIGNING_FLOWS.some((flow) => flowsOf(api).includes(flow))) continue;
    reader.fault(
      at,
      'approval-without-flow',
      `${signed.method} ${signed.path} asks for what its person approved (x-poorter: permit), and nobody can approve it`,
      `name one of ${SIGNING_FLOWS.join(', ')}`,
    );
  }
}

/** A cookie belongs to one name, and goes nowhere else. */
function checkSessions(
  { hosts }: ApiConfiguration,
  at: PropertyKey[],
  { publicOrigin }: Configuration,
  reader: SourceReader,
): void {
  if (publicOrigin === undefined) {
    const message = 'browsers keep a cookie for the name of the gate, and none is known';
    const remedy = 'set publicOrigin to the origin under which browsers reach the gate';
    return reader.fault(at, 'session-without-origin', message, remedy);
  }
  const { protocol, hostname } = new URL(publicOrigin);
  if (protocol !== 'https:' && !isLoopback(hostname)) {
    const message = `browsers keep a session over https alone, and publicOrigin is ${publicOrigin}`;
    return reader.fault(at, 'session-in-clear', message, 'let publicOrigin begin with https');
  }
  if (hosts.length > 0 && !hosts.includes(hostname)) {
    const message = `cookies are kept for ${hostname}, where this API does not answer`;
    const remedy = `add ${hostname} to its hosts, or leave session out`;
    reader.fault(at, 'session-elsewhere', message, remedy);
  }
}
