export type * as Contract from '../messages/admin-contract.generated.ts';
export {
  type Act,
  type Answer,
  type Handlers,
  iso,
  isoTime,
  milliseconds,
  type OperationId,
} from './act.ts';
export { type ActRecorder, AdminApi, CREDENTIAL_FIELD } from './admin-api.ts';
export type { Everywhere } from './everywhere.ts';
export { pageLimit } from './pages.ts';
