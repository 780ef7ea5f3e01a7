/** All that moves, hides or turns around what a terminal shows, but for line ends and tabs. */
const STEERING =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * What strangers chose stands in much that is printed: paths, names of members, names of callers. It
 * must not steer the terminal of whoever reads it. In JSON the escapes mean the same.
 */
export function unsteering(text: string): string {
  return text.replace(
    STEERING,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function unsteeringStream(stream: { write(text: string): unknown }): {
  write(text: string): unknown;
} {
  return { write: (text) => stream.write(unsteering(text)) };
}
