export {
  type Operator,
  type OperatorCredential,
  type OperatorRole,
  OperatorStore,
  type OperatorTables,
  type OperatorWish,
} from './operator-store.ts';
