export {
  type BodyPort,
  type CheckedBody,
  compileValidation,
  type EvaluateValidation,
  type ValidateContext,
} from './validate.ts';
