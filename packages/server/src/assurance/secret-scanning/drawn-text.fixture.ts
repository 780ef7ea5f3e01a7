import { generateKeyPairSync, randomInt } from 'node:crypto';

/** Text of one alphabet, drawn anew in every run: no secret stands in this repository. */
const from = (alphabet: string) => (length: number) =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
export const hex = from('0123456789abcdef');
export const word = from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789');
export const url = from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_');
export const base64 = from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
export const digits = from('0123456789');
export const upper = from('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789');
export const low36 = from('abcdefghijklmnopqrstuvwxyz0123456789');
export const base32 = from('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');
export const bech32 = from('QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L');
export const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

export const pair = (text: string) => Buffer.from(text).toString('base64');
/** A bot is called by a number. */
export const botId = (length: number) =>
  pair(`${1 + randomInt(9)}${digits(length - 1)}`).replace(/=+$/, '');

export function pem(
  type: 'ec' | 'ed25519' | 'rsa',
  format: 'pkcs8' | 'sec1' | 'pkcs1',
  lock: boolean,
) {
  const keys =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : type === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
  return keys.privateKey
    .export({
      format: 'pem',
      type: format as 'pkcs8',
      ...(lock && { cipher: 'aes-256-cbc', passphrase: 'p' }),
    })
    .toString();
}
