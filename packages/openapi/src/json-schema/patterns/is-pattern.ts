/** The `regex` format: an ECMA-262 pattern in Unicode mode, as it is written. */
export function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'u');
    return true;
  } catch {
    return false;
  }
}
