import type { Diagnostic } from '@poorter/openapi';

/** A configuration, or something it names, cannot be served. Says where and why, for people. */
export class RefusedConfiguration extends Error {
  readonly diagnostics: readonly Diagnostic[];
  /** Files read until then, so that mending one of them is noticed. */
  readonly files: readonly string[];
  constructor(diagnostics: readonly Diagnostic[], files: readonly string[]) {
    super(diagnostics.map((diagnostic) => diagnostic.message).join('; '));
    this.name = 'RefusedConfiguration';
    this.diagnostics = diagnostics;
    this.files = files;
  }
}
