import type { CompiledApi, Diagnostic, SecurityScheme } from '@poorter/openapi';
import { takesToken } from '../../challenges.ts';
import { extensionOf } from '../../extension-of.ts';

/**
 * Only a token says how its holder signed in: an operation that asks for that and takes none could never be
 * called. `isBelieved`: is there anybody whose tokens a scheme that takes tokens stands for?
 */
export function checkStepUp(
  { operations, securitySchemes }: CompiledApi,
  isBelieved: (scheme: SecurityScheme) => boolean,
): Diagnostic[] {
  const isMeetable = (name: string) => {
    const scheme = securitySchemes[name];
    return scheme !== undefined && takesToken(scheme) && isBelieved(scheme);
  };
  return operations.flatMap((operation): Diagnostic[] => {
    const { stepUp = 'off' } = extensionOf(operation);
    if (stepUp === 'off') return [];
    const { method, path, security, file, line, column } = operation;
    if (security?.some((way) => Object.keys(way).some(isMeetable))) return [];
    return [
      {
        ...{ severity: 'error', code: 'step-up-without-token', file, line, column },
        message: `${method} ${path} asks how its caller signed in (x-poorter: stepUp), and takes no token that could say so`,
        suggestion: REMEDY,
      },
    ];
  });
}

const REMEDY =
  'name a scheme of type oauth2, openIdConnect or http bearer in its security, and trust an issuer of such tokens; or set x-poorter: { stepUp: off } on the operation';
