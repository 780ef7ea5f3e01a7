/**
 * Milliseconds of processor time that this thread takes for `work`. What else the machine does is not
 * in it: a test that looks at a clock on the wall fails for what others do.
 */
export function processorMs(work: () => unknown): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
