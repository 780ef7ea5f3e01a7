import type { ExactNumber } from '../../json/index.ts';
import { isPattern } from '../patterns/is-pattern.ts';
import { isDate, isDateTime, isDuration, isTime } from './dates.ts';
import { isEmail } from './email.ts';
import { isHostname, isIdnHostname } from './hostnames.ts';
import { isIpv4, isIpv6 } from './ip.ts';
import { NUMBER_FORMATS } from './numbers.ts';
import { isIri, isIriReference, isUri, isUriReference, isUriTemplate } from './uris.ts';

/** A format judges one kind of value and lets the others pass. */
export interface FormatCheck {
  readonly string?: (text: string) => boolean;
  readonly number?: (value: number | ExactNumber) => boolean;
}

const JSON_POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/u;
const RELATIVE_POINTER = /^(?:0|[1-9][0-9]*)(?:#|(?:\/(?:[^~/]|~[01])*)*)$/u;
const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;
/** RFC 4648 §4: padding required, nothing else allowed. One flat class: bodies may be long. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** RFC 4648 §5; the padding is often left out, as §3.2 permits. */
const BASE64URL = /^[A-Za-z0-9_-]*={0,2}$/;

const isBase64 = (text: string): boolean => text.length % 4 === 0 && BASE64.test(text);

function isBase64Url(text: string): boolean {
  if (!BASE64URL.test(text)) return false;
  return text.endsWith('=') ? text.length % 4 === 0 : text.length % 4 !== 1;
}

const STRING_FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': isDateTime,
  date: isDate,
  time: isTime,
  duration: isDuration,
  email: (text) => isEmail(text, false),
  'idn-email': (text) => isEmail(text, true),
  hostname: isHostname,
  'idn-hostname': isIdnHostname,
  ipv4: isIpv4,
  ipv6: isIpv6,
  uri: isUri,
  'uri-reference': isUriReference,
  iri: isIri,
  'iri-reference': isIriReference,
  'uri-template': isUriTemplate,
  uuid: (text) => UUID.test(text),
  'json-pointer': (text) => JSON_POINTER.test(text),
  'relative-json-pointer': (text) => RELATIVE_POINTER.test(text),
  regex: isPattern,
  byte: isBase64,
  base64url: isBase64Url,
};

const CHECKS = new Map<string, FormatCheck>([
  ...Object.entries(STRING_FORMATS).map(([name, string]) => [name, { string }] as const),
  ...Object.entries(NUMBER_FORMATS).map(([name, number]) => [name, { number }] as const),
]);

/** Undefined for a format we do not know: it is an annotation then (2020-12 validation §7.2.3). */
export const formatCheck = (name: string): FormatCheck | undefined => CHECKS.get(name);

/** Those that judge a value. */
export const formatNames: readonly string[] = [...CHECKS.keys()];
