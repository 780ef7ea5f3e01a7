import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, join } from 'node:path';

/**
 * Loaded with `--import` into every process and thread of a gate: notes in $LOADED_DIR what each of them
 * loads, in a file by the name of its first module.
 */
const folder = process.env['LOADED_DIR'];
if (folder !== undefined) noteIn(folder);

function noteIn(into: string): void {
  const file = join(into, basename(process.argv[1] ?? ''));
  registerHooks({
    load(url, context, next) {
      appendFileSync(file, `${url}\n`);
      return next(url, context);
    },
  });
}

/** The environment for a gate, and what was loaded by the process or thread that began with this module. */
export function loadedModules(into: string): {
  env: NodeJS.ProcessEnv;
  by(module: string): readonly string[];
} {
  const env = { LOADED_DIR: into, NODE_OPTIONS: `--import ${import.meta.filename}` };
  const by = (module: string) => {
    const file = readdirSync(into).find((name) => name.startsWith(module));
    return file === undefined ? [] : readFileSync(join(into, file), 'utf8').trim().split('\n');
  };
  return { env, by };
}
