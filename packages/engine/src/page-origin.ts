/** From where a browser says that a call comes. Undefined: it says nothing. */
export interface CalledFrom {
  /** `Origin`: of every call that a page makes to another origin, and of every one that changes something. */
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`, which no page can choose. */
  readonly site: string | undefined;
}

export interface PageTerms {
  /** Of the gate, as browsers know it. */
  readonly own: string;
  /** Of the page whose calls count. */
  readonly page: string;
}

/** A handshake of a WebSocket is no read: no policy of browsers keeps its answers from another page. */
export type CallKind = 'read' | 'write' | 'upgrade';

/**
 * A cookie comes along whoever makes the browser call. It counts where the browser says that the page of the application
 * made the call; what was typed, and what a browser says nothing of, may read. Null: it counts; otherwise what speaks against it.
 */
export function pageFault(
  { origin, site }: CalledFrom,
  { own, page }: PageTerms,
  kind: CallKind,
): string | null {
  if (kind === 'upgrade') return origin === page ? null : 'origin';
  const isFromGate = site === 'same-origin' && page === own;
  if (origin !== undefined) {
    // A form of a page that sends no referrer names no origin either.
    return origin === page || (origin === 'null' && isFromGate) ? null : 'origin';
  }
  if (site === undefined) return kind === 'read' ? null : 'no-origin';
  if (isFromGate) return null;
  // Typed, or a bookmark.
  return site === 'none' && kind === 'read' ? null : 'site';
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

export function callKind(method: string, isUpgrade: boolean): CallKind {
  if (isUpgrade) return 'upgrade';
  return READS.has(method) ? 'read' : 'write';
}
