import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Kept between runs, ignored by git. Delete it to try failed builds again. */
const STORE = join(import.meta.dirname, '../.bench');
const BUILD_MS_MAX = 300_000;
const DEBIAN: Readonly<Record<string, string>> = {
  wrk: 'wrk',
  nginx: 'nginx-light',
  haproxy: 'haproxy',
  caddy: 'caddy',
};
const KRAKEND = 'github.com/krakend/krakend-ce/v2/cmd/krakend-ce@latest';
const TRAEFIK = 'github.com/traefik/traefik/v3@latest';

export interface Found {
  readonly file: string;
  /** The reason, when it is not there. */
  readonly missing?: string;
}

/** Installs what is missing and can be installed; whoever is still missing later says why. */
export function fetchEquipment({ hasGates }: { readonly hasGates: boolean }): void {
  mkdirSync(STORE, { recursive: true });
  const wanted = hasGates ? Object.keys(DEBIAN) : ['wrk'];
  const absent = wanted.filter((name) => onPath(name) === null);
  if (absent.length > 0 && process.getuid?.() === 0 && onPath('apt-get') !== null) {
    console.log(`installing ${absent.join(', ')} …`);
    // Run level 1: Debian's scripts then leave the new services stopped.
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    spawnSync('apt-get', ['update', '-qq'], { env, timeout: BUILD_MS_MAX });
    for (const name of absent) {
      const argv = ['install', '-y', '-qq', '--no-install-recommends', DEBIAN[name] as string];
      spawnSync('apt-get', argv, { env, timeout: BUILD_MS_MAX });
    }
  }
  if (!hasGates) return;
  ajvEntry();
  krakendBinary();
  traefikBinary();
}

export function findProgram(name: string): Found {
  const file = onPath(name);
  if (file !== null) return { file };
  return { file: '', missing: `not installed; Debian has it as ${DEBIAN[name] ?? name}` };
}

export const krakendBinary = once(() => goProgram('krakend', buildKrakend));
export const traefikBinary = once(() => goProgram('traefik', buildTraefik));

/** ajv as npm has it; a peer, so not a dependency of ours. */
export const ajvEntry = once((): Found => {
  const folder = join(STORE, 'npm');
  const entry = join(folder, 'node_modules/ajv/dist/ajv.js');
  if (!existsSync(entry)) {
    const npm = process.env['npm_execpath'];
    const [command, ...first] = npm === undefined ? ['npm'] : [process.execPath, npm];
    const argv = ['install', '--prefix', folder, '--no-audit', '--no-fund', 'ajv@8'];
    mkdirSync(folder, { recursive: true });
    spawnSync(command as string, [...first, ...argv], { cwd: folder, timeout: BUILD_MS_MAX });
  }
  if (!existsSync(entry)) return { file: '', missing: 'npm could not install ajv' };
  return { file: pathToFileURL(entry).href };
});

const KEYCLOAK = '26.7.3';

