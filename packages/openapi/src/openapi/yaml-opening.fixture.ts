import { Buffer } from 'node:buffer';
import { parentPort, workerData } from 'node:worker_threads';
import { HeaderFields, openApi, openApiInSteps, type PackedApi, unpackApi } from '../checks.ts';

/** A thread that only checks: how it judges one body at once, and how once it has waited. */
const { packed, body, manner } = workerData as {
  readonly packed: PackedApi;
  readonly body: string;
  readonly manner: 'at-once' | 'in-steps';
};
const bounds = { depthMax: 50, stringLengthMax: 1_000, itemsMax: 100 };
const compiled = unpackApi(packed);
if (manner === 'in-steps') await openApiInSteps(compiled, async () => {});
const [operation] = openApi(compiled).operations;

const judged = () =>
  operation
    ?.checkBody(new HeaderFields(['content-type', 'application/yaml']), Buffer.from(body), bounds)
    .violations.map(({ pointer, rule }) => `${pointer} ${rule}`)
    .join();

const first = judged();
// It waits for the same loading.
await openApiInSteps(compiled, async () => {});
parentPort?.postMessage([first, judged()]);
