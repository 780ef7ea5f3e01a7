import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { HASH_BYTES } from './tree/hashing.ts';

/** A signed statement: the tree of this origin, at this size, has this root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** Who may sign: a name and an Ed25519 key, in the form that C2SP signed-note gives it. */
export interface VerifierKey {
  readonly name: string;
  readonly id: Buffer;
  readonly publicKey: KeyObject;
}

export interface CheckpointSigner {
  readonly key: VerifierKey;
  sign(checkpoint: Omit<Checkpoint, 'origin'>): string;
}

const ED25519 = 0x01;
const SIGNATURE_BYTES = 64;
const KEY_ID_BYTES = 4;
/** A note larger than this is not a checkpoint. */
const NOTE_CHARS_MAX = 16_384;
/** DER before the 32 bytes of an Ed25519 key (RFC 8410). */
const PRIVATE_KEY_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_KEY_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** C2SP tlog-checkpoint, signed as C2SP signed-note says. */
export function checkpointSigner(name: string, privateKey: KeyObject): CheckpointSigner {
  const key = verifierKey(name, createPublicKey(privateKey));
  return {
    key,
    sign({ size, root }) {
      const text = `${name}\n${size}\n${root.toString('base64')}\n`;
      const signature = sign(null, Buffer.from(text), privateKey);
      const signed = Buffer.concat([key.id, signature]).toString('base64');
      return `${text}\n— ${name} ${signed}\n`;
    },
  };
}

/** The key of 32 secret bytes (RFC 8032 §5.1.5). */
export function signingKey(seed: Uint8Array): KeyObject {
  const key = Buffer.concat([PRIVATE_KEY_PREFIX, seed]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function verifierKey(name: string, publicKey: KeyObject): VerifierKey {
  if (!isName(name)) throw new Error(`'${name}' cannot be the name of a key: no spaces, no +`);
  const id = hash(
    'sha256',
    Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), rawPublicKey(publicKey)]),
    'buffer',
  ).subarray(0, KEY_ID_BYTES);
  return { name, id, publicKey };
}

/** `name+hash+key`: what a stranger is given. */
export function formatVerifierKey({ name, id, publicKey }: VerifierKey): string {
  const key = Buffer.concat([Buffer.of(ED25519), rawPublicKey(publicKey)]);
  return `${name}+${id.toString('hex')}+${key.toString('base64')}`;
}

/** Throws with a sentence for the person who typed it. */
export function parseVerifierKey(text: string): VerifierKey {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text.trim());
  if (match === null) throw new Error('a public key is written name+hash+key');
  const [, name, id, encoded] = match as unknown as [string, string, string, string];
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.length !== 33 || bytes[0] !== ED25519) throw new Error('the public key is not Ed25519');
  const publicKey = createPublicKey({
    key: Buffer.concat([PUBLIC_KEY_PREFIX, bytes.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  const key = verifierKey(name, publicKey);
  if (key.id.toString('hex') !== id) throw new Error('the public key does not match its own hash');
  return key;
}

/** The checkpoint in a note, if this key signed it; otherwise why not. */
export function openCheckpoint(note: string, key: VerifierKey): Checkpoint | { fault: string } {
  const split = note.length > NOTE_CHARS_MAX ? -1 : note.lastIndexOf('\n\n');
  if (split < 0) return { fault: 'not a signed note' };
  const text = note.slice(0, split + 1);
  const signatures = note.slice(split + 2);
  if (!signatures.endsWith('\n')) return { fault: 'not a signed note' };
  let isSigned = false;
  for (const line of signatures.slice(0, -1).split('\n')) {
    const match = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    if (match === null) return { fault: 'not a signed note' };
    const bytes = Buffer.from(match[2] as string, 'base64');
    // Base64 that says the same in another way would be a second form of one note.
    if (bytes.toString('base64') !== match[2]) return { fault: 'not a signed note' };
    if (match[1] !== key.name || !bytes.subarray(0, KEY_ID_BYTES).equals(key.id)) continue;
    const signature = bytes.subarray(KEY_ID_BYTES);
    if (signature.length !== SIGNATURE_BYTES) return { fault: 'its signature is malformed' };
    if (!verify(null, Buffer.from(text), key.publicKey, signature)) {
      return { fault: 'its signature does not fit' };
    }
    isSigned = true;
  }
  if (!isSigned) return { fault: `not signed by ${key.name}` };
  return readBody(text, key.name);
}

function readBody(text: string, name: string): Checkpoint | { fault: string } {
  const [origin, size, root, ...rest] = text.split('\n');
  // Extension lines are allowed; every line ends with a newline.
  if (rest.length === 0 || rest.at(-1) !== '' || rest.slice(0, -1).includes('')) {
    return { fault: 'not a checkpoint' };
  }
  if (origin !== name) return { fault: `it speaks for ${origin}` };
  const number = Number(size);
  if (!/^(0|[1-9]\d{0,15})$/.test(size as string) || !Number.isSafeInteger(number)) {
    return { fault: 'its size is not a number' };
  }
  const bytes = Buffer.from(root as string, 'base64');
  if (bytes.length !== HASH_BYTES || bytes.toString('base64') !== root) {
    return { fault: 'its root is not a hash' };
  }
  return { origin, size: number, root: bytes };
}

export function isName(name: string): boolean {
  return /^[^+\s]{1,200}$/u.test(name);
}

function rawPublicKey(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('a signing key must be Ed25519');
  return key.export({ format: 'der', type: 'spki' }).subarray(PUBLIC_KEY_PREFIX.length);
}
