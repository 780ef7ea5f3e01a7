import { type ApiSnapshot, extensionOf, takesToken } from '@poorter/engine';
import { checkPermit, checkStepUp } from '@poorter/engine/configuration';
import type { Diagnostic } from '@poorter/openapi';
import { believedIssuers } from '../../configuration/believed-issuers.ts';
import type { Configuration } from '../../configuration/schema.ts';
import { isLoopback, splitAddress } from '../../platform/addresses/index.ts';
import { checkOverlaps } from './check-overlaps.ts';

/** What can only be judged with all descriptions and the configuration side by side. */
export function checkApis(
  apis: readonly ApiSnapshot[],
  configuration: Configuration,
  configurationFile: string,
  isTrial: boolean,
): Diagnostic[] {
  return [
    ...checkNames(apis, configurationFile),
    ...checkOverlaps(apis),
    ...checkIssuerOption(apis, configuration, configurationFile),
    ...apis.flatMap((api) => [
      ...checkSchemes(api, configuration, isTrial),
      ...[checkStepUp, checkPermit].flatMap((check) =>
        check(
          api.compiled,
          (scheme) => isTrial || scheme.type !== 'http' || !takesKeysAlone(scheme, configuration),
        ),
      ),
      ...checkUndeclared(api, configuration),
      ...checkBlocking(api),
      ...checkUnseen(api, configuration),
    ]),
  ];
}

/** Does any operation take tokens, which somebody must issue? */
export function takesTokens({ compiled }: ApiSnapshot): boolean {
  return compiled.operations.some(({ security }) =>
    security?.some((alternative) =>
      Object.keys(alternative).some((name) => {
        const scheme = compiled.securitySchemes[name];
        return scheme !== undefined && takesToken(scheme);
      }),
    ),
  );
}

/** Whoever names an issuer at the command line believes that tokens are asked for. */
function checkIssuerOption(
  apis: readonly ApiSnapshot[],
  { trust }: Configuration,
  configurationFile: string,
): Diagnostic[] {
  const isOption = configurationFile === 'arguments' && trust.issuers.length > 0;
  if (!isOption || apis.length === 0 || apis.some(takesTokens)) return [];
  return [
    {
      ...{ severity: 'error', code: 'issuer', file: configurationFile, line: 1, column: 1 },
      message: 'no operation takes tokens: --issuer and --audience would have no effect',
      suggestion: 'leave them out, or say in `security` of the document who is asked for a token',
    },
  ];
}

/** What is compared with a body, where no host sees one: each call would be refused. */
function checkUnseen({ compiled }: ApiSnapshot, configuration: Configuration): Diagnostic[] {
  const { forwardAuth, listen } = configuration;
  if (forwardAuth.length === 0) return [];
  const asking = compiled.operations.filter(
    (operation) => (extensionOf(operation).permit ?? 'off') !== 'off',
  );
  return asking.map((operation) => {
    const where = `${operation.method} ${operation.path}`;
    const remark = error(
      'approval-unseen',
      operation,
      `${where} compares its body with what was approved (x-poorter: permit), and a forward-auth host sees none: it refuses such calls`,
      'let its callers come by a listener of the gate',
    );
    return listen.length === 0 ? remark : { ...remark, severity: 'warning' };
  });
}

function checkNames(apis: readonly ApiSnapshot[], file: string): Diagnostic[] {
  const seen = new Set<string>();
  return apis.flatMap(({ name }) => {
    const isTaken = seen.has(name);
    seen.add(name);
    if (!isTaken) return [];
    return [
      error(
        'duplicate-api',
        { file, line: 1, column: 1 },
        `two APIs are called '${name}'`,
        'give one of them another name',
      ),
    ];
  });
}

