import { pbkdf2, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { verify as verifyArgon2 } from '@node-rs/argon2';
import { verify as verifyBcrypt } from '@node-rs/bcrypt';
import { type PasswordHash, readPasswordHash } from '../../access/accounts/index.ts';
import { boundedBytes, normalPassword, PASSWORD_BYTES_MAX } from './password-rules.ts';

/** In a thread of libuv each, as Argon2 is. */
const derive = promisify(pbkdf2);
const deriveByMemory = promisify<
  string | Buffer,
  Buffer,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scrypt);

/** What was set elsewhere may be longer than what is set here. */
const TYPED_BYTES_MAX = 1_024;
/** It reads no further, and some programs stop at the first byte of nothing. */
const BCRYPT_BYTES_MAX = 72;
/** The largest that is read holds half of it. */
const SCRYPT_BYTES_MAX = 256 << 20;

/** A hash of another system. Null: this version would not have taken it over. */
export function importedHash(text: string): PasswordHash | null {
  const hash = readPasswordHash(text);
  return hash.kind === 'unfit' ? null : hash;
}

/** As it was typed, and as all of ours are read: nobody knows which of both another system took. */
export function waysToRead(typed: string): readonly string[] {
  return [...new Set([typed, normalPassword(typed)])];
}

export async function isRightFor(hash: PasswordHash, typed: string): Promise<boolean> {
  const isRight = await compare(hash, boundedBytes(typed, TYPED_BYTES_MAX));
  // RFC 2104 §2: HMAC fills up with zeros, so that one at the end would change nothing.
  const isWhole = hash.kind !== 'pbkdf2' || !typed.endsWith('\0');
  return isRight && isWhole && Buffer.byteLength(typed) <= TYPED_BYTES_MAX;
}

/**
 * Whether a hash of ours may stand in its place: it was compared whole, and ours takes it whole. Whoever knows the
 * first 72 bytes of a longer password would choose the rest of it.
 */
export function mayReplace({ kind }: PasswordHash, typed: string): boolean {
  const bytes = Buffer.byteLength(typed);
  const isWhole = kind !== 'bcrypt' || (bytes <= BCRYPT_BYTES_MAX && !typed.includes('\0'));
  return isWhole && Buffer.byteLength(normalPassword(typed)) <= PASSWORD_BYTES_MAX;
}

/** Those that are made alike take as long as each other. */
export function costOf(hash: PasswordHash): string {
  switch (hash.kind) {
    case 'argon2':
      return hash.text.split('$').slice(1, 4).join();
    case 'bcrypt':
      return `bcrypt ${hash.text.slice(4, 6)}`;
    case 'pbkdf2':
      return `pbkdf2 ${hash.digest} ${hash.rounds} ${hash.hash.length}`;
    case 'scrypt':
      return `scrypt ${Object.values(hash.terms).join()}`;
    default:
      hash satisfies never;
      throw new Error('a hash is of no known kind');
  }
}

async function compare(hash: PasswordHash, typed: Buffer): Promise<boolean> {
  switch (hash.kind) {
    case 'argon2':
      return verifyArgon2(hash.text, typed);
    case 'bcrypt':
      return verifyBcrypt(typed, hash.text);
    case 'pbkdf2': {
      const { salt, rounds, digest } = hash;
      return timingSafeEqual(
        await derive(typed, salt, rounds, hash.hash.length, digest),
        hash.hash,
      );
    }
    case 'scrypt': {
      const terms = { ...hash.terms, maxmem: SCRYPT_BYTES_MAX };
      return timingSafeEqual(
        await deriveByMemory(typed, hash.salt, hash.hash.length, terms),
        hash.hash,
      );
    }
    default:
      hash satisfies never;
      throw new Error('a hash is of no known kind');
  }
}
