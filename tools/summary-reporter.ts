import type { TestEvent } from 'node:test/reporters';

/** A reporter for `node --test`: what was skipped, by name, and last one line `N passed, N failed`. */
export default async function* summary(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type === 'test:pass' && event.data.skip !== undefined && event.data.skip !== false) {
      yield `skipped: ${event.data.name} (${event.data.file ?? ''})\n`;
    }
    // The summary of one file names the file; that of the whole run does not.
    if (event.type === 'test:summary' && event.data.file === undefined) {
      const { tests, passed, skipped, todo } = event.data.counts;
      yield `${passed} passed, ${tests - passed - skipped - todo} failed\n`;
    }
  }
}
