import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatKey } from '@poorter/engine';

/** A tree of text as it stands in repositories, with secrets whose number is known. */
export interface Material {
  readonly root: string;
  readonly files: number;
  readonly bytes: number;
  readonly secrets: number;
}

const POOL_BYTES = 16_777_216;
const FILES_A_FOLDER = 100;
/** One of so many files is large: a generated document, a bundle, a data file. */
const LARGE_EVERY = 2_000;
const BINARY_EVERY = 50;
const SECRET_EVERY = 500;

export function writeMaterial(root: string, bytes: number): Material {
  const draw = drawing(1);
  const pool = Buffer.from(textPool(draw));
  let [written, files, secrets] = [0, 0, 0];
  for (; written < bytes; files++) {
    const folder = join(root, `part-${Math.floor(files / FILES_A_FOLDER)}`);
    if (files % FILES_A_FOLDER === 0) mkdirSync(folder, { recursive: true });
    const isLarge = files % LARGE_EVERY === 1;
    // Most files of a repository are some kilobytes, a few are long.
    const size = isLarge ? 8_000_000 : 600 + Math.floor(-9_000 * Math.log(1 - draw()));
    const from = Math.floor(draw() * (pool.length - size));
    const isBinary = files % BINARY_EVERY === 2;
    const content = isBinary ? randomBytes(size) : pool.subarray(from, from + size);
    const hasSecret = files % SECRET_EVERY === 3;
    if (hasSecret) secrets += 1;
    const secret = hasSecret ? `\nconst key = '${secretOf(secrets)}';\n` : '';
    // No two files alike: equal contents are one object in a history.
    const file = Buffer.concat([Buffer.from(`// ${files}\n`), content, Buffer.from(secret)]);
    writeFileSync(join(folder, `file-${files}.${isBinary ? 'bin' : 'ts'}`), file);
    written += file.length;
  }
  return { root, files, bytes: written, secrets };
}

export function commitMaterial(root: string): void {
  const git = (...argv: string[]) => {
    const { status, stderr } = spawnSync('git', argv, { cwd: root, encoding: 'utf8' });
    if (status !== 0) throw new Error(`git ${argv[0]}: ${stderr}`);
  };
  git('init', '-q');
  git('config', 'core.compression', '1');
  git('config', 'gc.auto', '0');
  git('add', '-A');
  git('-c', 'user.name=bench', '-c', 'user.email=bench@example.org', 'commit', '-qm', 'material');
  git('-c', 'pack.window=0', 'repack', '-adq');
}

function secretOf(index: number): string {
  return index % 2 === 0
    ? formatKey(new Uint8Array(randomBytes(32)))
    : `${'gh'}p_${randomBytes(18).toString('hex')}`;
}

/** The same text in every run, mostly code, with the URLs and prefixes that make a scanner look twice. */
function textPool(draw: () => number): string {
  const words = Array.from({ length: 4_000 }, () => wordOf(draw));
  const word = () => words[Math.floor(draw() * draw() * words.length)] as string;
  const lines: (() => string)[] = [
    () => `  const ${word()} = await ${word()}.${word()}(${word()}, ${word()});`,
    () => `  if (${word()}.${word()} === '${word()} ${word()}') return ${word()}(${word()});`,
    () => `import { ${word()}, ${word()} } from './${word()}/${word()}.ts';`,
    () =>
      `/** ${word()} ${word()} ${word()} ${word()} ${word()} ${word()}, ${word()} ${word()}. */`,
    () =>
      `    "${word()}": { "${word()}": ${Math.floor(draw() * 1e6)}, "${word()}": "${word()}" },`,
    () => `see https://${word()}.example/${word()}/${word()}?${word()}=${word()} for ${word()}`,
    () => `2026-11-22T02:00:00Z ${word()} INFO ${word()} ${word()}=${Math.floor(draw() * 1e9)}`,
    () => `npm_config_${word()}=${word()} msg.${word()} hf_${word()} desk_test_${word()}`,
    () => '',
    () => `}`,
  ];
  let text = '';
  while (text.length < POOL_BYTES) text += `${lines[Math.floor(draw() * lines.length)]?.()}\n`;
  return text;
}

function wordOf(draw: () => number): string {
  const letters = 'etaoinshrdlucmfwypvbgkjqxz';
  const length = 2 + Math.floor(draw() * 9);
  return Array.from({ length }, () => letters[Math.floor(draw() * draw() * 26)]).join('');
}

/** mulberry32: a run can be repeated. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
