import type * as Library from 'oidc-provider';

/**
 * The protocol library. When it is loaded it warns of every Node that carries no name of a long-term release, also of
 * the one that is pinned here and tested with: that would stand in the lines that a machine reads.
 */
const { warn } = console;
console.warn = () => undefined;
const library: typeof Library = await import('oidc-provider');
console.warn = warn;

export const { Provider, errors, interactionPolicy } = library;
export type Provider = Library.Provider;
