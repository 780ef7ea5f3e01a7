/**
 * The first import of every entry: evaluated before anything that an older Node does not have. Such a
 * runtime would fail at its first call, with the name of what is missing, or not at all and decide
 * as nobody has tried it.
 */
const MAJOR_MIN = 26;
const RECOMMENDED = '26.12.1';

const running = process.versions.node;
// Asked for what is enough, so that a version which is none is refused.
if (!(Number.parseInt(running, 10) >= MAJOR_MIN)) {
  throw new Error(
    `Poorter's packages need Node ${RECOMMENDED} or newer, and this is Node ${running}`,
  );
}
