export {
  type Block,
  type BlockKind,
  BlockStore,
  type BlockTables,
  BlockValueError,
  type BlockWish,
  blockValueIndex,
} from './block-store.ts';
