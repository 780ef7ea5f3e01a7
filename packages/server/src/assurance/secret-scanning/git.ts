import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/**
 * git, for reading a repository that may be hostile. Its own configuration must not make git run
 * programs (fsmonitor, hooks, signature checks, transports that would fetch missing objects), show
 * other objects than there are (replacements, grafts), or hide files.
 */
const FIXED = [
  '--no-pager',
  '--literal-pathspecs',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.sshCommand=false',
  '-c',
  'core.askPass=false',
  '-c',
  'core.gitProxy=false',
  '-c',
  'credential.helper=',
  '-c',
  'log.showSignature=false',
  '-c',
  'diff.external=',
  '-c',
  'protocol.allow=never',
];

/** Nothing of the caller's GIT_* comes through: inside a hook they name another repository. */
function environment(): NodeJS.ProcessEnv {
  const passed = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'SYSTEMROOT', 'TMPDIR'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passed),
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    // Stronger than what a repository configures for single protocols.
    GIT_ALLOW_PROTOCOL: 'none',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_GRAFT_FILE: '/dev/null',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'false',
    GIT_SSH_COMMAND: 'false',
  };
}

/** Enough of what git says on standard error to tell a person why. */
const COMPLAINT_MAX = 2_000;
const ANSWER_MAX_BYTES = 65_536;
const ANSWER_TIMEOUT_MS = 30_000;

export type GitProcess = ChildProcessByStdio<Writable | null, Readable, Readable>;

export function startGit(
  directory: string,
  argv: readonly string[],
  stdin: 'pipe' | 'ignore' | Readable,
): RunningGit {
  return new RunningGit(directory, argv, stdin);
}

export class RunningGit {
  readonly process: GitProcess;
  readonly ended: Promise<number>;
  complaint = '';

  constructor(directory: string, argv: readonly string[], stdin: 'pipe' | 'ignore' | Readable) {
    const child = spawn('git', [...FIXED, ...argv], {
      cwd: directory,
      env: environment(),
      stdio: [stdin === 'ignore' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    this.process = child as GitProcess;
    this.process.stderr.on('data', (chunk: Buffer) => {
      if (this.complaint.length < COMPLAINT_MAX) this.complaint += chunk.toString('latin1');
    });
    // A git that ended early is told by its status, not by the pipe.
    this.process.stdin?.on('error', () => {});
    if (typeof stdin !== 'string' && this.process.stdin !== null) stdin.pipe(this.process.stdin);
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.complaint += error.message;
        resolve(-1);
      });
      child.on('close', (status) => resolve(status ?? -1));
    });
  }

  stop(): void {
    this.process.kill('SIGKILL');
  }
}

/** The answer of a short question; null when git is missing or refuses. */
export function askGit(directory: string, argv: readonly string[]): string | null {
  const { status, stdout } = spawnSync('git', [...FIXED, ...argv], {
    cwd: directory,
    env: environment(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: ANSWER_MAX_BYTES,
    timeout: ANSWER_TIMEOUT_MS,
  });
  return status === 0 ? stdout.replace(/\n$/, '') : null;
}

/** Whether the directory is git's work tree. A configured work tree elsewhere would hide what is here. */
export function isWorkTree(directory: string): boolean {
  const top = askGit(directory, ['rev-parse', '--show-toplevel']);
  if (top === null) return false;
  try {
    const here = realpathSync(directory);
    const root = realpathSync(top);
    return here === root || here.startsWith(root.endsWith(sep) ? root : root + sep);
  } catch {
    return false;
  }
}
