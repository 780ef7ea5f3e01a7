import type { CallContext, RequestFacts } from '../../facts.ts';
import {
  type IdentifiedPrincipal,
  isGranted,
  missingGrants,
  type SatisfiedAlternative,
} from '../../identity.ts';
import { deny, pass, type Verdict } from '../../policy.ts';
import type { AuthorizeConfig } from './authorize-config.ts';
import { insufficientScope } from './insufficient-scope.ts';
import type { EvaluateStepUp } from './step-up.ts';

export interface AuthorizePorts {
  readonly realm: string;
  /** RFC 9728: where a client learns how to obtain the missing scope. */
  readonly resourceMetadataUrl: string | null;
}

export interface AuthorizeContext extends Pick<CallContext, 'principal'> {
  readonly principal: IdentifiedPrincipal | null;
  readonly satisfied: readonly SatisfiedAlternative[];
}

export type EvaluateAuthorization = (request: RequestFacts, context: AuthorizeContext) => Verdict;

/**
 * May this caller call this function? Objects and contents are judged later, by `permit`.
 * Without a configuration, what `security` lists is all that is required.
 */
export function compileAuthorization(
  config: AuthorizeConfig | undefined,
  ports: AuthorizePorts,
  stepUp: EvaluateStepUp | null = null,
): EvaluateAuthorization {
  const judge = compileConditions(config, ports);
  if (stepUp === null) return judge;
  return (request, context) => {
    const { principal } = context;
    // Who shows no token is told so first: no scope of a key would help.
    if (principal?.kind !== 'token') return stepUp(request, principal) ?? judge(request, context);
    // And nobody signs in again for what they may not do anyway.
    const verdict = judge(request, context);
    return verdict.kind === 'deny' ? verdict : (stepUp(request, principal) ?? verdict);
  };
}

function compileConditions(
  config: AuthorizeConfig | undefined,
  ports: AuthorizePorts,
): EvaluateAuthorization {
  const { roles, clients, scopes = [] } = config ?? {};
  const isBare = roles === undefined && clients === undefined && scopes.length === 0;
  return (_request, { principal, satisfied }) => {
    if (!satisfied.some(isGranted)) return refuseGrants(satisfied, scopes, ports);
    if (isBare) return pass();
    // Conditions on the caller make an operation not open, whatever `security` says.
    if (principal === null)
      return deny('role_required', {
        ...{ reason: 'anonymous', ...(scopes.length > 0 && { missing: scopes }) },
        ...(roles !== undefined && { anyOf: roles }),
      });
    const missing = scopes.filter((scope) => !principal.scopes.includes(scope));
    if (missing.length > 0) return insufficientScope(scopes, missing, principal, ports);
    if (clients !== undefined && !isListed(principal, clients)) {
      return deny('role_required', { reason: 'client-not-listed' });
    }
    if (roles !== undefined && !roles.some((role) => principal.roles.includes(role))) {
      const { rolesNotFoundAt } = principal;
      return deny('role_required', {
        reason: 'no-such-role',
        anyOf: roles,
        // A misspelt rolesClaim looks like a caller without roles.
        ...(rolesNotFoundAt !== undefined && { rolesNotFoundAt }),
      });
    }
    return pass();
  };
}

/** The nearest alternative tells what is missing; without any, the caller was never identified. */
function refuseGrants(
  satisfied: readonly SatisfiedAlternative[],
  scopes: readonly string[],
  ports: AuthorizePorts,
): Verdict {
  const [alternative] = satisfied;
  if (alternative === undefined) return deny('credentials_required', { reason: 'nothing-proven' });
  const lacking = alternative.schemes.map((scheme) => ({ scheme, missing: missingGrants(scheme) }));
  const wanting = lacking.filter(({ missing }) => missing.length > 0);
  const first = wanting.find(({ scheme }) => scheme.carries === 'scopes') ?? wanting[0];
  if (first === undefined) return deny('credentials_required', { reason: 'nothing-proven' });
  // What `security` lists is called a scope, also where a role of a key may stand for it.
  const { required, principal } = first.scheme;
  return insufficientScope([...required, ...scopes], first.missing, principal, ports);
}

function isListed(principal: IdentifiedPrincipal, clients: readonly string[]): boolean {
  return principal.clientNames.some(
    (name) => clients.includes(name) || clients.includes(`${principal.kind}:${name}`),
  );
}
