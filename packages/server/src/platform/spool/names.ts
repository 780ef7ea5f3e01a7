import type { WriterName } from './format.ts';

/** Names of nodes stand in file names and in key names: letters, digits, dots and underscores. */
const NAME = /^([A-Za-z0-9._]{1,64})-(\d{1,4})-([0-9a-f]{16})(?:-(\d{1,9})\.spool|\.(count|end))$/;

export type SpoolEntry =
  | { readonly kind: 'spool'; readonly writer: WriterName; readonly file: number }
  | { readonly kind: 'count' | 'end'; readonly writer: WriterName };

export function spoolFileName(writer: WriterName, file: number): string {
  return `${writerId(writer)}-${file}.spool`;
}

/** Eight bytes, written at every admission: what a killed process still owed is known afterwards. */
export function countFileName(writer: WriterName): string {
  return `${writerId(writer)}.count`;
}

/** Stands beside the files of a writer that will never write again. */
export function endFileName(writer: WriterName): string {
  return `${writerId(writer)}.end`;
}

export function writerId({ node, slot, boot }: WriterName): string {
  return `${node}-${slot}-${boot}`;
}

const ID = /^([A-Za-z0-9._]{1,64})-(\d{1,4})-([0-9a-f]{16})$/;

/** Null for what is no writer's. */
export function parseWriterId(id: string): WriterName | null {
  const match = ID.exec(id);
  if (match === null) return null;
  const [, node, slot, boot] = match as unknown as [string, string, string, string];
  const writer = { node, slot: Number(slot), boot };
  return writerId(writer) === id ? writer : null;
}

/** Null for files of somebody else. */
export function parseSpoolName(name: string): SpoolEntry | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  const [, node, slot, boot, file, kind] = match as unknown as [
    string,
    string,
    string,
    string,
    string | undefined,
    'count' | 'end',
  ];
  const writer = { node, slot: Number(slot), boot };
  const entry: SpoolEntry =
    file === undefined ? { kind, writer } : { kind: 'spool', writer, file: Number(file) };
  // One name for one file: leading zeros are nobody's.
  return nameOf(entry) === name ? entry : null;
}

function nameOf(entry: SpoolEntry): string {
  if (entry.kind === 'spool') return spoolFileName(entry.writer, entry.file);
  return entry.kind === 'count' ? countFileName(entry.writer) : endFileName(entry.writer);
}
