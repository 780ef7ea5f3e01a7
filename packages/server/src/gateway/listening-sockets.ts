import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A listening socket of this machine, as the kernel lists it. */
export interface ListeningSocket {
  /** '127.0.0.1', '0:0:0:0:0:0:0:1': not shortened. */
  readonly address: string;
  readonly port: number;
  readonly inode: string;
}

const LISTEN = '0A';

/** Of this network namespace; null where there is no such list. */
export function listeningSockets(): ListeningSocket[] | null {
  const v4 = read('/proc/net/tcp');
  if (v4 === null) return null;
  return [...parseTable(v4), ...parseTable(read('/proc/net/tcp6') ?? '')];
}

/** By inode: whether this process itself holds the socket. */
export function holdsSocket(inode: string): boolean {
  const wanted = `socket:[${inode}]`;
  return readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === wanted;
    } catch {
      // Closed since the folder was listed.
      return false;
    }
  });
}

/** proc(5): one socket a line, `sl local_address rem_address st … inode`, numbers in hexadecimal. */
export function parseTable(text: string): ListeningSocket[] {
  const found: ListeningSocket[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line
      .split(/ +/)
      .slice(line.startsWith(' ') ? 1 : 0);
    if (state !== LISTEN) continue;
    const [address = '', port = ''] = local.split(':');
    found.push({ address: addressOf(address), port: Number.parseInt(port, 16), inode });
  }
  return found;
}

/** Words of 32 bits, each in the byte order of the machine; those that Node runs on are little-endian. */
function addressOf(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, group) => bytes.readUInt16BE(group * 2));
  const isMapped = groups.slice(0, 5).every((one) => one === 0) && groups[5] === 0xffff;
  if (isMapped) return bytes.subarray(12).join('.');
  return groups.map((one) => one.toString(16)).join(':');
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return null;
  }
}
