import { type CompiledApi, HeaderFields, openApi, unpackApi } from '@poorter/openapi/checks';
import { type JsonBounds, readJson } from '@poorter/openapi/json';
import type { DetailTypeSnapshot } from '../../messages/between-issuer.ts';
import { readContract } from '../../platform/contracts/index.ts';
import { isIban } from './iban.ts';

/** What an application asks for, as it is written there: plain data. */
export interface Detail {
  readonly type: string;
  readonly locations?: readonly string[];
  readonly [member: string]: unknown;
}

export interface DetailType {
  readonly type: string;
  /** It is decided by a passkey over just this, and is good for one call. */
  readonly isSigned: boolean;
  /** As people are told, by language; null: it has words of ours. */
  readonly titles: Readonly<Record<string, string>> | null;
}

export const DETAILS_MAX = 20;
const BOUNDS: JsonBounds = { depthMax: 16, stringLengthMax: 4_000, itemsMax: 200 };
const HEADERS = new HeaderFields(['content-type', 'application/json']);
const BUILT_IN: readonly DetailType[] = [
  { type: 'account_information', isSigned: false, titles: null },
  { type: 'payment_initiation', isSigned: true, titles: null },
];

interface KnownType extends DetailType {
  /** Sentences; none: it is of its form. */
  readonly faultsOf: (bytes: Uint8Array) => readonly string[];
}

/** Kinds of authorization details, and whether one is of its kind. RFC 9396. */
export class DetailTypes {
  readonly #types: ReadonlyMap<string, KnownType>;

  constructor(own: readonly DetailTypeSnapshot[]) {
    const builtIn = readContract('details');
    const types: KnownType[] = BUILT_IN.map((one) => ({
      ...one,
      faultsOf: checkOf(builtIn, `/${one.type}`),
    }));
    for (const { type, isSigned, titles, schema } of own) {
      const bytes = new Uint8Array(Buffer.from(schema.base64, 'base64'));
      const faultsOf = checkOf(unpackApi({ digest: schema.digest, bytes }), '/detail');
      types.push({ type, isSigned, titles, faultsOf });
    }
    this.#types = new Map(types.map((one) => [one.type, one]));
  }

  get names(): readonly string[] {
    return [...this.#types.keys()];
  }

  find(type: string): DetailType | undefined {
    return this.#types.get(type);
  }

  /**
   * What the text asks for, read so that it means one thing only. A sentence: it is not of the form that its types
   * describe.
   */
  read(text: string): readonly Detail[] | string {
    const reading = readJson(Buffer.from(text), BOUNDS);
    if (!reading.ok)
      return `authorization_details: ${reading.problem.rule} at byte ${reading.problem.offset}`;
    const { value } = reading;
    if (!Array.isArray(value)) return 'authorization_details is no JSON array';
    if (value.length > DETAILS_MAX)
      return `authorization_details has more than ${DETAILS_MAX} members`;
    for (const [index, one] of value.entries()) {
      const fault = this.#faultOf(one);
      if (fault !== null) return `authorization_details[${index}]${fault}`;
    }
    return value as unknown as readonly Detail[];
  }

  #faultOf(value: unknown): string | null {
    const type = (value as { type?: unknown } | null)?.type;
    const known = typeof type === 'string' ? this.#types.get(type) : undefined;
    if (known === undefined) return ` is of no type that is known here`;
    // Only this server says that something was approved.
    if (Object.hasOwn(value as object, 'approval')) return '/approval is not for applications';
    const [fault] = known.faultsOf(Buffer.from(JSON.stringify(value)));
    return fault ?? ibanFault(value, '');
  }
}

function checkOf(compiled: CompiledApi, path: string): KnownType['faultsOf'] {
  const match = openApi(compiled).match('POST', path);
  const operation = 'operation' in match ? match.operation : null;
  if (operation === null) throw new Error(`no details are described at ${path}`);
  return (bytes) => {
    const { violations } = operation.checkBody(HEADERS, bytes, BOUNDS);
    return violations.map(({ pointer, rule }) => `${pointer ?? ''} does not hold to ${rule}`);
  };
}

/** Two digits of every account number show whether it was mistyped. ISO 13616. */
function ibanFault(value: unknown, pointer: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, member] of Object.entries(value)) {
    const at = `${pointer}/${name}`;
    if (name === 'iban' && typeof member === 'string' && !isIban(member)) {
      return `${at} is no account number: its check digits are others`;
    }
    const fault = ibanFault(member, at);
    if (fault !== null) return fault;
  }
  return null;
}
