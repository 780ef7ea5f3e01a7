import { z } from 'zod';
import { compileNetworkLists } from './network-list.ts';

const network = z.string().refine(isNetwork, { message: 'is not an IP address or network' });

export const networkListsSchema = z
  .strictObject({
    allow: z.array(network).default([]).describe('Networks that may call; empty: all.'),
    deny: z.array(network).default([]).describe('Networks that may not call.'),
  })
  .describe('The longest matching prefix decides; a tie denies.');

function isNetwork(text: string): boolean {
  try {
    compileNetworkLists({ allow: [text], deny: [] });
    return true;
  } catch {
    return false;
  }
}
