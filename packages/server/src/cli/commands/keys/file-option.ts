/** Without a server. What a key file cannot hold is refused beside it, and never left out. */
export function fileOption(...excludes: readonly string[]) {
  const file = {
    value: 'FILE',
    path: 'file',
    says: 'a key file, without a server',
    excludes: [...excludes, 'data', 'url'],
  } as const;
  return { file };
}
