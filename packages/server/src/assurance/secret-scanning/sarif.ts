import { type Finding, OWN_KEY_RULE, OWN_KEY_TITLE } from './finding.ts';
import { ruleTitles } from './rules.ts';
import type { ScanReport } from './scan-report.ts';

const SCHEMA =
  'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
const FINGERPRINT = 'poorterSecret/v1';

/** The report for code scanning services: SARIF 2.1.0, one run. */
export function sarifOf(report: ScanReport, version: string): string {
  const rules = [[OWN_KEY_RULE, OWN_KEY_TITLE] as const, ...ruleTitles()];
  const places = new Map(rules.map(([id], place) => [id, place]));
  const driver = {
    name: 'poorter scan',
    version,
    rules: rules.map(([id, title]) => ({
      id,
      shortDescription: { text: title },
      defaultConfiguration: { level: id === OWN_KEY_RULE ? 'error' : 'warning' },
      properties: { tags: ['security', 'secret'] },
    })),
  };
  const titles = new Map(rules);
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: report.unreadable.length === 0,
            toolExecutionNotifications: report.unreadable.map(({ uri, reason }) => ({
              level: 'error',
              message: { text: `could not be read: ${reason}` },
              ...(uri !== '' && {
                locations: [{ physicalLocation: { artifactLocation: { uri } } }],
              }),
            })),
          },
        ],
        results: report.findings.map((finding) =>
          resultOf(finding, titles.get(finding.rule) ?? finding.rule, places.get(finding.rule)),
        ),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function resultOf(finding: Finding, title: string, ruleIndex: number | undefined) {
  const { rule, level, uri, line, column, excerpt, fingerprint, commit, blob } = finding;
  const origin =
    blob === null ? '' : ` in ${commit === null ? `object ${blob}` : `commit ${commit}`}`;
  return {
    ruleId: rule,
    ...(ruleIndex !== undefined && { ruleIndex }),
    level,
    message: { text: `${title} (${excerpt})${origin}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri },
          region: { startLine: line, startColumn: column },
        },
      },
    ],
    partialFingerprints: { [FINGERPRINT]: fingerprint },
    ...(blob !== null && { properties: { commit, blob } }),
  };
}
