import { isIP } from 'node:net';
import type { ClientTerms } from '../access/clients/index.ts';
import { flowsOf } from '../configuration/asking-flows.ts';
import type { Configuration } from '../configuration/schema.ts';

/**
 * Why nobody can sign in to the page of this client, by what is configured now. It is told and not refused: an operator
 * may make the client first, and configure the gate afterwards.
 */
export function sessionRemarks(
  { flows, page }: Pick<ClientTerms, 'flows' | 'page'>,
  { apis, publicOrigin }: Pick<Configuration, 'apis' | 'publicOrigin'>,
): readonly string[] {
  if (!flows.includes('session')) return [];
  const remarks: string[] = [];
  if (!apis.some((api) => flowsOf(api).includes('session'))) {
    remarks.push("no API in the configuration has 'session' in its flows: nobody can sign in");
  }
  if (page === null || publicOrigin === undefined) return remarks;
  const gate = new URL(publicOrigin);
  if (siteOf(new URL(page)) !== siteOf(gate)) {
    remarks.push(
      `the page ${page} is of another site than the gate (publicOrigin: ${gate.origin}): browsers send no cookie with its calls`,
    );
  }
  return remarks;
}

/** Suffixes of two parts under which anybody registers names, as most countries have them. */
const SHARED_SUFFIX = /^(?:ac|co|com|edu|gov|net|org)\.[a-z]{2}$/;

/**
 * A scheme and a name that was registered, which is what `SameSite` compares (HTML, "schemeful same site"). Browsers know all
 * suffixes under which names are registered, and this knows the common ones: two sites may look like one here, and nobody is told;
 * one looks like two only under a name such as `com.be`, should somebody own it.
 */
function siteOf({ protocol, hostname }: URL): string {
  const isAddress = hostname.startsWith('[') || isIP(hostname) !== 0;
  if (isAddress) return `${protocol}//${hostname}`;
  const labels = hostname.replace(/\.$/, '').split('.');
  const isShared = SHARED_SUFFIX.test(labels.slice(-2).join('.'));
  return `${protocol}//${labels.slice(isShared ? -3 : -2).join('.')}`;
}
