/**
 * How long a test waits for what must come. It is met within moments, or the test has failed: the
 * number only has to be beyond what a machine that does ten other things needs.
 */
export const PATIENCE_MS = 90_000;
