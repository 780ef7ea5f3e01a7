export {
  type AuthorizeContext,
  type AuthorizePorts,
  compileAuthorization,
  type EvaluateAuthorization,
} from './authorize.ts';
export type { AuthorizeConfig } from './authorize-config.ts';
export { compileStepUp, type EvaluateStepUp } from './step-up.ts';
export type { StepUpConfig } from './step-up-config.ts';
