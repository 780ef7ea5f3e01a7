import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import type { JWK } from 'jose';

const USER_PRESENT_AND_VERIFIED = 0x05;
const WITH_NEW_KEY = 0x40;

interface Asked {
  readonly challenge: string;
  readonly user?: { readonly id: string };
}

/**
 * What a passkey answers (WebAuthn Level 3, ES256), by a key in a file: for the demo, where nobody may
 * sit in front of a browser. A real one never gives its key away.
 */
export class SoftwarePasskey {
  readonly id: string;
  /** With its private part. */
  readonly jwk: JWK;
  readonly #origin: string;
  readonly #user: string;

  constructor(
    origin: string,
    kept: { readonly id: string; readonly jwk: JWK; readonly user: string },
  ) {
    this.#origin = origin;
    this.id = kept.id;
    this.jwk = kept.jwk;
    this.#user = kept.user;
  }

  /** For whom the server names; what it asks for is answered by `created`. */
  static make(origin: string, { user }: Asked): SoftwarePasskey {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = privateKey.export({ format: 'jwk' }) as JWK;
    const id = randomBytes(16).toString('base64url');
    return new SoftwarePasskey(origin, { id, jwk, user: user?.id ?? '' });
  }

  created({ challenge }: Asked): object {
    const id = Buffer.from(this.id, 'base64url');
    const key = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytesOf(this.jwk.x)],
      [-3, bytesOf(this.jwk.y)],
    ]);
    const attested = [Buffer.alloc(16), Buffer.from([0, id.length]), id, isoCBOR.encode(key)];
    const authData = new Uint8Array(Buffer.concat([this.#head(WITH_NEW_KEY), ...attested]));
    const attestation = new Map<string, unknown>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    return this.#shown({
      clientDataJSON: this.#clientData('webauthn.create', challenge),
      attestationObject: Buffer.from(isoCBOR.encode(attestation as never)).toString('base64url'),
      transports: ['internal'],
    });
  }

  shown({ challenge }: Asked): object {
    const clientData = this.#clientData('webauthn.get', challenge);
    const head = this.#head(0);
    const hash = createHash('sha256').update(Buffer.from(clientData, 'base64url')).digest();
    const key = createPrivateKey({ key: this.jwk, format: 'jwk' });
    return this.#shown({
      clientDataJSON: clientData,
      authenticatorData: head.toString('base64url'),
      signature: sign('sha256', Buffer.concat([head, hash]), key).toString('base64url'),
      userHandle: this.#user,
    });
  }

  get user(): string {
    return this.#user;
  }

  #shown(response: object): object {
    const { id } = this;
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response };
  }

  #head(more: number): Buffer {
    const name = createHash('sha256').update(new URL(this.#origin).hostname).digest();
    // It counts nothing, as passkeys that are kept in several places do.
    return Buffer.concat([name, Buffer.from([USER_PRESENT_AND_VERIFIED | more]), Buffer.alloc(4)]);
  }

  #clientData(type: string, challenge: string): string {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.#origin })).toString(
      'base64url',
    );
  }
}

function bytesOf(text: string | undefined): Uint8Array {
  return new Uint8Array(Buffer.from(text ?? '', 'base64url'));
}
