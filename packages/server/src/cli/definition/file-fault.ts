/** What the system says of a file, in words; undefined: it says nothing of one. */
export function fileFault(error: Error): string | undefined {
  const { code, path, syscall } = error as NodeJS.ErrnoException;
  if (path === undefined || syscall === undefined) return undefined;
  switch (code) {
    case 'ENOENT':
      return `there is no ${path}`;
    case 'EACCES':
    case 'EPERM':
      return `${path}: this user may not ${/mkdir|open|write|rename|unlink/.test(syscall) ? 'open or change' : 'read'} it`;
    case 'EISDIR':
      return `${path} is a directory, and a file is expected`;
    case 'ENOTDIR':
      return `${path}: a part of this path is a file, and a directory is expected`;
    case 'EEXIST':
      return `${path} is there already`;
    default:
      return undefined;
  }
}
