import type { AccountLanguage, GrantedRights } from '../../access/accounts/index.ts';
import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { words } from './words.ts';

/** What an application may do, or asks for: one line each, as the description of the API says it. */
export function rightsIn(
  language: AccountLanguage,
  { resources }: Pick<IssuerSnapshot, 'resources'>,
  { own, apis }: Pick<GrantedRights, 'own' | 'apis'>,
): string[] {
  const ofApis = Object.entries(apis).flatMap(([identifier, scopes]) => {
    const { title = identifier, scopeTexts = {} } =
      resources.find((one) => one.identifier === identifier) ?? {};
    return scopes.map((scope) => `${title}: ${says(scopeTexts, scope)}`);
  });
  const say = words[language];
  const ofPerson = [
    ['openid', say.staysSignedIn],
    ['profile', say.seesName],
    ['email', say.seesEmail],
    ['offline_access', say.staysAllowed],
  ] as const;
  return [...ofApis, ...ofPerson.flatMap(([scope, says]) => (own.includes(scope) ? [says] : []))];
}

const TEXT_CHARS_MAX = 200;

/** In the words of the API; by its name where these are none. */
function says(texts: Readonly<Record<string, string>>, scope: string): string {
  const text = Object.hasOwn(texts, scope) ? (texts[scope] ?? '') : '';
  if (text === '') return scope;
  return text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}…` : text;
}
