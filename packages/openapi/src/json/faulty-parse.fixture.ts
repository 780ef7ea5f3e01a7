/**
 * Makes JSON.parse as wrong as a runtime with nodejs/node#63785 that somebody has prepared: whatever
 * name is spelled with a backslash is read as another one. Imported before a program, by
 * `node --import`, it stays so for as long as the program runs.
 */
const ESCAPED_NAME = /"((?:[^"\\]|\\[\s\S])*)"(?=[ \t\r\n]*:)/g;
const parse = JSON.parse;

function parseWrongly(text: string, reviver?: Parameters<typeof JSON.parse>[1]): unknown {
  parse(text);
  const misread = text.replaceAll(ESCAPED_NAME, (whole, name: string) =>
    name.includes('\\') ? JSON.stringify(`misread ${name}`) : whole,
  );
  return parse(misread, reviver);
}

export function breakParse(): void {
  JSON.parse = parseWrongly as typeof JSON.parse;
}

/** In force until the function ends, promises that it returns included. */
export async function onFaultyRuntime(run: () => unknown): Promise<void> {
  breakParse();
  try {
    await run();
  } finally {
    JSON.parse = parse;
  }
}
