import { isIP } from 'node:net';
import { type ApiSnapshot, extensionOf } from '@poorter/engine';
import { flowsOf } from '../../configuration/asking-flows.ts';
import type { Configuration } from '../../configuration/schema.ts';
import type { SourceReader } from './source-reader.ts';

/** Where somebody can see what they sign: RFC 8628 shows a code alone. */
const SIGNING_FLOWS = ['redirect', 'embedded', 'decoupled'] as const;

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
