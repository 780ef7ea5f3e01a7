import { createHash, randomUUID } from 'node:crypto';
import { importJWK, type JWK, SignJWT } from 'jose';
import type { DemoScene } from '../demo.ts';
import { tokenIn } from './asking.ts';
import { proof } from './proof.ts';

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** A program acts for itself: it signs who it is (RFC 7523), and its token is worth nothing without its key (RFC 9449). */
export async function machine({ place, teller, endpoints }: DemoScene): Promise<void> {
  const { id, key } = place.machine;
  const url = endpoints['token_endpoint'] ?? '';
  teller.step(
    'The program shows who it is by a signature, and asks for a token that is bound to its key',
  );
  const answer = await teller.ask(url, {
    headers: { dpop: await proof(key, { htm: 'POST', htu: url }) },
    form: {
      ...{ grant_type: 'client_credentials', scope: 'accounts', client_id: id },
      ...{
        client_assertion_type: ASSERTION,
        client_assertion: await assertion(place.origin, id, key),
      },
    },
  });
  const token = tokenIn(answer);
  teller.claims(token);
  const target = `${place.api}/accounts/acc-1001`;
  const ath = createHash('sha256').update(token).digest('base64url');
  const shown = await proof(key, { htm: 'GET', htu: target, ath });
  const call = () =>
    teller.ask(target, { headers: { authorization: `DPoP ${token}`, dpop: shown } });
  teller.step('It calls the API through the gate, with a proof for this call');
  await call();
  teller.step('Somebody who saw the call sends it again: a proof is good once');
  await call();
  teller.step('Somebody who has the token alone, without the key');
  await teller.ask(target, { headers: { authorization: `Bearer ${token}` } });
}

async function assertion(audience: string, id: string, key: JWK): Promise<string> {
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid ?? '' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(await importJWK(key, 'ES256'));
}