/** Keycloak, as Maven has it, and a Java that it runs on (from 21 on). */
export const keycloakHome = once((): Found & { readonly java?: string } => {
  const java = newJava();
  if (java === null) return { file: '', missing: 'no Java from 21 on' };
  const home = join(STORE, `keycloak-${KEYCLOAK}`);
  if (existsSync(home)) return { file: home, java };
  for (const name of ['mvn', 'unzip']) {
    if (onPath(name) === null)
      return { file: '', missing: `not here, and no ${name} to get it with` };
  }
  const artifact = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK}:zip`;
  const copy = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy';
  console.log('getting Keycloak …');
  const argv = ['-q', '-B', copy, `-Dartifact=${artifact}`, `-DoutputDirectory=${STORE}`];
  spawnSync('mvn', argv, { timeout: BUILD_MS_MAX });
  const archive = join(STORE, `keycloak-quarkus-dist-${KEYCLOAK}.zip`);
  if (existsSync(archive)) spawnSync('unzip', ['-q', archive, '-d', STORE]);
  return existsSync(home) ? { file: home, java } : { file: '', missing: 'Maven does not have it' };
});

/** The newest of this machine; null: all are older. */
function newJava(): string | null {
  const folder = '/usr/lib/jvm';
  if (!existsSync(folder)) return null;
  const found = readdirSync(folder).flatMap((name) => {
    const release = join(folder, name, 'release');
    if (!existsSync(release)) return [];
    const version = Number(/^JAVA_VERSION="(\d+)/m.exec(readFileSync(release, 'utf8'))?.[1] ?? 0);
    return version >= 21 ? [{ version, home: join(folder, name) }] : [];
  });
  return found.toSorted((a, b) => b.version - a.version)[0]?.home ?? null;
}

/** What a program says of its version, on one line. */
export function firstLineOf(command: string, argv: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, argv, { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n')[0] ?? '';
}

function onPath(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const found = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  return found ?? null;
}

/** From the path, from an earlier build, or built now; a failure is remembered with its reason. */
function goProgram(name: string, build: (target: string) => string | null): Found {
  const installed = onPath(name);
  if (installed !== null) return { file: installed };
  const target = join(STORE, 'bin', name);
  if (existsSync(target)) return { file: target };
  const note = join(STORE, `${name}-failed.txt`);
  if (existsSync(note)) return { file: '', missing: readFileSync(note, 'utf8') };
  if (onPath('go') === null) {
    return { file: '', missing: 'not installed, and no Go toolchain to build it' };
  }
  console.log(`building ${name} (at most ${BUILD_MS_MAX / 60_000} minutes) …`);
  mkdirSync(join(STORE, 'bin'), { recursive: true });
  const failure = build(target);
  if (failure === null && existsSync(target)) return { file: target };
  const missing = `could not be built: ${failure ?? 'no program came of it'}`;
  writeFileSync(note, missing);
  return { file: '', missing };
}

function buildKrakend(target: string): string | null {
  const bin = join(STORE, 'bin');
  const failure = go(['install', KRAKEND], bin, { GOBIN: bin });
  if (failure === null) cpSync(join(bin, 'krakend-ce'), target);
  return failure;
}

/** `go install` refuses modules with replacements, so it is built from a copy of the module. */
function buildTraefik(target: string): string | null {
  const download = spawnSync('go', ['mod', 'download', '-json', TRAEFIK], {
    encoding: 'utf8',
    timeout: BUILD_MS_MAX,
  });
  if (download.error !== undefined) return download.error.message;
  const answer = JSON.parse(download.stdout) as { Dir?: string; Error?: string };
  if (answer.Dir === undefined) return brief(answer.Error ?? download.stderr);
  const copy = join(STORE, 'traefik-source');
  try {
    cpSync(answer.Dir, copy, { recursive: true });
    spawnSync('chmod', ['-R', 'u+w', copy]);
    addExtensionPoint(join(copy, 'pkg/config/dynamic/ext'));
    return go(['build', '-o', target, './cmd/traefik'], copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** A nested module that the published one names but does not carry: empty in the open edition. */
function addExtensionPoint(folder: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'go.mod'),
    'module github.com/traefik/traefik/dynamic/ext\n\ngo 1.22\n',
  );
  const types = ['HTTP', 'Router', 'Service', 'Middleware', 'TCP', 'UDP'];
  const lines = types.map((type) => `type ${type} struct{}\n`);
  writeFileSync(join(folder, 'ext.go'), `package ext\n\n${lines.join('\n')}`);
  chmodSync(folder, 0o755);
}

/** The reason why it failed, or null. */
function go(argv: readonly string[], cwd: string, more: NodeJS.ProcessEnv = {}): string | null {
  const env = { ...process.env, GOFLAGS: '-buildvcs=false', CGO_ENABLED: '0', ...more };
  const options = { cwd, env, timeout: BUILD_MS_MAX, encoding: 'utf8' } as const;
  const { status, stderr, error } = spawnSync('go', argv, options);
  if (status === 0) return null;
  return error === undefined ? brief(stderr) : error.message;
}

/** The first complaint, without the progress before it. */
function brief(text: string): string {
  const lines = text.split('\n').filter((line) => !/^go: (downloading|finding)|^\s*$/.test(line));
  return lines
    .slice(0, 2)
    .map((line) => line.trim())
    .join(' ');
}

function once<Result>(make: () => Result): () => Result {
  let made: { result: Result } | null = null;
  return () => (made ??= { result: make() }).result;
}
