export { CallerLeftError } from './caller-left.ts';
export { CursorError, type Page, type PageQuery, pageByAge, pageOf, readCursor } from './cursor.ts';
export { pruneAll } from './prune-all.ts';
export { NotFoundError, StaleVersionError } from './stale-version.ts';
export { stateMigrations } from './state-migrations.ts';
export type { StateWorld } from './world.ts';
