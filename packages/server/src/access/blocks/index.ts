export {
  type Block,
  type BlockKind,
  BlockStore,
  type BlockTables,
  BlockValueError,
  type BlockWish,
} from './block-store.ts';
export { PersonalValuesOfBlocks } from './personal-values.ts';
