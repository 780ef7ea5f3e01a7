import { parseJsonText } from '@poorter/openapi/json';
import { z } from 'zod';
import type { Finding } from './finding.ts';

const FINGERPRINTS_MAX = 100_000;

const schema = z.strictObject({
  version: z.literal(1),
  findings: z
    .array(
      z.strictObject({
        fingerprint: z.string().regex(/^[0-9a-f]{32}$/),
        rule: z.string().max(200),
        uri: z.string().max(20_000),
      }),
    )
    .max(FINGERPRINTS_MAX),
});

/** The findings as a baseline: what is in it is accepted from now on. */
export function baselineOf(findings: readonly Finding[]): string {
  const byFingerprint = new Map(
    findings.map(({ fingerprint, rule, uri }) => [fingerprint, { fingerprint, rule, uri }]),
  );
  return `${JSON.stringify({ version: 1, findings: [...byFingerprint.values()] }, null, 2)}\n`;
}

/** Throws what is wrong with the text. */
export function acceptedIn(text: string): ReadonlySet<string> {
  const result = schema.safeParse(parseJsonText(text));
  if (result.success) return new Set(result.data.findings.map(({ fingerprint }) => fingerprint));
  throw new Error(result.error.issues[0]?.message ?? 'no baseline');
}

export function withoutAccepted(
  findings: readonly Finding[],
  accepted: ReadonlySet<string>,
): Finding[] {
  return findings.filter(({ fingerprint }) => !accepted.has(fingerprint));
}
