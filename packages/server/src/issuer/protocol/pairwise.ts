import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';

const ACCOUNT = /^account_([0-9a-f]{24})$/;
const NAME = /^[A-Za-z0-9_-]{22}$/;
/** One block: twelve bytes of an account, and four that show whether it is one. */
const CHECK = Buffer.alloc(4);

/**
 * What a person is called at one site: the id of the account, enciphered with a key of that site. Nobody else can tell
 * whose it is, or that two of them are of one person; we can. OpenID Connect Core §8.1.
 */
export class PairwiseNames {
  readonly #key: Buffer;

  /** `key`: of the key ring, 32 bytes. */
  constructor(key: Buffer) {
    this.#key = key;
  }

  nameOf(account: string, sector: string): string {
    const [, id] = ACCOUNT.exec(account) ?? [];
    if (id === undefined) throw new TypeError('not the id of an account');
    const cipher = createCipheriv('aes-256-ecb', this.#keyOf(sector), null).setAutoPadding(false);
    const block = Buffer.concat([Buffer.from(id, 'hex'), CHECK]);
    return Buffer.concat([cipher.update(block), cipher.final()]).toString('base64url');
  }

  /** Null: nobody is called so at this site. */
  accountOf(name: string, sector: string): string | null {
    if (!NAME.test(name)) return null;
    const cipher = createDecipheriv('aes-256-ecb', this.#keyOf(sector), null).setAutoPadding(false);
    const block = Buffer.from(name, 'base64url');
    if (block.length !== 16) return null;
    const plain = Buffer.concat([cipher.update(block), cipher.final()]);
    return plain.subarray(12).equals(CHECK) ? `account_${plain.toString('hex', 0, 12)}` : null;
  }

  #keyOf(sector: string): Buffer {
    return createHmac('sha256', this.#key).update(sector).digest();
  }
}
