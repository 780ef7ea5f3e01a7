export { askedInteraction, givenInteraction, INTERACTION_FIELD } from './interaction-id.ts';
export { createIdentitySigner, type IdentitySigner, publicKeySet } from './signed-identity.ts';
export {
  documentedFields,
  fieldsLetThrough,
  isPrivateAnswerHeader,
  type ShapeOptions,
  unforwardableField,
  upstreamHeaders,
  withoutQueryParameters,
} from './upstream-headers.ts';
