export {
  type AuthorizeContext,
  type AuthorizePorts,
  compileAuthorization,
  type EvaluateAuthorization,
} from './authorize.ts';
export type { AuthorizeConfig } from './authorize-config.ts';
