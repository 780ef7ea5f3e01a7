/**
 * The only door from a document into generated source. JSON is JavaScript but for two line
 * separators; `<` is escaped as well, so that no source can end a script element it may land in.
 */
export function quote(text: string): string {
  return JSON.stringify(text)
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029')
    .replaceAll('<', '\\u003c');
}
