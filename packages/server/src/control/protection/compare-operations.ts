import { compileNetworkLists, newlyAllowed } from '@poorter/engine';
import { compareCors } from './compare-cors.ts';
import { compareFields } from './compare-fields.ts';
import { comparePeer } from './compare-gates.ts';
import { compareLimits } from './compare-limits.ts';
import { compareSchemas } from './compare-schemas.ts';
import {
  compareAuthorization,
  comparePermit,
  compareSecurity,
  compareStepUp,
  isOpen,
} from './compare-security.ts';
import type { ApiProtection, OperationProtection, ServiceProtection } from './protection.ts';
import { type Remark, some, type Weakening } from './weakening.ts';

interface Placed {
  readonly api: ApiProtection;
  readonly operation: OperationProtection;
}

/** In what a call protected as `next` says is protected less than `old` said. */
export function compareOperations(old: Placed, next: Placed): Weakening[] {
  const [before, after] = [old.operation, next.operation];
  const remarks: Remark[] = [
    ...compareAccess(before, after),
    ...compareLimits(before, after),
    ...compareNetwork(before, after),
    ...compareCors(before.cors, after.cors),
    ...compareChecks(before, after),
    ...compareSchemas(old, next),
    ...compareFields(before, after),
    ...compareReading(old.api, next.api),
    ...compareServices(old.api.service, next.api.service),
  ];
  const { method, path } = after;
  return remarks.map(([kind, sentence]) => ({
    ...{ kind, api: next.api.name, operation: { method, path }, sentence },
  }));
}

function compareAccess(before: OperationProtection, after: OperationProtection): Remark[] {
  if (isOpen(before)) return [];
  if (isOpen(after)) {
    return [['operation-opened', 'Credentials were asked for, and no longer are.']];
  }
  return [
    ...compareSecurity(before, after),
    ...compareAuthorization(before, after),
    ...compareStepUp(before.stepUp, after.stepUp),
    ...comparePermit(before.permit ?? null, after.permit ?? null),
  ];
}

function compareNetwork(before: OperationProtection, after: OperationProtection): Remark[] {
  const address = newlyAllowed(readable(before.network), readable(after.network));
  if (address === null) return [];
  return [['network-widened', `More addresses may call, such as ${address}.`]];
}

function readable(lists: OperationProtection['network']) {
  return { lists, isAllowed: compileNetworkLists(lists) };
}

const RESPONSE_STRENGTH = { report: 0, redact: 1, block: 2 } as const;

function compareChecks(before: OperationProtection, after: OperationProtection): Remark[] {
  const remarks: Remark[] = [];
  if (before.mode === 'enforce' && after.mode === 'observe') {
    const sentence = 'Limits and checks are only observed (mode: observe, was enforce).';
    remarks.push(['validation-loosened', sentence]);
  }
  const [was, is] = [before, after].map(({ mode, response }) =>
    mode === 'observe' ? 'report' : response,
  ) as [OperationProtection['response'], OperationProtection['response']];
  if (RESPONSE_STRENGTH[is] < RESPONSE_STRENGTH[was]) {
    const what = `response: ${is}, was ${was}`;
    remarks.push([
      'release-loosened',
      `Answers that differ from their description pass (${what}).`,
    ]);
  }
  if (before.audit === 'durable' && after.audit === 'batched') {
    const sentence = 'Calls go on before they are recorded (audit: batched, was durable).';
    remarks.push(['records-loosened', sentence]);
  }
  if (after.bodyBytesMax > before.bodyBytesMax) {
    const sentence = `Bodies of ${after.bodyBytesMax} bytes are taken (was ${before.bodyBytesMax}).`;
    remarks.push(['bound-raised', sentence]);
  }
  if (before.strictProperties && !after.strictProperties) {
    const sentence = 'Members that no schema documents are no longer refused (strictProperties).';
    remarks.push(['validation-loosened', sentence]);
  }
  const query = after.undocumentedQuery.filter((name) => !before.undocumentedQuery.includes(name));
  if (query.length > 0) {
    const sentence = `Undocumented query parameters pass: ${some(query)}.`;
    remarks.push(['validation-loosened', sentence]);
  }
  if (!before.allowsSemicolons && after.allowsSemicolons) {
    remarks.push(['validation-loosened', 'A semicolon in the path is no longer refused.']);
  }
  if (!before.upgrades && after.upgrades) {
    const sentence = 'A call may become a tunnel, in which nothing is checked.';
    remarks.push(['validation-loosened', sentence]);
  }
  return remarks;
}

function compareServices(before: ServiceProtection, after: ServiceProtection): Remark[] {
  const remarks = comparePeer('The service', before, after);
  const targets = after.targets.filter((target) => !before.targets.includes(target));
  if (targets.length > 0) {
    const [is, was] = [namesOf(after, targets), namesOf(before, before.targets)];
    const sentence = `Calls go to another service: ${some(is)}, was ${some(was)}.`;
    remarks.push(['upstream-elsewhere', sentence]);
  }
  if (after.audience !== before.audience) {
    const [is, was] = [after, before].map(({ audience }) => audience ?? 'its own address');
    const sentence = `Identities are signed for ${is}, were for ${was}.`;
    remarks.push(['upstream-elsewhere', sentence]);
  }
  return remarks;
}

/** As people find them in the file. */
function namesOf({ written = {} }: ServiceProtection, targets: readonly string[]): string[] {
  return targets.map((target) => written[target] ?? target);
}

function compareReading(before: ApiProtection, after: ApiProtection): Remark[] {
  const remarks: Remark[] = [];
  if (!before.preservesHost && after.preservesHost) {
    const sentence = "The service hears the caller's Host (upstream.preserveHost).";
    remarks.push(['validation-loosened', sentence]);
  }
  if (before.reading === 'strict' && after.reading === 'meant') {
    const sentence = 'Schemas are read as their authors mean them (reading: meant, was strict).';
    remarks.push(['validation-loosened', sentence]);
  }
  if (before.readOnlyMembers === 'refuse' && after.readOnlyMembers === 'ignore') {
    const sentence = 'readOnly members are cut out instead of refused (readOnlyMembers: ignore).';
    remarks.push(['validation-loosened', sentence]);
  }
  if (before.formats === 'enforce' && after.formats === 'report') {
    remarks.push([
      'validation-loosened',
      'What breaks a format is only recorded (formats: report).',
    ]);
  }
  return remarks;
}
