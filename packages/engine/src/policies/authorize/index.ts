export {
  type AuthorizeConfig,
  type AuthorizeContext,
  type AuthorizePorts,
  authorize,
  authorizeSchema,
} from './authorize.ts';
