import type { PageCall } from '../pages/page-call.ts';

/** Where people go on when they have signed in: never what a link says. */
export const PLACES = {
  account: '/account',
  sessions: '/account/sessions',
  credentials: '/account/credentials',
  passkey: '/account/passkey',
  password: '/account/password',
  code: '/account/code',
  grants: '/account/grants',
  decision: '/account/decision',
  'recovery-codes': '/account/recovery-codes',
  operator: '/account/operator',
} as const;

export type Place = keyof typeof PLACES;

/** The contract has checked that it is one of them. */
export function placeOf({ request }: Pick<PageCall, 'request'>): Place {
  const place = new URL(request.url ?? '', 'http://here').searchParams.get('to') ?? 'account';
  return Object.hasOwn(PLACES, place) ? (place as Place) : 'account';
}
