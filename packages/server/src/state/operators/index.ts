export {
  type Operator,
  type OperatorRole,
  OperatorStore,
  type OperatorTables,
  type OperatorWish,
} from './operator-store.ts';
