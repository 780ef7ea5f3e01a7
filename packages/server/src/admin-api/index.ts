export {
  type Act,
  type Answer,
  type Change,
  type Handler,
  type Handlers,
  iso,
  milliseconds,
} from './act.ts';
export { type ActRecorder, AdminApi, CREDENTIAL_FIELD } from './admin-api.ts';
export type { Everywhere } from './everywhere.ts';
export { pageLimit } from './pages.ts';
