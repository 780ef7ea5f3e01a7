/** The path of `file:PATH`, from wherever paths start; null: it names no file in this way. */
export function fileIn(text: string): string | null {
  // A URL of this machine, `file:///etc/…`, is the same path.
  return /^file:(?:\/\/(?=\/))?(.+)$/s.exec(text)?.[1] ?? null;
}
