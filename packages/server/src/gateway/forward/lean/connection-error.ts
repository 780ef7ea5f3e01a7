/** Codes of faults that are not the system's, nor the parser's. */
type FaultCode =
  | 'CONNECT_TIMEOUT'
  | 'HEAD_TIMEOUT'
  | 'BODY_TIMEOUT'
  | 'OTHER_SIDE_CLOSED'
  | 'UNASKED_UPGRADE'
  | 'INVALID_STATUS'
  | 'BODY_LENGTH';

/** A fault of a connection, or of what came over it. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: FaultCode;
  constructor(code: FaultCode) {
    super(code.toLowerCase().replaceAll('_', ' '));
    this.code = code;
  }
}
