import { type Evidence, type ProblemCode, problems } from '@poorter/engine';

/** An RFC 9457 document for a caller: stable code, public sentence, nothing of the call's values. */
export function problemBody(code: ProblemCode, callId: string, details: Evidence = {}): Buffer {
  const { status, title, remedy } = problems[code];
  return Buffer.from(
    JSON.stringify({
      type: `urn:poorter:problem:${code}`,
      title,
      status,
      code,
      detail: remedy,
      instance: `urn:poorter:call:${callId}`,
      ...details,
    }),
  );
}

/** Header fields of a problem: name, value, … */
export function problemHeaders(
  body: Buffer,
  answerHeaders: readonly string[],
  type = 'application/problem+json',
): string[] {
  return [
    'content-type',
    type,
    'content-length',
    String(body.length),
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    ...answerHeaders,
  ];
}
