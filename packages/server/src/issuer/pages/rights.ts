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
    const title = resources.find((one) => one.identifier === identifier)?.title ?? identifier;
    return scopes.map((scope) => `${title}: ${scope}`);
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
