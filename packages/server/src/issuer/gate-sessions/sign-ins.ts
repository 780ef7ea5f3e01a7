import { BoundToBrowser, type BoundToBrowserPorts } from '../artefacts/index.ts';

/** Somebody on their way to our pages, for a page of this client. */
export interface GateSignIn {
  readonly client: string;
  readonly verifier: string;
  readonly nonce: string;
  /** Where they go on, on the origin of the page. */
  readonly returnPath: string;
}

export type GateSignIns = BoundToBrowser<GateSignIn>;

/** Whoever looks for their passkey, or makes one, takes a while. */
export const SIGN_IN_LIFE_SECONDS = 600;

/** Who was sent to sign in. */
export function openGateSignIns(ports: BoundToBrowserPorts): GateSignIns {
  return new BoundToBrowser(ports, 'GateSignIn', SIGN_IN_LIFE_SECONDS * 1_000);
}
