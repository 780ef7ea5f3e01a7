export { type Idempotency, IdempotencyStore, type IdempotencyTables } from './idempotency-store.ts';
