import type { ArtefactStore } from '../artefacts/index.ts';
import { CODE_LIFE_SECONDS } from '../protocol/provider-settings.ts';

export interface GivenCodePorts {
  readonly artefacts: Pick<ArtefactStore, 'put' | 'find'>;
  readonly now: () => number;
}

const KIND = 'EmbeddedCode';

/**
 * Codes that an application was given without that anybody was sent anywhere. The library compares the address of the
 * request with that of the token request; there is none in either (draft §6).
 */
export class GivenCodes {
  readonly #ports: GivenCodePorts;

  constructor(ports: GivenCodePorts) {
    this.#ports = ports;
  }

  remember(code: string, redirectUri: string): Promise<void> {
    const { artefacts, now } = this.#ports;
    const expiresAt = now() + CODE_LIFE_SECONDS * 1000;
    return artefacts.put(KIND, code, { payload: { redirectUri }, expiresAt });
  }

  /** Whether it was given here, and is not over. */
  async isGiven(code: string): Promise<boolean> {
    return (await this.#ports.artefacts.find(KIND, code)) !== undefined;
  }

  /** A token request, with the address that its code was made with, where it leaves that out. */
  async complete(form: Uint8Array): Promise<Uint8Array> {
    const fields = new URLSearchParams(Buffer.from(form).toString('utf8'));
    const code = fields.get('code');
    const isForCode = fields.get('grant_type') === 'authorization_code';
    if (!isForCode || code === null || fields.has('redirect_uri')) return form;
    const found = await this.#ports.artefacts.find(KIND, code);
    if (found === undefined) return form;
    fields.set('redirect_uri', String(found.payload['redirectUri']));
    return Buffer.from(fields.toString());
  }
}
