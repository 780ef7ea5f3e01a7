import type { DemoScene } from '../demo.ts';
import { askByRedirect, tokenIn } from './asking.ts';

/** An application sends somebody to the authorization server, and calls for them afterwards. */
export async function redirect(scene: DemoScene): Promise<void> {
  const { place, teller } = scene;
  const token = tokenIn(await askByRedirect(scene, { scope: 'openid accounts' }));
  teller.claims(token);
  teller.step('It calls the API for them, through the gate');
  await teller.ask(`${place.api}/accounts/acc-1001`, {
    headers: { authorization: `Bearer ${token}` },
  });
}
