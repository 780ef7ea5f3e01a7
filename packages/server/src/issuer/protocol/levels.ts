import type { IssuerSnapshot } from '../../messages/between-issuer.ts';
import { LEVELS, type Level } from '../../messages/levels.ts';

const [PHISHING_RESISTANT, TWO_FACTORS, ONE_FACTOR, HIGH, SUBSTANTIAL, LOW] = LEVELS;

/**
 * What somebody has shown besides, by what they have shown. A passkey says nothing of who somebody is on paper, and so
 * shows no level of eIDAS; what has one shows the factors that it asks for, and is no passkey.
 */
const SHOWS: Readonly<Record<Level, readonly Level[]>> = {
  [PHISHING_RESISTANT]: [TWO_FACTORS, ONE_FACTOR],
  [TWO_FACTORS]: [ONE_FACTOR],
  [ONE_FACTOR]: [],
  [HIGH]: [SUBSTANTIAL, LOW, TWO_FACTORS, ONE_FACTOR],
  [SUBSTANTIAL]: [LOW, TWO_FACTORS, ONE_FACTOR],
  [LOW]: [ONE_FACTOR],
};

export function isLevel(value: unknown): value is Level {
  return (LEVELS as readonly unknown[]).includes(value);
}

/** Whether whoever signed in like this has shown one of those that are asked for. */
export function showsOneOf(acr: unknown, asked: readonly Level[]): boolean {
  return isLevel(acr) && asked.some((level) => level === acr || SHOWS[acr].includes(level));
}

/** How somebody can sign in here, the strongest first. */
export function acrValuesOf({
  passwords,
  federation,
}: Pick<IssuerSnapshot, 'passwords' | 'federation'>): readonly Level[] {
  const mapped = federation.flatMap(({ acr }) => Object.values(acr));
  const possible = new Set<Level>([
    PHISHING_RESISTANT,
    ...(passwords ? [TWO_FACTORS] : []),
    ...mapped,
  ]);
  return LEVELS.filter((level) => possible.has(level));
}

/** What an application asks for of what is known here. The rest asks for nothing. */
export function levelsAsked(text: unknown): Level[] {
  return typeof text === 'string' ? text.split(' ').filter(isLevel) : [];
}
