export {
  type AuthorizeConfig,
  type AuthorizeContext,
  type AuthorizePorts,
  authorize,
  authorizeSchema,
  compileAuthorization,
  type EvaluateAuthorization,
} from './authorize.ts';
