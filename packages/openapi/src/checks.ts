/** Opens what was compiled, and checks calls and answers by it: all that a process needs which compiles nothing. */

import './required-runtime.ts';

export {
  asciiLowerCase,
  cookieName,
  cookieParts,
  cookieReadings,
  cookieText,
  HeaderFields,
  isListBased,
  listMembers,
  trimBlanks,
} from './header-fields/index.ts';
export { PatternWork } from './json-schema/patterns/work.ts';
export * from './openapi/opened.ts';
