import { randomBytes } from 'node:crypto';
import { parseJsonText } from '@poorter/openapi/json';
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server';
import type { CredentialStore, StoredAccount } from '../../access/accounts/index.ts';
import type { ArtefactStore } from '../artefacts/index.ts';
import { type ApprovalProof, type AskedApproval, approvalChallenge } from '../details/index.ts';

export interface PasskeyPorts {
  /** Where pages stand: a passkey is made for its host, and holds for no other. */
  readonly origin: string;
  /** What applications on a device call themselves to passkeys, where their system knows no web address for them. */
  readonly applicationOrigins: readonly string[];
  readonly credentials: CredentialStore;
  readonly artefacts: ArtefactStore;
  readonly now: () => number;
}

/** What the browser is asked must be answered within this time. */
const CHALLENGE_LIFE_MS = 300_000;
const NONCE_BYTES = 32;
const OWN_PAGES = 'here';
const CHALLENGE_KIND = 'PasskeyChallenge';
/** WebAuthn Level 3 §7.1. */
const CREDENTIAL_ID_BYTES_MAX = 1_023;
/** ES256, EdDSA, RS256: what authenticators have. */
const ALGORITHMS = [-7, -8, -257];

interface KeptPasskey {
  readonly publicKey: string;
  readonly transports: readonly string[];
  /** It is kept in more places than one. WebAuthn Level 3 §6.1.3: it may be so today, and otherwise tomorrow. */
  readonly isSynced: boolean;
  /** It may be: this never changes. Absent: it was made before this was kept, and is learned when it is next shown. */
  readonly isSyncable?: boolean;
}

export interface NewPasskey extends KeptPasskey {
  readonly credentialId: string;
  /** What its counter says. */
  readonly uses: number;
}

/** Passkeys (WebAuthn Level 3), with the person verified each time: two factors in one. */
export class Passkeys {
  readonly #ports: PasskeyPorts;

  constructor(ports: PasskeyPorts) {
    this.#ports = ports;
  }

