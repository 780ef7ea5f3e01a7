import { decisionOf, missingOf, missingText, shapeOf, statusOf } from '../record-words.ts';
import { isDenied, namesOf, type SiemRecord, titleOf } from './siem-record.ts';

const ACTIVITIES: Readonly<Record<string, number>> = {
  POST: 1,
  GET: 2,
  HEAD: 2,
  OPTIONS: 2,
  PUT: 3,
  PATCH: 3,
  DELETE: 4,
};
const OTHER = 99;
const CLASS_UID = 6003;

/** OCSF 1.3, class API Activity. */
export function toOcsf(record: SiemRecord): object {
  const { leaf, index, node, version } = record;
  const { client, subject, address, credential, isAddress } = namesOf(record);
  const activity = ACTIVITIES[leaf.method ?? ''] ?? OTHER;
  const path = leaf.path ?? shapeOf(leaf);
  const lacking = missingText(leaf);
  const status = statusOf(leaf);
  const isFailure = isDenied(leaf) || leaf.type === 'gap';
  return {
    class_uid: CLASS_UID,
    class_name: 'API Activity',
    category_uid: 6,
    category_name: 'Application Activity',
    activity_id: activity,
    type_uid: CLASS_UID * 100 + activity,
    time: Date.parse(leaf.time),
    severity_id: leaf.type === 'gap' ? 4 : isFailure ? 2 : 1,
    status_id: isFailure ? 2 : 1,
    ...(leaf.code && { status_code: leaf.code }),
    ...(lacking !== null && { status_detail: lacking }),
    message: titleOf(leaf),
    ...(leaf.durationMs !== undefined && { duration: Math.round(leaf.durationMs) }),
    metadata: {
      version: '1.3.0',
      product: { name: 'Poorter', vendor_name: 'Poorter', version },
      uid: `${node}/${index}`,
      sequence: index,
      original_time: leaf.time,
      ...(leaf.id !== undefined && { correlation_uid: leaf.id }),
    },
    actor: {
      ...(client !== null && { app_uid: client }),
      user: {
        uid: subject ?? client ?? 'anonymous',
        ...(credential !== null && { credential_uid: credential }),
      },
    },
    src_endpoint: isAddress ? { ip: address } : { uid: address ?? 'unknown' },
    api: {
      operation: leaf.operation ?? leaf.type,
      ...(leaf.api && { service: { name: leaf.api } }),
      ...(leaf.id !== undefined && { request: { uid: leaf.id } }),
      ...(status != null && {
        response: { code: status, ...(leaf.code && { error: leaf.code }) },
      }),
    },
    ...(leaf.method && {
      http_request: {
        http_method: leaf.method,
        ...(path && { url: { path } }),
      },
    }),
    unmapped: {
      type: leaf.type,
      ...(leaf.decision !== undefined && { decision: decisionOf(leaf) }),
      ...lackOf(leaf),
      ...(leaf.objects && { objects: leaf.objects }),
      ...gapOf(leaf),
    },
  };
}

function lackOf(leaf: SiemRecord['leaf']): object {
  const { missing, anyOf } = missingOf(leaf);
  return { ...(missing.length > 0 && { missing }), ...(anyOf.length > 0 && { any_of: anyOf }) };
}

function gapOf({ cause, count }: SiemRecord['leaf']): object {
  return cause === undefined ? {} : { cause, count };
}
