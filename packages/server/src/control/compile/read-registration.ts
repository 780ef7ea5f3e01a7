import { hash } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';
import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import type { IssuerConfiguration } from '../../configuration/schema.ts';
import type { IssuerSnapshot, StatementSnapshot } from '../../messages/between-issuer.ts';
import type { SourceReader } from './source-reader.ts';

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** Public keys, each as its kind has it. */
const keySet = z.object({
  keys: z
    .array(
      z
        .looseObject({ kty: z.enum(['EC', 'OKP', 'RSA']) })
        .refine((key) => !PRIVATE_MEMBERS.some((member) => Object.hasOwn(key, member))),
    )
    .min(1)
    .max(100),
});

/** Whether clients register themselves, and whose statements about them are believed. */
export function readRegistration(
  { registration }: IssuerConfiguration,
  reader: SourceReader,
): IssuerSnapshot['registration'] {
  if (registration === undefined) return null;
  const { unusedDays, statements } = registration;
  return {
    unusedDays,
    statements: statements.flatMap((statement, number): StatementSnapshot[] => {
      const at = ['issuer', 'registration', 'statements', number];
      const keys = readKeys([...at, 'keys'], statement.keys, reader);
      if (keys === null) return [];
      // What came of it is known by it, in whatever order they stand.
      const id = `statements_${hash('sha256', statement.issuer, 'hex').slice(0, 24)}`;
      const usual = statement.profile === 'machine' ? [] : (['redirect'] as const);
      return [{ ...statement, id, keys, flows: statement.flows ?? usual }];
    }),
  };
}

/** Null: it is reported why. */
function readKeys(
  at: readonly PropertyKey[],
  file: string,
  reader: SourceReader,
): JSONWebKeySet | null {
  const errorsBefore = reader.errors.length;
  const text = reader.readOrReport(at, file, 'the keys');
  if (reader.errors.length > errorsBefore) return null;
  const read = keySet.safeParse(parsed(text));
  if (read.success) return read.data as JSONWebKeySet;
  reader.fault(at, 'key-set', `${file} is no set of public keys (RFC 7517)`);
  return null;
}

function parsed(text: string): unknown {
  try {
    return parseJsonText(text);
  } catch {
    return null;
  }
}
