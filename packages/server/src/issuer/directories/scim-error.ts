/** RFC 7644 §3.12. */
export type ScimType =
  | ('invalidFilter' | 'invalidPath' | 'invalidSyntax' | 'invalidValue')
  | ('mutability' | 'noTarget' | 'tooMany' | 'uniqueness');

/** What a directory asked cannot be done. The text says what was expected, and nothing of anybody. */
export class ScimError extends Error {
  override readonly name = 'ScimError';
  readonly status: number;
  readonly scimType: ScimType | null;

  constructor(status: number, scimType: ScimType | null, detail: string) {
    super(detail);
    this.status = status;
    this.scimType = scimType;
  }
}

export function notHere(): ScimError {
  return new ScimError(404, null, 'there is none here');
}

export function refuse(scimType: ScimType, detail: string): ScimError {
  return new ScimError(400, scimType, detail);
}
