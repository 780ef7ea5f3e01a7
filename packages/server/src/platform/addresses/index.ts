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

const PORT_MAX = 65_535;
const URL_WITH_PORT =
  /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(?:\[[^\]/?#]*\]|[^/?#:]*):([0-9]{1,20})(?:[/?#]|$)/i;

/** Why a text that looks like a URL is none; null: not for its port. */
export function portFault(text: string): string | null {
  const [, port] = URL_WITH_PORT.exec(text) ?? [];
  if (port === undefined || Number(port) <= PORT_MAX) return null;
  return `has the port ${port}, and the highest is ${PORT_MAX}`;
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/s, '$1');
}
