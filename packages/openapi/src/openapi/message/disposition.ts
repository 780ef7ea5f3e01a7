export interface Disposition {
  readonly name: string | undefined;
  readonly hasFilename: boolean;
  /** Services read different file names here: the same part all the same, of the same field. */
  readonly hasDoubtfulFilename: boolean;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
/** A backslash escapes for some readers, and is itself for others. */
const PARAMETER = new RegExp(
  `;[ \\t]*(${TOKEN})=(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))[ \\t]*`,
  'y',
);

const FORM_PARAMETERS = new Set(['name', 'filename', 'filename*']);
/** RFC 2183 §2, for parts of other kinds than forms. */
const OTHER_PARAMETERS = new Set([
  ...FORM_PARAMETERS,
  ...['creation-date', 'modification-date', 'read-date', 'size'],
]);
/** What becomes a parameter where a header is cut at semicolons without heed of quotes. */
const INNER_PARAMETER = /;\s*(?:file)?name[\s*\d]*=/i;
/** RFC 2047: some services decode it even within quotes. */
const ENCODED_WORD = /=\?.*\?=/;
/** RFC 8187 §3.2.1, in UTF-8 alone. */
const EXTENDED_VALUE = /^utf-8'[0-9A-Za-z-]*'((?:[!#$&+.^_`|~0-9A-Za-z-]|%[0-9A-Fa-f]{2})*)$/i;

/**
 * Content-Disposition of a part, where all readers find the same field. No `name*` or `name*0`,
 * nothing unknown, nothing twice, no backslash outside of a file name: parsers disagree about their
 * meaning. A file name may be written twice (`filename*`), and with escapes where it is the last.
 */
export function readDisposition(
  text: string | undefined,
  isFormData: boolean,
): Disposition | 'content-disposition' {
  if (text === undefined) return isFormData ? 'content-disposition' : NAMELESS;
  const kind = /^[a-z-]+/i.exec(text)?.[0] ?? '';
  if (isFormData && kind.toLowerCase() !== 'form-data') return 'content-disposition';
  const parameters = new Map<string, string>();
  let position = kind.length;
  while (/[ \t]/.test(text[position] ?? '')) position++;
  while (position < text.length) {
    PARAMETER.lastIndex = position;
    const found = PARAMETER.exec(text);
    const name = found?.[1]?.toLowerCase();
    if (found === null || name === undefined || parameters.has(name)) return 'content-disposition';
    if (!(isFormData ? FORM_PARAMETERS : OTHER_PARAMETERS).has(name)) return 'content-disposition';
    // Whoever ends a value at the first quote, or a quote later than it is, reads on in what follows.
    if (parameters.get('filename')?.includes('\\') && name !== 'filename*')
      return 'content-disposition';
    const value = found[2] ?? (found[3] as string);
    if (INNER_PARAMETER.test(value)) return 'content-disposition';
    if (name !== 'filename' && value.includes('\\')) return 'content-disposition';
    parameters.set(name, value);
    position = PARAMETER.lastIndex;
  }
  const name = parameters.get('name');
  if (name !== undefined && ENCODED_WORD.test(name)) return 'content-disposition';
  if (isFormData && name === undefined) return 'content-disposition';
  const file = readFileName(parameters);
  return file === undefined ? 'content-disposition' : { name, ...file };
}

const NAMELESS = { name: undefined, hasFilename: false, hasDoubtfulFilename: false };

/** undefined where readers disagree whether this is a file. */
function readFileName(
  parameters: ReadonlyMap<string, string>,
): Omit<Disposition, 'name'> | undefined {
  const plain = parameters.get('filename');
  const extended = parameters.get('filename*');
  // For who knows the extended form alone it is a file, for others a field.
  if (plain === undefined)
    return extended === undefined ? { hasFilename: false, hasDoubtfulFilename: false } : undefined;
  // Before it, an escape could hide a parameter.
  if (plain.includes('\\') && parameters.keys().next().value !== 'name' && parameters.has('name'))
    return undefined;
  let isDoubtful = plain.includes('\\') || ENCODED_WORD.test(plain);
  if (extended !== undefined) {
    const decoded = decodeExtended(extended);
    // An empty file name is no file for many.
    if (decoded === undefined || (decoded === '') !== (plain === '')) return undefined;
    if (/[\x00-\x1f\x7f]/.test(decoded) || INNER_PARAMETER.test(decoded)) return undefined;
    isDoubtful ||= decoded !== plain;
  }
  return { hasFilename: true, hasDoubtfulFilename: isDoubtful };
}

function decodeExtended(written: string): string | undefined {
  const encoded = EXTENDED_VALUE.exec(written)?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
