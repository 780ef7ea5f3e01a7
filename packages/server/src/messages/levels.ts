/**
 * How strongly somebody has signed in, by the names that applications are told (`acr`). OpenID Connect EAP ACR Values:
 * `phr`; RFC 6711: REFEDS; Implementing Regulation (EU) 2015/1502: levels of assurance of eIDAS.
 */
export const LEVELS = [
  'phr',
  'https://refeds.org/profile/mfa',
  'https://refeds.org/profile/sfa',
  'http://eidas.europa.eu/LoA/high',
  'http://eidas.europa.eu/LoA/substantial',
  'http://eidas.europa.eu/LoA/low',
] as const;

export type Level = (typeof LEVELS)[number];

/** OpenID Connect Core §2: nothing is known of how. The lowest there is. */
export const LOWEST_LEVEL = '0';
