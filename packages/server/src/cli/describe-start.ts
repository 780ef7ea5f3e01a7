import type { TrialFacts } from '../messages/between-processes.ts';
import { notice } from '../messages/notices.ts';
import type { Notice } from '../platform/notices/index.ts';
import type { StartedFacts } from '../supervisor/index.ts';

const UNPROTECTED_SHOWN = 12;

/** What is protected, what is not, and where things are: the first thing a newcomer reads. */
export function describeStart(facts: StartedFacts, dataDirectory: string): string {
  const lines = [''];
  for (const api of facts.summary.apis) {
    const open = api.unprotected;
    const isProtected = api.operations - open.length;
    lines.push(`  ${api.title}  ▸  ${api.upstream}${api.mode === 'observe' ? '   (observe)' : ''}`);
    lines.push(`    ${isProtected} of ${api.operations} operations require credentials`);
    for (const { operation, place, isDeclared } of open.slice(0, UNPROTECTED_SHOWN)) {
      const why = isDeclared ? 'open by its description' : 'declares no security: add it';
      lines.push(`    open  ${operation}   ${why}  (${place})`);
    }
    if (open.length > UNPROTECTED_SHOWN) {
      lines.push(`    … and ${open.length - UNPROTECTED_SHOWN} more open operations`);
    }
    lines.push('');
  }
  lines.push(
    `  gate      ${facts.addresses.join(', ')}   (${facts.threads} ${facts.threads === 1 ? 'thread' : 'threads'})`,
  );
  const { issuer } = facts;
  if (issuer !== undefined) lines.push(`  issuer    ${issuer}/.well-known/openid-configuration`);
  lines.push(`  control   http://${facts.controlAddress}   /health/ready  /metrics`);
  lines.push(`  data      ${dataDirectory}`, '');
  if (facts.summary.trial !== undefined) lines.push(...trialLines(facts.summary.trial));
  return `${lines.join('\n')}\n`;
}

function trialLines({ token, scopes, url }: TrialFacts): string[] {
  const [scope = 'NAME'] = scopes;
  return [
    '  TRIAL     no token issuer is trusted, so the gate issues tokens itself: to this machine alone,',
    '            until it ends. Before anybody else calls: --issuer URL --audience NAME',
    '',
    `  token     with ${scopes.length} scopes, for an hour; send it as Authorization: Bearer …`,
    '',
    token,
    '',
    `  another   curl -s -X POST '${url}?scope=${encodeURIComponent(scope)}'`,
    '            answers JSON with an access_token (role=, sub=, client_id= too)',
    '',
  ];
}

/**
 * The same for machines: the lines of a log are kept, and read by many, so that a trial's token is not among
 * them. `trial.url` gives others.
 */
export function startedMembers(facts: StartedFacts, dataDirectory: string): object {
  const { summary } = facts;
  if (summary.trial === undefined) return { ...facts, dataDirectory };
  const { token: _, ...trial } = summary.trial;
  return { ...facts, summary: { ...summary, trial }, dataDirectory };
}

/** Compiled, and yet it cannot be served: mostly because a listener cannot open. */
export function notApplied(isServing: boolean): Notice {
  return isServing
    ? notice(
        'configuration_unserved',
        'the new configuration cannot be served; the last good one stays in force',
      )
    : notice('not_started', 'not started');
}

export function inForce(version: number): Notice {
  return notice('version_in_force', `version ${version} is in force`, { version });
}
