import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** CBOR (RFC 8949) of what an authenticator writes: small maps, texts, bytes and numbers. */
function cbor(value: unknown): Buffer {
  if (typeof value === 'number') {
    return value >= 0 ? head(0, value) : head(1, -1 - value);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return Buffer.concat([head(3, bytes.length), bytes]);
  }
  const entries = [...(value as Map<unknown, unknown>)];
  return Buffer.concat([
    head(5, entries.length),
    ...entries.flatMap(([key, one]) => [cbor(key), cbor(one)]),
  ]);
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 256) return Buffer.from([(major << 5) | 24, length]);
  return Buffer.from([(major << 5) | 25, length >> 8, length & 0xff]);
}

interface AskedPasskey {
  readonly challenge: string;
  readonly user?: { readonly id: string };
}

export interface PasskeyLie {
  /** Whom it was made for, base64url. */
  readonly userHandle?: string;
  readonly crossOrigin?: boolean;
  /** The page that asks. */
  readonly origin?: string;
  readonly isVerified?: boolean;
  readonly challenge?: string;
  readonly type?: string;
  /** Of what site its data says that it is. */
  readonly host?: string;
  /** COSE: what its key says of itself. */
  readonly algorithm?: number;
  readonly isEligible?: boolean;
  readonly isBackedUp?: boolean;
  readonly isPresent?: boolean;
}

const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const BACKUP_ELIGIBLE = 0x08;
const BACKED_UP = 0x10;
const ATTESTED = 0x40;

/** An authenticator in software, for tests that need no browser: WebAuthn Level 3, ES256, one passkey. */
export class SoftPasskey {
  readonly #pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #origin: string;
  readonly id: Buffer;
  counter = 0;
  #userHandle: string | undefined;

  constructor(origin: string, id: Buffer = randomBytes(16)) {
    this.#origin = origin;
    this.id = id;
  }

  create({ challenge, user }: AskedPasskey, lie: PasskeyLie = {}): object {
    this.#userHandle = user?.id;
    const { x, y } = this.#pair.publicKey.export({ format: 'jwk' });
    const key = new Map<number, unknown>([
      ...([
        [1, 2],
        [3, lie.algorithm ?? -7],
        [-1, 1],
      ] as const),
      [-2, Buffer.from(x ?? '', 'base64url')],
      [-3, Buffer.from(y ?? '', 'base64url')],
    ]);
    const length = Buffer.from([this.id.length >> 8, this.id.length & 0xff]);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.id, cbor(key)]);
    const authData = Buffer.concat([this.#head(ATTESTED, lie), attested]);
    const object = new Map<string, unknown>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    return this.#shown({
      clientDataJSON: this.#clientData('webauthn.create', challenge, lie),
      attestationObject: cbor(object).toString('base64url'),
      transports: ['internal'],
    });
  }

  get({ challenge }: { readonly challenge: string }, lie: PasskeyLie = {}): object {
    const clientDataJSON = this.#clientData('webauthn.get', challenge, lie);
    const authenticatorData = this.#head(0, lie);
    const hash = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest();
    const signed = Buffer.concat([authenticatorData, hash]);
    return this.#shown({
      clientDataJSON,
      authenticatorData: authenticatorData.toString('base64url'),
      signature: sign('sha256', signed, this.#pair.privateKey).toString('base64url'),
      ...(this.#userHandle !== undefined && { userHandle: lie.userHandle ?? this.#userHandle }),
    });
  }

  #shown(response: object): object {
    const id = this.id.toString('base64url');
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  #head(more: number, lie: PasskeyLie): Buffer {
    const { isPresent = true, isVerified = true, isEligible = false, isBackedUp = false } = lie;
    const said = [
      isPresent ? USER_PRESENT : 0,
      isVerified ? USER_VERIFIED : 0,
      isEligible ? BACKUP_ELIGIBLE : 0,
      isBackedUp ? BACKED_UP : 0,
    ];
    const flags = said.reduce((all, one) => all | one, more);
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    const host = lie.host ?? new URL(this.#origin).hostname;
    return Buffer.concat([
      createHash('sha256').update(host).digest(),
      Buffer.from([flags]),
      counter,
    ]);
  }

  #clientData(type: string, challenge: string, lie: PasskeyLie): string {
    const data = {
      type: lie.type ?? type,
      challenge: lie.challenge ?? challenge,
      origin: lie.origin ?? this.#origin,
      ...(lie.crossOrigin !== undefined && { crossOrigin: lie.crossOrigin }),
    };
    return Buffer.from(JSON.stringify(data)).toString('base64url');
  }
}
