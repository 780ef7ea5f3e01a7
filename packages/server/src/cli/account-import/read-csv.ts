import type { ImportedAccount } from '../../messages/admin-contract.generated.ts';
import { csvRecords } from './csv-records.ts';
import { type GivenAccount, type GivenFault, UnreadableAccounts } from './given-account.ts';

const COLUMNS = [
  ...(['login', 'name', 'email', 'language', 'password', 'code'] as const),
  ...(['identity_issuer', 'identity_subject', 'disabled'] as const),
];
type Column = (typeof COLUMNS)[number];

/** A header that names the columns, in any order, and an account a record; an empty field says nothing. */
export async function* readCsv(text: AsyncIterable<string>): AsyncGenerator<GivenAccount> {
  let columns: readonly Column[] | null = null;
  for await (const { line, fields } of csvRecords(text)) {
    if (columns === null) {
      columns = columnsOf(line, fields);
      continue;
    }
    if (fields.length !== columns.length) {
      const says = `has ${fields.length} fields, and the header names ${columns.length}; one with commas in it stands in quotes`;
      throw new UnreadableAccounts(line, says);
    }
    const said = new Map(columns.map((column, at) => [column, fields[at] ?? '']));
    yield accountOf(line, said);
  }
  if (columns === null) throw new UnreadableAccounts(1, 'is empty; a header was expected');
}

function columnsOf(line: number, fields: readonly string[]): readonly Column[] {
  const [only = ''] = fields;
  if (fields.length === 1 && /[;\t]/.test(only)) {
    const divided = only.includes(';') ? 'semicolons' : 'tabs';
    throw new UnreadableAccounts(line, `has fields divided by ${divided}, and not by commas`);
  }
  const columns = fields.map((field) => {
    const name = field.trim().toLowerCase();
    const column = COLUMNS.find((one) => one === name);
    if (column !== undefined) return column;
    const says = `names a column that is none of ${COLUMNS.join(', ')}`;
    throw new UnreadableAccounts(line, says);
  });
  if (new Set(columns).size < columns.length) {
    throw new UnreadableAccounts(line, 'names a column twice');
  }
  for (const needed of ['login', 'name'] as const) {
    if (!columns.includes(needed)) throw new UnreadableAccounts(line, `names no column ${needed}`);
  }
  return columns;
}

function accountOf(line: number, said: ReadonlyMap<Column, string>): GivenAccount {
  const of = (column: Column) => {
    const text = said.get(column) ?? '';
    return text === '' ? undefined : text;
  };
  const [issuer, subject] = [of('identity_issuer'), of('identity_subject')];
  const disabled = booleanOf(of('disabled'));
  const faults: GivenFault[] = [];
  if (disabled === null) faults.push({ says: 'disabled is true or false' });
  if ((issuer === undefined) !== (subject === undefined)) {
    faults.push({ says: 'identity_issuer and identity_subject stand together', kind: 'identity' });
  }
  const isIdentity = issuer !== undefined && subject !== undefined;
  const wish: Record<string, unknown> = {
    ...{ login: of('login') ?? '', name: of('name') ?? '', email: of('email') },
    ...{ language: of('language'), password: of('password'), code: of('code') },
    ...(isIdentity && { identities: [{ issuer, subject }] }),
    ...(disabled !== null && { disabled }),
  };
  for (const [member, value] of Object.entries(wish)) if (value === undefined) delete wish[member];
  return { line, wish: wish as Partial<ImportedAccount>, faults, passedOver: [] };
}

/** Null: it is neither. */
function booleanOf(text: string | undefined): boolean | undefined | null {
  if (text === undefined) return undefined;
  const word = text.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : null;
}
