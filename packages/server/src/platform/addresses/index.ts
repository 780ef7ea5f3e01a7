/** `host:port`, with brackets around an IPv6 address, which are no part of it. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return {
    host: withoutBrackets(address.slice(0, colon)),
    port: Number(address.slice(colon + 1)),
  };
}

/** Whether only this machine is reached by it: the name or address of a host, as URLs write it or plain. */
export function isLoopback(host: string): boolean {
  const plain = withoutBrackets(host).toLowerCase();
  return plain === 'localhost' || plain === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(plain);
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/s, '$1');
}
