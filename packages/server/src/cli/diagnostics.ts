import type { Diagnostic } from '@poorter/openapi';

/** file:line:column, as editors and terminals link it. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, file, line, column, message, suggestion } = diagnostic;
  const place = `${file}:${line}:${column}`;
  const help = suggestion === undefined ? '' : `\n    help: ${suggestion}`;
  return `${place}: ${severity}: ${message}${help}`;
}

/** At most this many of a kind are printed; a description of the field can have hundreds. */
const SHOWN_PER_CODE = 3;

export function formatDiagnostics(diagnostics: readonly Diagnostic[]): string {
  const byCode = Map.groupBy(diagnostics, ({ severity, code }) => `${severity} ${code}`);
  const lines: string[] = [];
  for (const group of byCode.values()) {
    const isWarning = group[0]?.severity === 'warning';
    const shown = isWarning ? group.slice(0, SHOWN_PER_CODE) : group;
    lines.push(...shown.map(formatDiagnostic));
    if (group.length > shown.length) {
      lines.push(
        `    … and ${group.length - shown.length} more of this kind (poorter check lists all)`,
      );
    }
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
