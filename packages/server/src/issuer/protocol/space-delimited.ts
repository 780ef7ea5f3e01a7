/** RFC 6749 §3.3: scopes, and other lists that stand in one parameter. What is no text has none. */
export function wordsOf(text: unknown): string[] {
  return typeof text === 'string' ? text.split(' ').filter((word) => word !== '') : [];
}
