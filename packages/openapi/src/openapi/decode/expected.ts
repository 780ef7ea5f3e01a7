/**
 * What the caller may do about a rule of form, in words for every rule that parameters, forms,
 * multipart bodies and their parts can break beside the keywords of schemas. Nothing of it depends
 * on what was sent.
 */
export const EXPECTED: Readonly<Record<string, string>> = {
  required: 'a value: it is not optional',
  undocumented: 'nothing that the description does not name',
  readOnly: 'nothing here: the service alone gives it a value',
  duplicate: 'this name once: only an exploded array repeats it',
  encoding: 'UTF-8 without a byte order mark, and two hexadecimal digits behind each %',
  escapes: 'ASCII alone; all else as UTF-8 in percent-encoding, as libraries write forms',
  style: 'the style of writing that the description gives this value',
  items: 'fewer items',
  delimiter:
    'a comma between items sent as it is, not as %2C (an exploded list repeats its name instead), other delimiters in one way; within an item only where the list fits also as services read it that decode first and divide it there',
  blanks:
    'items without blanks around them; within a list or object only where it fits also without them: some services take them away once they have divided it',
  'string-length': 'a shorter text',
  semicolon: 'no raw ; between or within values: in a value it is written %3B',
  'bracket-equals':
    'no raw ]= within a value: one of the two percent-encoded, as libraries write them; some services end the name there',
  'look-alike':
    'each name exactly as it is described, and no other that some services read as the same: in another case, with blanks, quotes, brackets, dots or escapes',
  prototype:
    'no member called __proto__, and no constructor with a member prototype: services that merge objects would give them to all others',
  'method-override': 'the method of the request itself, and no field that names another',
  charset: 'UTF-8; another charset only where all is ASCII',
  quotes: 'no quotes around the value, no backslashes in it, and none around other cookies',
  character:
    'visible ASCII without blanks, commas, quotes, brackets and backslashes; all else as UTF-8 in percent-encoding',
  'escapes-kept':
    'a value that fits its description also as it is written: some services decode %, and others do not',
  'cut-short':
    'a value that fits its description also up to the first of = < > ( ) @ ? { }, where some services end it',
  'json-prefix': 'no value that begins with j:, which some services read as JSON',
  boundary:
    "in the Content-Type one boundary of 1 to 70 letters, digits and '()+_,-./:=? that names no kind of body, and no parameters beside it but charset=utf-8 and those described",
  parameter:
    'in the Content-Type no parameter from which some service reads another kind of body, another charset or another name: none with * in its name, none beside charset where the type is a form, none that names json, xml, form, multipart or the like where the type is another, no escapes',
  'boundary-in-part':
    'no -- and boundary anywhere but in the delimiters, each after CRLF: choose a boundary that occurs in no part',
  multipart:
    'parts as RFC 2046 writes them: -- and the boundary, CRLF, headers, an empty line, content, CRLF; -- behind the last boundary; nothing before the first and after the last',
  parts: 'at most 1000 parts',
  'part-headers':
    'at most 16 headers a part, 8 KiB in all, each once and on one line that ends with CRLF; Content-Length only where it is true',
  'part-content-type': 'a media type of one part: no multipart within multipart',
  'part-name': 'a name for each part in its Content-Disposition',
  'content-encoding': 'bytes as they are: no Content-Encoding, no base64 or quoted-printable',
  'content-disposition':
    'form-data; name="…" once, and for files filename="…" behind it, once: no escapes in names, no name*, a filename* only in UTF-8 beside filename, nothing else',
  'content-type': 'a media type that the description names here',
  filename: 'no filename: this is not described as a file',
  root: 'the root element that the description names',
  namespace: 'the namespace that the description gives this name',
  text: 'no text beside elements',
  undescribed: 'no XML: the description does not say how it is written',
  jose: 'what is signed or encrypted, in the compact serialization: three parts of base64url, or five, with dots between them; the first an object of JSON that names an algorithm (alg, and enc where it is encrypted) other than none, the last not empty',
  'json-sequence': 'JSON texts, each behind a record separator (RFC 7464)',
  'json-syntax': 'JSON (RFC 8259), nothing before or after it',
  'json-encoding':
    'UTF-8 without a byte order mark before it (EF BB BF), and no halves of surrogate pairs',
  'json-duplicate-key': 'each name once in an object',
  'json-depth': 'fewer levels of nesting',
  'json-string-length': 'shorter texts',
  'json-items': 'fewer members and items',
  'json-number': 'numbers of fewer digits',
  'yaml-syntax':
    'one document of YAML, written plainly: no tabs outside of quotes, no controls, each name a text in one line, no ?, each item and each value of a flow collection there, and something behind the last dash of a list within a list',
  'yaml-reference':
    'no anchors, aliases, tags, merge keys (no name <<, in quotes either) and directives',
  'yaml-plain':
    'quotes around texts that some services read as another text, a number, a flag or a date (yes, on, 010, 1e3, 1:30, 2026-11-30), true, false, null and numbers as JSON writes them, or a value that fits however it is read; no .inf and .nan, and no date that does not exist',
  'yaml-bytes': 'at most 128 KiB of YAML; as JSON it may be longer',
  'xml-malformed': 'well-formed XML 1.0 with namespaces',
  'xml-dtd': 'no document type',
  'xml-entity': 'no entities but &amp; &lt; &gt; &quot; &apos; and numeric ones',
  'xml-instruction': 'no processing instructions',
  'xml-include': 'no XInclude',
  'xml-schema-location': 'no addresses of schemas',
  'xml-version': 'version 1.0',
  'xml-encoding': 'UTF-8, and no other encoding declared',
  'xml-namespace': 'names of namespaces without blanks',
  'xml-ambiguous': 'elements, attributes and texts written plainly as the description has them',
  'xml-items': 'fewer elements, texts and comments',
  'xml-attributes': 'fewer attributes an element',
  'xml-name-length': 'shorter names',
  'xml-depth': 'fewer levels of nesting',
  'xml-string-length': 'shorter texts',
};

/** With what was expected, where whoever found it has not said it more exactly. */
export function explained<T extends { readonly rule: string; readonly expected?: string }>(
  found: T,
): T {
  const expected = EXPECTED[found.rule];
  return found.expected !== undefined || expected === undefined ? found : { ...found, expected };
}
