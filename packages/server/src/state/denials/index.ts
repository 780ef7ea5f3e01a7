export { DenialStore, type DenialTables, type DenialWish } from './denial-store.ts';
