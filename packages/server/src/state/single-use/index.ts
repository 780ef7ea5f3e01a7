export { SingleUseStore, type SingleUseTables } from './single-use-store.ts';
