import type { CompiledApi, Diagnostic, SecurityScheme } from '@poorter/openapi';
import { type ApiOperation, HeaderFields, openApi } from '@poorter/openapi/checks';
import { takesToken } from '../../challenges.ts';
import { extensionOf } from '../../extension-of.ts';

/** What was approved stands in a token, and is compared with a body of JSON: an operation without either could never be called. */
export function checkPermit(
  compiled: CompiledApi,
  isBelieved: (scheme: SecurityScheme) => boolean,
): Diagnostic[] {
  const { operations, securitySchemes } = compiled;
  if (operations.every((one) => (extensionOf(one).permit ?? 'off') === 'off')) return [];
  const isMeetable = (name: string) => {
    const scheme = securitySchemes[name];
    return scheme !== undefined && takesToken(scheme) && isBelieved(scheme);
  };
  return openApi(compiled).operations.flatMap((operation): Diagnostic[] => {
    const { permit = 'off' } = extensionOf(operation.compiled);
    if (permit === 'off') return [];
    const { method, path, security, file, line, column } = operation.compiled;
    const place = { severity: 'error', file, line, column } as const;
    const asks = `${method} ${path} asks for what its person approved (x-poorter: permit)`;
    const faults: Diagnostic[] = [];
    if (!security?.some((way) => Object.keys(way).some(isMeetable))) {
      faults.push({
        ...{ ...place, code: 'permit-without-token', suggestion: TOKEN_REMEDY },
        message: `${asks}, and takes no token that could say so`,
      });
    }
    if (!takesJson(operation)) {
      faults.push({
        ...{ ...place, code: 'permit-without-body', suggestion: BODY_REMEDY },
        message: `${asks}, and has no required body of JSON alone to compare it with`,
      });
    }
    return faults;
  });
}

const NO_FIELDS = new HeaderFields([]);
const UNHEARD_OF = new HeaderFields(['content-type', 'application/x-unheard-of']);

function takesJson(operation: ApiOperation): boolean {
  const isRequired = operation.expectBody(NO_FIELDS, false).kind === 'unsupported';
  const other = operation.expectBody(UNHEARD_OF, true);
  const isJson = (type: string) => /^application\/(?:[\w.-]+\+)?json(?:;|$)/i.test(type);
  if (!isRequired || other.kind !== 'unsupported') return false;
  return other.accepted.length > 0 && other.accepted.every(isJson);
}

const TOKEN_REMEDY =
  'name a scheme of type oauth2, openIdConnect or http bearer in its security, and trust an issuer of such tokens; or set x-poorter: { permit: off } on the operation';
const BODY_REMEDY =
  'describe a requestBody with required: true and application/json alone; or set x-poorter: { permit: off } on the operation';
