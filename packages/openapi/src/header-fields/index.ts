export { asciiLowerCase, cookieName, listMembers, trimBlanks } from './blanks.ts';
export { cookieParts, cookieReadings, cookieText } from './cookie-parts.ts';
export { HeaderFields, isListBased } from './header-fields.ts';
