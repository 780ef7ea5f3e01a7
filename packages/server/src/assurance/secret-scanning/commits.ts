import { startGit } from './git.ts';
import { separated } from './list-files.ts';

/** One walk over the history answers for so many objects; findings beyond them name no commit. */
const OBJECTS_MAX = 500;
const WALK_MAX_MS = 60_000;
const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/;
const RAW = /^:+[0-7 ]+((?:[0-9a-f]{40,64} )+)/;

const WALK = [
  'log',
  '--all',
  '--reflog',
  // Children before their parents, whatever their clocks said: what is said last is earliest.
  '--date-order',
  '--format=%H',
  '--raw',
  '--no-abbrev',
  '-z',
  '-r',
  '-m',
  '--root',
  '--no-renames',
  '--no-ext-diff',
  '--no-textconv',
  '--no-show-signature',
  '--no-notes',
];

/** The earliest commit that brought each object, as far as a walk of bounded length finds it. */
export async function commitsOf(
  root: string,
  blobs: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set(blobs.slice(0, OBJECTS_MAX));
  const earliest = new Map<string, string>();
  if (wanted.size === 0) return earliest;
  const git = startGit(
    root,
    [...WALK, ...[...wanted].map((id) => `--find-object=${id}`), '--'],
    'ignore',
  );
  const clock = setTimeout(() => git.stop(), WALK_MAX_MS);
  try {
    let commit = '';
    for await (const field of separated(git.process.stdout, 0)) {
      const text = field.toString('latin1').trim();
      if (COMMIT.test(text)) commit = text;
      // Newest first: what is said last is earliest.
      else for (const id of objectsOf(text)) if (wanted.has(id)) earliest.set(id, commit);
    }
  } finally {
    clearTimeout(clock);
    git.stop();
  }
  return earliest;
}

/** The object that a change left behind: the last of those a raw line names. */
function objectsOf(field: string): string[] {
  const ids = RAW.exec(field)?.[1]?.trim().split(' ');
  return ids === undefined ? [] : ids.slice(-1);
}
