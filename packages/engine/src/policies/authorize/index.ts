export {
  type AuthorizeConfig,
  type AuthorizeContext,
  type AuthorizePorts,
  authorizeSchema,
  compileAuthorization,
  type EvaluateAuthorization,
} from './authorize.ts';