  async enrolmentOptions({ id, login, name }: StoredAccount): Promise<object> {
    const known = await this.#ports.credentials.list(id);
    const options = await generateRegistrationOptions({
      ...{ rpName: this.#host, rpID: this.#host, userName: login, userDisplayName: name },
      userID: new Uint8Array(Buffer.from(id)),
      attestationType: 'none',
      supportedAlgorithmIDs: ALGORITHMS,
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      excludeCredentials: known.flatMap(({ kind, data }) =>
        kind === 'passkey' ? [{ id: String(data['credentialId']) }] : [],
      ),
    });
    await this.#remember(options.challenge, { purpose: 'enrol', account: id });
    return options;
  }

  /** Null: what the browser shows is no new passkey of this person, asked for here, with the person verified. */
  async verifyNew(account: StoredAccount, shown: object): Promise<NewPasskey | null> {
    const response = shown as RegistrationResponseJSON;
    const verified = await verifyRegistrationResponse({
      response,
      expectedChallenge: (challenge) => this.#spend(challenge, 'enrol', account.id),
      expectedOrigin: this.#ports.origin,
      expectedRPID: this.#host,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    }).catch(() => null);
    if (verified?.verified !== true) return null;
    const { credential, credentialBackedUp, credentialDeviceType } = verified.registrationInfo;
    if (Buffer.from(credential.id, 'base64url').length > CREDENTIAL_ID_BYTES_MAX) return null;
    if ((await this.#ports.credentials.find('passkey', credential.id)) !== undefined) return null;
    return {
      ...{ credentialId: credential.id, uses: credential.counter },
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      transports: credential.transports ?? [],
      ...{ isSynced: credentialBackedUp, isSyncable: credentialDeviceType === 'multiDevice' },
    };
  }

  /** False: somebody else was faster with the same. */
  async keep(
    { id }: StoredAccount,
    { uses, ...data }: NewPasskey,
    label: string,
  ): Promise<boolean> {
    const added = await this.#ports.credentials.add({
      ...{ accountId: id, kind: 'passkey', data, label },
      ...{ lookup: data.credentialId, uses },
    });
    return added !== undefined;
  }

  /**
   * For whoever it may be: which passkeys an account has is told to nobody. `place`: where it is asked; it holds nowhere
   * else.
   */
  async signInOptions(place = OWN_PAGES): Promise<object> {
    const options = await generateAuthenticationOptions({
      ...{ rpID: this.#host, userVerification: 'required', allowCredentials: [] },
    });
    await this.#remember(options.challenge, { purpose: `sign-in ${place}` });
    return options;
  }

  /** Id of the account whose passkey this is; null: it is nobody's, or was not asked for here and now. */
  signIn(shown: object, place = OWN_PAGES): Promise<string | null> {
    const { origin, applicationOrigins } = this.#ports;
    const origins = place === OWN_PAGES ? [origin] : [origin, ...applicationOrigins];
    const isAsked = (challenge: string) => this.#spend(challenge, `sign-in ${place}`, undefined);
    return this.#verify(shown, isAsked, origins);
  }

  async #verify(
    shown: object,
    isAsked: (challenge: string) => Promise<boolean>,
    origins: readonly string[] = [this.#ports.origin],
  ): Promise<string | null> {
    const response = shown as AuthenticationResponseJSON;
    const { credentials } = this.#ports;
    const known = await credentials.find('passkey', response.id);
    if (known === undefined || !isOfThisPage(response, known.accountId)) return null;
    const kept = known.data as unknown as KeptPasskey;
    const verified = await verifyAuthenticationResponse({
      response,
      expectedChallenge: isAsked,
      expectedOrigin: [...origins],
      expectedRPID: this.#host,
      requireUserVerification: true,
      credential: {
        id: response.id,
        publicKey: new Uint8Array(Buffer.from(kept.publicKey, 'base64url')),
        counter: known.uses,
      },
    }).catch(() => null);
    if (verified?.verified !== true) return null;
    const { newCounter, credentialBackedUp, credentialDeviceType } = verified.authenticationInfo;
    const now = {
      isSynced: credentialBackedUp,
      isSyncable: credentialDeviceType === 'multiDevice',
    };
    // WebAuthn Level 3 §7.2: what could be in one place alone is not suddenly a thing that can be copied.
    if ((kept.isSyncable ?? now.isSyncable) !== now.isSyncable) return null;
    // WebAuthn §6.1.1: one that counts must count on; one that has never counted does not.
    const isUncounted = now.isSynced || (newCounter === 0 && known.uses === 0);
    const isSame = kept.isSynced === now.isSynced && kept.isSyncable === now.isSyncable;
    const isCurrent = await credentials.use(known.id, newCounter, {
      ...{ isUncounted, ...(!isSame && { data: { ...known.data, ...now } }) },
    });
    return isCurrent ? known.accountId : null;
  }

  /** For this person alone, over what they are shown: see approvalChallenge. */
  async approvalOptions(asked: AskedApproval): Promise<object> {
    const nonce = randomBytes(NONCE_BYTES).toString('base64url');
    const challenge = approvalChallenge(asked, nonce);
    const known = await this.#ports.credentials.list(asked.account);
    const options = await generateAuthenticationOptions({
      ...{ rpID: this.#host, userVerification: 'required' },
      challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
      allowCredentials: known.flatMap(({ kind, data }) =>
        kind === 'passkey' ? [{ id: String(data['credentialId']) }] : [],
      ),
    });
    await this.#remember(options.challenge, { purpose: 'approve', account: asked.account, nonce });
    return options;
  }

  /** Null: this person did not sign just this, here and now. */
  async approve(
    asked: AskedApproval,
    shown: object,
  ): Promise<{ readonly proof: ApprovalProof; readonly nonce: string } | null> {
    let nonce = '';
    const accountId = await this.#verify(shown, async (challenge) => {
      const found = await this.#ports.artefacts.find(CHALLENGE_KIND, challenge);
      nonce = String(found?.payload['nonce']);
      const isThis = challenge === approvalChallenge(asked, nonce);
      return isThis && (await this.#spend(challenge, 'approve', asked.account));
    });
    if (accountId === null || accountId !== asked.account) return null;
    const { id, response } = shown as AuthenticationResponseJSON;
    const { authenticatorData, clientDataJSON: clientData, signature } = response;
    return { nonce, proof: { credential: id, authenticatorData, clientData, signature } };
  }

  get #host(): string {
    return new URL(this.#ports.origin).hostname;
  }

  #remember(challenge: string, payload: Record<string, string>): Promise<void> {
    const expiresAt = this.#ports.now() + CHALLENGE_LIFE_MS;
    return this.#ports.artefacts.put(CHALLENGE_KIND, challenge, { payload, expiresAt });
  }

  /** Each is answered once, for what it was asked for. */
  async #spend(challenge: string, purpose: string, account: string | undefined): Promise<boolean> {
    const { artefacts } = this.#ports;
    const found = await artefacts.find(CHALLENGE_KIND, challenge);
    if (found?.payload['purpose'] !== purpose || found.payload['account'] !== account) return false;
    return artefacts.consume(CHALLENGE_KIND, challenge);
  }
}

/** WebAuthn Level 3 §7.2: made for this account, where it says so, and asked for by no page within another. */
function isOfThisPage({ response }: AuthenticationResponseJSON, accountId: string): boolean {
  const { userHandle, clientDataJSON } = response;
  if (userHandle !== undefined && Buffer.from(userHandle, 'base64url').toString() !== accountId) {
    return false;
  }
  try {
    const text = Buffer.from(clientDataJSON, 'base64url').toString('utf8');
    return (parseJsonText(text) as { crossOrigin?: unknown } | null)?.crossOrigin !== true;
  } catch {
    return false;
  }
}
