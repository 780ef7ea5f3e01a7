export { type ActRecorder, AdminApi, CREDENTIAL_FIELD } from './admin-api.ts';
export { AdminProblem } from './admin-problems.ts';
export { blockRoutes } from './block-routes.ts';
export {
  type ApplyConfiguration,
  type ApplyOutcome,
  configurationRoutes,
} from './configuration-routes.ts';
export { type GatewayDesk, gatewayRoutes } from './gateway-routes.ts';
export {
  type KeyGrants,
  type KeyUseSummary,
  keyRoutes,
  type OperationRights,
  type RotationPolicy,
  rotationOf,
} from './key-routes.ts';
export { type AdminLog, logRoutes } from './log-routes.ts';
export { operatorRoutes } from './operator-routes.ts';
export { type ConfigurationStatus, type Status, statusRoutes } from './status-routes.ts';
export { subjectRoutes } from './subject-routes.ts';
