export {
  BlockStore,
  type BlockTables,
  BlockValueError,
  type BlockWish,
  blockValueIndex,
  type StoredBlock,
} from './block-store.ts';
