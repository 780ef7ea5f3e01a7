export type NoticeLevel = 'info' | 'warn' | 'error';

/**
 * What the program says of itself while it runs: a sentence for people, a code and members for
 * machines. Plain data, which travels between processes. It holds no secret: neither a key, a token or a
 * password, nor the text of a call.
 */
export interface Notice {
  readonly level: NoticeLevel;
  /** Stable; docs/reference/notices.md lists them all. */
  readonly code: string;
  readonly message: string;
  /** Whom and what it is about. */
  readonly about?: NoticeMembers;
}

/** Names that every line has already are taken. */
export type NoticeMembers = Readonly<Record<string, unknown>> & {
  readonly [taken in 'time' | 'level' | 'code' | 'message']?: never;
};

export type Notify = (notice: Notice) => void;

/** What a code stands for, as the reference tells it. */
export interface NoticeKind {
  readonly level: NoticeLevel;
  readonly means: string;
  /** What somebody should do; '' where there is nothing to do. */
  readonly remedy: string;
}

/** Makes notices of these kinds, and of no others. */
export function noticesOf<Code extends string>(
  kinds: Readonly<Record<Code, NoticeKind>>,
): (code: Code, message: string, about?: NoticeMembers) => Notice {
  return (code, message, about) => ({
    level: kinds[code].level,
    ...{ code, message },
    ...(about !== undefined && { about }),
  });
}
