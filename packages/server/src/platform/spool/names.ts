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
  if (file !== undefined) return { kind: 'spool', writer, file: Number(file) };
  return { kind, writer };
}
