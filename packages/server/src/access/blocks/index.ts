export {
  BlockStore,
  type BlockTables,
  BlockValueError,
  type BlockWish,
  type StoredBlock,
} from './block-store.ts';
export { PersonalValuesOfBlocks } from './personal-values.ts';
