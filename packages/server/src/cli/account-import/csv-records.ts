import { ACCOUNT_CHARS_MAX, UnreadableAccounts } from './given-account.ts';

export interface CsvRecord {
  /** Where it begins. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * RFC 4180: fields divided by commas, quoted where they hold commas, line ends or quotes, which are doubled. It is read
 * strictly: after a quote that was forgotten, every field would be another's.
 */
export async function* csvRecords(chunks: AsyncIterable<string>): AsyncGenerator<CsvRecord> {
  const reader = new CsvReader();
  for await (const chunk of chunks) {
    for (const character of chunk) {
      const record = reader.take(character);
      if (record !== null) yield record;
    }
  }
  const last = reader.end();
  if (last !== null) yield last;
}

/** `closed`: a quote that ended the field, or the first half of one that is meant. */
type Place = 'start' | 'plain' | 'quoted' | 'closed';

class CsvReader {
  #place: Place = 'start';
  #fields: string[] = [];
  #field = '';
  #isAfterReturn = false;
  #chars = 0;
  #line = 1;
  #begins = 1;

  /** A record that has ended with it. */
  take(character: string): CsvRecord | null {
    const line = this.#line;
    if (character === '\n') this.#line += 1;
    this.#chars += character.length;
    if (this.#chars > ACCOUNT_CHARS_MAX) {
      const says = `begins a record of more than ${ACCOUNT_CHARS_MAX} characters; is a quote missing?`;
      throw new UnreadableAccounts(this.#begins, says);
    }
    if (this.#place === 'quoted') {
      if (character === '"') this.#place = 'closed';
      else this.#field += character;
      return null;
    }
    if (this.#isAfterReturn && character !== '\n') {
      throw new UnreadableAccounts(line, 'has a carriage return that ends no line');
    }
    switch (character) {
      case ',':
        this.#endField();
        return null;
      case '\r':
        this.#isAfterReturn = true;
        return null;
      case '\n':
        return this.#endRecord();
      case '"':
        return this.#quote(line);
      default:
        if (this.#place === 'closed') {
          throw new UnreadableAccounts(line, 'has something behind the quote that ends a field');
        }
        this.#place = 'plain';
        this.#field += character;
        return null;
    }
  }

  /** What stands before the end of the file without a line end. */
  end(): CsvRecord | null {
    if (this.#place === 'quoted') {
      throw new UnreadableAccounts(
        this.#begins,
        'begins a record with a quote that is never closed',
      );
    }
    return this.#chars === 0 ? null : this.#endRecord();
  }

  #quote(line: number): null {
    if (this.#place === 'plain') {
      throw new UnreadableAccounts(line, 'has a quote within a field that begins with none');
    }
    if (this.#place === 'closed') this.#field += '"';
    this.#place = 'quoted';
    return null;
  }

  #endField(): void {
    this.#fields.push(this.#field);
    this.#field = '';
    this.#place = 'start';
  }

  #endRecord(): CsvRecord | null {
    this.#endField();
    const record = { line: this.#begins, fields: this.#fields };
    this.#fields = [];
    this.#isAfterReturn = false;
    this.#chars = 0;
    this.#begins = this.#line;
    // A line with nothing on it is no account.
    return record.fields.length === 1 && record.fields[0] === '' ? null : record;
  }
}
