import { decisionOf, missingText, shapeOf, statusOf } from '../record-words.ts';
import { isDenied, namesOf, type SiemRecord, titleOf } from './siem-record.ts';

const NS_A_MS = 1_000_000;

/** Elastic Common Schema 8. */
export function toEcs(record: SiemRecord): object {
  const { leaf, index, node, version } = record;
  const { client, subject, address, credential, isAddress } = namesOf(record);
  const path = leaf.path ?? shapeOf(leaf);
  const lacking = missingText(leaf);
  const status = statusOf(leaf);
  const isFailure = isDenied(leaf) || leaf.type === 'gap';
  return {
    '@timestamp': leaf.time,
    ecs: { version: '8.11.0' },
    message: titleOf(leaf),
    event: {
      id: `${node}/${index}`,
      kind: 'event',
      category: ['api', 'web'],
      type: ['access', isDenied(leaf) ? 'denied' : 'allowed'],
      action: leaf.operation ?? leaf.type,
      outcome: isFailure ? 'failure' : 'success',
      sequence: index,
      module: 'poorter',
      dataset: `poorter.${leaf.type}`,
      ...(leaf.durationMs !== undefined && { duration: Math.round(leaf.durationMs * NS_A_MS) }),
      ...(leaf.code && { reason: leaf.code }),
    },
    observer: { name: node, type: 'gateway', product: 'Poorter', vendor: 'Poorter', version },
    ...(address !== null && { client: isAddress ? { ip: address, address } : { address } }),
    ...(subject !== null && { user: { id: subject } }),
    http: {
      request: {
        ...(leaf.id !== undefined && { id: leaf.id }),
        ...(leaf.method && { method: leaf.method }),
        ...(leaf.bytesIn !== undefined && { body: { bytes: leaf.bytesIn } }),
      },
      response: {
        ...(status != null && { status_code: status }),
        ...(leaf.bytesOut !== undefined && { bytes: leaf.bytesOut }),
      },
    },
    ...(path && { url: { path } }),
    ...(leaf.api && { service: { name: leaf.api } }),
    ...(leaf.code && {
      error: { code: leaf.code, ...(lacking !== null && { message: lacking }) },
    }),
    labels: {
      ...(client !== null && { client }),
      ...(credential !== null && { credential }),
      ...(leaf.decision !== undefined && { decision: decisionOf(leaf) }),
      ...(lacking !== null && { missing: lacking.slice('missing: '.length) }),
      ...(leaf.cause !== undefined && { cause: leaf.cause, count: String(leaf.count) }),
    },
  };
}
