export {
  LOCAL_OPERATOR,
  type Operator,
  type OperatorCredential,
  OperatorStore,
  type OperatorTables,
  type OperatorWish,
} from './operator-store.ts';
