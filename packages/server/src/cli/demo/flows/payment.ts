import type { DemoScene } from '../demo.ts';
import { askByRedirect, tokenIn } from './asking.ts';

const IBAN = 'BE71096123456769';
const NAME = 'Bakkerij Het Zoete Brood';
const APPROVED = {
  type: 'payment_initiation',
  instructedAmount: { currency: 'EUR', amount: '24.90' },
  creditorName: NAME,
  creditorAccount: { iban: IBAN },
};
const ORDER = {
  ...{ debtorAccount: 'acc-1001', creditorIban: IBAN, creditorName: NAME },
  instructedAmount: { amount: 24.9, currency: 'EUR' },
};

/** A payment is approved as it is shown (RFC 9396; RTS (EU) 2018/389 art. 5), and nothing else can be done with it. */
export async function payment(scene: DemoScene): Promise<void> {
  const { place, teller } = scene;
  const details = JSON.stringify([APPROVED]);
  const answer = await askByRedirect(scene, { scope: 'openid', authorization_details: details });
  const token = tokenIn(answer);
  teller.claims(token);
  const pay = (json: object) =>
    teller.ask(`${place.api}/approved-payments`, {
      ...{ json, headers: { authorization: `Bearer ${token}` } },
    });
  teller.step('It tries to pay a cent more than was approved: nothing reaches the bank');
  await pay({ ...ORDER, instructedAmount: { amount: 24.91, currency: 'EUR' } });
  teller.step('It pays what was approved');
  await pay(ORDER);
  teller.step('It tries to pay it once more');
  await pay(ORDER);
}
