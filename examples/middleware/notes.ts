import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { protectBy } from '@poorter/middleware';

/** A service that guards itself: it never sees a call that its description does not allow. */
export function notesService(key: string): Server {
  const notes: string[] = [];
  const guarded = protectBy({
    description: join(import.meta.dirname, 'notes.openapi.yaml'),
    keys: [{ key, client: 'notes-app' }],
    refused: ({ code, operation }) => console.error(`refused ${operation ?? '?'}: ${code}`),
    reported: ({ kind, operation, findings }) =>
      console.error(`${kind} the answer of ${operation}: ${JSON.stringify(findings)}`),
  });
  return createServer((native, response) => {
    void guarded(native, response, ({ body, decision, end }) => {
      const { text } = JSON.parse(Buffer.from(body ?? []).toString('utf8')) as { text: string };
      notes.push(text);
      response.writeHead(201, [...decision.answerHeaders]);
      response.end();
      end();
    });
  });
}

if (import.meta.main) {
  const key = process.env['NOTES_KEY'];
  if (key === undefined) throw new Error('set NOTES_KEY to a key that `poorter keys create` made');
  notesService(key).listen(3000, '127.0.0.1');
}
