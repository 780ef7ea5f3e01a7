import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FederatedProvider } from '../../messages/between-issuer.ts';
import { decidedOnOurPages, mayShowPassword } from './asked-strength.ts';

const HIGH = 'http://eidas.europa.eu/LoA/high';
const MFA = 'https://refeds.org/profile/mfa';
const elsewhere = {
  passwords: true,
  federation: [{ acr: { gold: HIGH } } as unknown as FederatedProvider],
};
const here = { passwords: true, federation: [] };

const wished = (acr_values: string) => ({ params: { acr_values }, claims: {} });
const essential = (...values: string[]) => ({
  params: {},
  claims: { id_token: { acr: { essential: true, values } } },
});

test('what only another provider can say is not said within an application', () => {
  for (const asked of [wished(HIGH), essential(HIGH)]) {
    assert.equal(decidedOnOurPages(asked, elsewhere)?.kind, 'web');
    assert.equal(mayShowPassword(asked, elsewhere), false);
  }
  for (const asked of [wished('phr'), wished(`${HIGH} phr`), essential('phr', HIGH), wished('')]) {
    assert.equal(decidedOnOurPages(asked, elsewhere), null);
  }
  assert.equal(mayShowPassword(wished(MFA), elsewhere), true);
  assert.equal(mayShowPassword(wished('phr'), elsewhere), false);
});

test('what nobody can say, here or elsewhere, asks for nothing as a wish and is told where it must be', () => {
  assert.equal(decidedOnOurPages(wished(HIGH), here), null);
  assert.throws(() => decidedOnOurPages(essential(HIGH), here), {
    error: 'unmet_authentication_requirements',
  });
});