/** A scheme that nothing in the configuration can verify would lock everybody out, or pretend to protect. */
function checkSchemes(
  api: ApiSnapshot,
  configuration: Configuration,
  isTrial: boolean,
): Diagnostic[] {
  const issuers = believedIssuers(configuration);
  const asksForCertificates = configuration.listen.some(
    ({ tls }) => tls !== undefined && tls.clientCertificate !== 'none',
  );
  const reported = new Set<string>();
  const remarks: Diagnostic[] = [];
  for (const operation of api.compiled.operations) {
    for (const scheme of (operation.security ?? []).flatMap((alternative) =>
      Object.keys(alternative),
    )) {
      if (reported.has(scheme)) continue;
      const definition = api.compiled.securitySchemes[scheme];
      // The gate's own issuer stands for every other.
      if (isTrial && definition !== undefined && takesToken(definition)) continue;
      if (definition?.type === 'http' && takesKeysAlone(definition, configuration)) {
        reported.add(scheme);
        remarks.push({
          ...error(
            'bearer-takes-keys',
            operation,
            `the security scheme '${scheme}' takes API keys alone: no token issuer is trusted`,
            NO_ISSUER.suggestion,
          ),
          severity: 'warning',
        });
        continue;
      }
      const missing = definition === undefined ? null : whatIsMissing();
      if (missing === null || missing === undefined) continue;
      reported.add(scheme);
      remarks.push(
        error(
          'unenforceable-scheme',
          operation,
          `the security scheme '${scheme}' of ${operation.method} ${operation.path} cannot be enforced: ${missing.why}`,
          missing.suggestion,
        ),
      );

      function whatIsMissing(): { why: string; suggestion: string } | null {
        switch (definition?.type) {
          case 'oauth2':
            return issuers.length > 0 ? null : NO_ISSUER;
          case 'http':
            return definition.scheme === 'basic' || issuers.length > 0 ? null : NO_ISSUER;
          case 'openIdConnect': {
            const isTrusted = issuers.some(
              (issuer) =>
                `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` ===
                definition.openIdConnectUrl,
            );
            if (isTrusted) return null;
            return {
              why: `no trusted issuer has the discovery address ${definition.openIdConnectUrl}`,
              suggestion:
                'add trust.issuers with the issuer of that address and your audience, or start with --issuer URL --audience NAME',
            };
          }
          case 'mutualTLS':
            if (asksForCertificates) return null;
            return {
              why: 'no listener asks for client certificates',
              suggestion:
                'set tls.clientCertificate: request (or require) and tls.clientAuthorities on a listener',
            };
          default:
            return null;
        }
      }
    }
  }
  return remarks;
}

function takesKeysAlone(
  scheme: { readonly scheme: string; readonly takesKeys?: boolean },
  configuration: Configuration,
): boolean {
  return (
    scheme.scheme === 'bearer' &&
    scheme.takesKeys === true &&
    believedIssuers(configuration).length === 0
  );
}

const NO_ISSUER = {
  why: 'no token issuer is trusted',
  suggestion:
    'add trust.issuers with issuer and audience, or start with --issuer URL --audience NAME',
};

/** Trial mode: a document that never says `security` is served on loopback only. */
function checkUndeclared(api: ApiSnapshot, configuration: Configuration): Diagnostic[] {
  const undeclared = api.compiled.operations.filter(({ security }) => security === null);
  const [first] = undeclared;
  if (first === undefined) return [];
  const isLocal = configuration.listen.every(({ address }) =>
    isLoopback(splitAddress(address).host),
  );
  const count = `${undeclared.length} of ${api.compiled.operations.length} operations`;
  const suggestion =
    'declare security at the root of the document; write `security: []` on operations that are meant to be open';
  return [
    isLocal
      ? {
          ...error(
            'undeclared-security',
            first,
            `${count} declare no security and are open to everyone on this machine`,
            suggestion,
          ),
          severity: 'warning',
        }
      : error(
          'undeclared-security',
          first,
          `${count} declare no security; that is served on loopback only`,
          suggestion,
        ),
  ];
}

/** A stream cannot be withheld once it runs: `block` and `redact` on one are refused, not weakened. */
function checkBlocking(api: ApiSnapshot): Diagnostic[] {
  return api.compiled.operations.flatMap((operation) => {
    const own = operation.settings['response'];
    const mode = own ?? api.response;
    if (mode === 'report' || !streams(operation.plan)) return [];
    return [
      error(
        'blocked-stream',
        operation,
        `${operation.method} ${operation.path} documents a stream, which response: ${String(mode)} cannot check`,
        'set x-poorter: { response: report } on the operation',
      ),
    ];
  });
}

/** Of what it answers; a request that is a stream is read as any other. */
function streams(plan: unknown): boolean {
  const { answers, variants = [] } = plan as { answers?: unknown; variants?: readonly unknown[] };
  const text = JSON.stringify(answers) ?? '';
  return STREAM.test(text) || variants.some(streams);
}

const STREAM = /"text\/event-stream|"application\/(?:x-ndjson|json-seq|jsonl)/;

function error(
  code: string,
  { file, line, column }: Pick<Diagnostic, 'file' | 'line' | 'column'>,
  message: string,
  suggestion: string,
): Diagnostic {
  return { severity: 'error', code, file, line, column, message, suggestion };
}
