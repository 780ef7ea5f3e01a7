// Of contract/admin.openapi.yaml, by `npm run generate`: changed there, and nowhere else.

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code?: string;
  /** What to do. */
  readonly detail?: string;
  readonly instance?: string;
  /** What of the value, or of the state of things, stood against it. */
  readonly reason?: string;
  /** Who has not confirmed it. */
  readonly gateways?: readonly string[];
  /** What in the request differs from this contract; never a value. */
  readonly errors?: readonly {
    readonly in?: string;
    readonly pointer?: string;
    readonly rule?: string;
    readonly name?: string;
    readonly expected?: string;
  }[];
};

/** Cursor of the next page; null on the last one. */
export type Next = string | null;

export type Name = string;

export type Reason = string;

export type Term = string;

export type Grants = readonly string[];

/** Networks in CIDR or addresses; empty means any. */
export type Networks = readonly string[];

/** As x-poorter `limit`, `quota` and `concurrency`; counted over all that the key calls. */
export type Limits = {
  readonly limit?: object | readonly unknown[];
  readonly quota?: object | readonly unknown[];
  readonly concurrency?: object | readonly unknown[];
};

export type OperatorRoles = readonly ('owner' | 'operator' | 'security-officer' | 'auditor' | 'developer')[];

export type ClientId = string;

export type Uris = readonly string[];

export type NoticeUri = string | null;

export type PageOrigin = string | null;

/** Kinds of authorization details that the client may ask for. RFC 9396. */
export type DetailTypes = readonly string[];

/** How a client shows that it is itself. private_key_jwt and self_signed_certificate have jwks or jwksUri, certificate has subject, the others nothing besides. */
export type ClientAuthentication = {
  readonly method: 'none' | 'secret' | 'private_key_jwt' | 'certificate' | 'self_signed_certificate';
  readonly jwks?: KeySet;
  readonly jwksUri?: string;
  readonly subject?: {
    readonly kind: 'dn' | 'dns' | 'uri' | 'ip' | 'email';
    readonly value: string;
  };
};

/** Public keys as a JWK set (RFC 7517). A private half is refused. */
export type KeySet = {
  readonly keys: readonly object[];
};

export type ClientFlows = readonly ('redirect' | 'embedded' | 'decoupled' | 'device' | 'session' | 'exchange')[];

/** Where the client is weaker than its profile; each by name, or it is refused. */
export type ClientWeaknesses = readonly ('shared-secret' | 'unbound-tokens' | 'custom-scheme' | 'no-pkce')[];

export type ClientTerms = {
  readonly name: Name;
  readonly profile: 'browser' | 'native' | 'machine' | 'fapi2';
  readonly authentication: ClientAuthentication;
  /** What its tokens are bound to. Default: dpop for machine and fapi2, none for the others. */
  readonly binding?: 'dpop' | 'certificate' | 'none';
  readonly redirectUris?: Uris;
  readonly postLogoutRedirectUris?: Uris;
  readonly logoutNoticeUri?: NoticeUri;
  readonly decisionNoticeUri?: NoticeUri;
  readonly flows?: ClientFlows;
  /** With the flow session: origin of the page that calls, such as https://app.example. Default: that of the gate. */
  readonly page?: PageOrigin;
  readonly scopes?: Grants;
  readonly detailTypes?: DetailTypes;
  readonly messageSigning?: boolean;
  /** What its ID tokens are signed by. Default: ES256. */
  readonly idTokenAlgorithm?: IdTokenAlgorithm;
  readonly accepts?: ClientWeaknesses;
};

export type Client = {
  readonly id: string;
  readonly name: string;
  readonly profile: 'browser' | 'native' | 'machine' | 'fapi2';
  readonly state: 'active' | 'disabled';
  readonly authentication: ClientAuthentication;
  readonly binding: 'dpop' | 'certificate' | 'none';
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly logoutNoticeUri: string | null;
  readonly decisionNoticeUri: string | null;
  readonly flows: ClientFlows;
  readonly page: string | null;
  readonly scopes: readonly string[];
  readonly detailTypes: readonly string[];
  readonly messageSigning: boolean;
  readonly idTokenAlgorithm: IdTokenAlgorithm;
  readonly accepts: ClientWeaknesses;
  readonly created: string;
  readonly createdBy: string | null;
  readonly disabled: string | null;
  readonly formerSecretUntil: string | null;
  readonly warnings?: Warnings;
};

export type InvitationWish = {
  /** For whom it is; nobody else sees it. */
  readonly name: Name;
  readonly profile: 'browser' | 'native' | 'machine' | 'fapi2';
  /** What a client that comes of it may have at most. Default: redirect, and nothing for machine. */
  readonly flows?: ClientFlows;
  readonly scopes?: Grants;
  readonly detailTypes?: DetailTypes;
  /** So many clients come of it at most. */
  readonly clients?: number;
  /** For so long. */
  readonly days?: number;
};

export type Invitation = {
  readonly id: string;
  readonly name: string;
  readonly profile: 'browser' | 'native' | 'machine' | 'fapi2';
  readonly flows: ClientFlows;
  readonly scopes: readonly string[];
  readonly detailTypes: readonly string[];
  readonly clientsLeft: number;
  readonly created: string;
  readonly createdBy: string | null;
  readonly expires: string;
  readonly ended: string | null;
};

export type NewClient = {
  readonly client: Client;
  readonly secret: string | null;
  readonly warnings?: Warnings;
};

export type AccountLanguage = 'nl' | 'fr' | 'de' | 'en';

export type AccountWish = {
  readonly login: Name;
  readonly name: Name;
  readonly email?: string | null;
  readonly language?: AccountLanguage;
};

export type ImportedAccount = {
  readonly login: Name;
  readonly name: Name;
  readonly email?: string | null;
  readonly language?: AccountLanguage;
  /** As it was kept, never the password itself: a PHC string of argon2id, argon2i, argon2d, pbkdf2-sha256 (`i`, and `l` or not), pbkdf2-sha512 or scrypt, or a hash of bcrypt. It counts with a code. Needs `issuer.passwords`. */
  readonly password?: string;
  /** The key of an app for codes (TOTP): in Base32, or an otpauth:// URI. Needs `issuer.passwords`. */
  readonly code?: string;
  /** Who they are at providers of `issuer.federation`. */
  readonly identities?: readonly {
    /** To the letter. */
    readonly issuer: string;
    readonly subject: string;
  }[];
  /** Nobody signs in with it. */
  readonly disabled?: boolean;
};

export type Account = {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  readonly email: string | null;
  readonly language: AccountLanguage;
  /** `suspended`: its directory says so, and may say otherwise. */
  readonly state: 'active' | 'suspended' | 'disabled';
  /** What its holder shows; never the thing itself. */
  readonly credentials: readonly {
    readonly id: string;
    readonly kind: 'passkey' | 'totp' | 'password' | 'recovery' | 'identity';
    readonly label: string;
    /** Of a passkey: whether it was kept in more places than one when it was last shown. Null where that is unknown. */
    readonly synced: boolean | null;
    readonly created: string;
    readonly lastUsed: string | null;
  }[];
  readonly created: string;
  readonly createdBy: string | null;
  readonly disabled: string | null;
  /** Sessions from before this moment have ended. */
  readonly signedOut: string;
  /** Which one makes, changes and ends it. Not in lists, nor of an account that no directory made. */
  readonly directory?: {
    readonly name: string;
    /** What the directory calls its holder. */
    readonly externalId: string | null;
    /** Of the directory, in which its holder is; the first thousand by name. */
    readonly groups: readonly string[];
  };
  /** What its holder may do by those groups, or by what a provider says at which they sign in. A token has those of them that its API asks for. Not in lists, nor where there are none. */
  readonly roles?: readonly string[];
};

export type AccountSession = {
  readonly id: string;
  /** As it calls itself, such as Firefox, Windows. */
  readonly browser: string;
  /** How its holder signed in, such as phr. */
  readonly acr: string | null;
  readonly signedIn: string;
  readonly lastUsed: string;
  readonly expires: string;
};

export type AccountGrant = {
  /** Stands in its tokens as `grant_id`. */
  readonly id: string;
  readonly client: string;
  /** Of the client; null where it is gone. */
  readonly name: string | null;
  /** Scopes of the authorization server itself. */
  readonly own: readonly string[];
  readonly apis: readonly {
    /** Its identifier. */
    readonly api: string;
    readonly scopes: readonly string[];
  }[];
  /** RFC 9396. */
  readonly details: readonly object[];
  readonly given: string;
  readonly expires: string;
};

export type SigningAlgorithm = 'ES256' | 'EdDSA' | 'RS256';

export type IdTokenAlgorithm = 'ES256' | 'RS256';

export type SigningKey = {
  readonly id: string;
  readonly algorithm: SigningAlgorithm;
  readonly created: string;
  /** From when on it signs. */
  readonly active: string;
  readonly revoked: string | null;
};

export type KeyWish = {
  readonly name: Name;
  readonly owner?: Name;
  readonly scopes?: Grants;
  readonly roles?: Grants;
  readonly limits?: Limits;
  readonly networks?: Networks;
  readonly expires?: string;
};

export type KeyChange = {
  readonly name?: Name;
  readonly owner?: Name | null;
  readonly scopes?: Grants;
  readonly roles?: Grants;
  readonly limits?: Limits | null;
  readonly networks?: Networks;
  readonly expires?: string | null;
};

export type Key = {
  readonly id: string;
  /** The application over all rotations of its key. */
  readonly client: string;
  readonly name: string;
  readonly owner: string | null;
  /** The first characters of the key. */
  readonly prefix: string;
  readonly state: 'active' | 'expired' | 'revoked' | 'rotated';
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly limits: object | null;
  readonly networks: readonly string[];
  readonly created: string;
  readonly createdBy: string | null;
  readonly expires: string | null;
  readonly rotatedFrom: string | null;
  readonly rotatedTo: string | null;
  readonly overlapUntil: string | null;
  readonly revoked: string | null;
  readonly reason: string | null;
  readonly lastUsed: string | null;
  readonly lastOperation: string | null;
  /** What the rotation policy says of this key. */
  readonly rotation: 'none' | 'fine' | 'due' | 'overdue';
  readonly warnings?: Warnings;
};

/** What was just written and leads nowhere: scopes and roles that no loaded description asks for, with the nearest name; of a client for a page, that no API takes sessions, or that its page is of another site than the gate. */
export type Warnings = readonly string[];

export type NewKey = {
  readonly key: string;
  readonly record: Key;
  readonly warnings?: Warnings;
};

export type KeyUse = {
  readonly operation: string | null;
  readonly address: string | null;
  readonly calls: number;
  readonly first: string;
  readonly last: string;
};

export type BlockWish = {
  readonly kind: 'address' | 'network' | 'client' | 'key' | 'subject';
  readonly value: Term;
  readonly reason: Reason;
  /** Default: until undone. */
  readonly until?: string;
};

export type Block = {
  readonly id: string;
  readonly kind: 'address' | 'network' | 'client' | 'key' | 'subject';
  readonly value: string;
  readonly reason: string;
  readonly state: 'active' | 'ended' | 'undone';
  readonly until: string | null;
  readonly created: string;
  readonly createdBy: string | null;
  readonly undone: string | null;
};

export type Operator = {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly created: string;
  readonly expires: string | null;
  readonly revoked: string | null;
  readonly lastUsed: string | null;
  /** Whose it is who signed in for it; null where an operator made it. */
  readonly account: string | null;
  /** The operator who made it. */
  readonly createdBy: string | null;
};

export type Gateway = {
  readonly name: string;
  readonly isConnected: boolean;
  /** Live state by which it decides; -1: it has not told. */
  readonly live: number;
  /** How long it may serve on without control; null while it is connected. */
  readonly servesForSeconds: number | null;
  /** Of its program; null while it is away. */
  readonly version: string | null;
  /** Messages of this connection that control does not know. */
  readonly passedOver: number;
};

/** A leaf as it stands in the tree, and who it speaks of where the key still lives. */
export type LogRecord = {
  readonly node: string;
  readonly index: number;
  readonly leaf: object;
  readonly who: object | null;
  readonly isErased: boolean;
  /** What differed although the call passed, in words; `leaf.answer` and `leaf.observed` have all of it. */
  readonly reported?: string;
};

/** Of a configuration with all its files; keyed, so that nothing can be guessed from it. */
export type ConfigurationDigest = string;

/** Whether the files, as they are now, are in force. */
export type ConfigurationStatus = {
  readonly state: 'current' | 'refused' | 'waiting';
  /** Of what is in force. */
  readonly digest: ConfigurationDigest | null;
  /** What is wrong with the files. */
  readonly refused: readonly {
    readonly file: string;
    readonly line: number;
    readonly column: number;
    readonly message: string;
  }[];
  /** A configuration that protects less, and waits for applyConfiguration. */
  readonly waiting: WeakerConfiguration | null;
  /** The last one that was put in force. */
  readonly weakened: WeakerConfiguration | null;
};

export type WeakerConfiguration = {
  readonly digest: ConfigurationDigest;
  readonly at: string;
  /** The first that differ. */
  readonly files: readonly string[];
  /** All weakenings of all operations. */
  readonly count: number;
  /** The operator who said that it may be so. */
  readonly approvedBy?: string | null;
  /** The first kinds of them. */
  readonly weakenings: readonly {
    readonly kind: 'operation-opened' | 'operation-added-open' | 'security-loosened' | 'authorization-loosened' | 'limit-removed' | 'limit-raised' | 'bound-raised' | 'failure-budget-raised' | 'network-widened' | 'hosts-widened' | 'proxies-widened' | 'cors-widened' | 'validation-loosened' | 'header-admitted' | 'release-loosened' | 'issuer-added' | 'issuer-loosened' | 'authority-added' | 'client-certificate-loosened' | 'tls-loosened' | 'upstream-elsewhere' | 'revocation-removed' | 'keys-elsewhere' | 'key-rotation-loosened' | 'gateway-admitted' | 'counters-apart' | 'records-loosened' | 'reload-unasked' | 'before-unknown';
    readonly api: string | null;
    readonly operation: {
      readonly method: string;
      readonly path: string;
    } | null;
    /** Operations besides the one named. */
    readonly more: number;
    readonly sentence: string;
  }[];
};

export type Status = {
  readonly version: string;
  readonly snapshot: {
    readonly compiled: number;
    readonly applied: number;
  };
  readonly configuration: ConfigurationStatus;
  readonly live: number;
  readonly gateways: readonly {
    readonly node: string;
    readonly isConnected: boolean;
    readonly live: number;
  }[];
  /** Those that make accounts here; left out where none is configured. */
  readonly directories?: readonly {
    readonly name: string;
    /** Counted up to 100,000. */
    readonly people: number;
    /** Counted up to 100,000. */
    readonly groups: number;
    /** When it last asked or said something, to a minute; null: never. */
    readonly lastHeard: string | null;
  }[];
  /** What somebody should look at. */
  readonly attention: readonly {
    readonly code: string;
    readonly message: string;
  }[];
};

/** What each operation takes, and what it answers when it is done, by status. */
export interface Operations {
  /** What is in force, on which gateways, and what asks for attention. */
  readonly readStatus: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Status;
    };
  };
  /** API keys, oldest first. Never the keys themselves. */
  readonly listKeys: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: {
      readonly cursor?: string;
      readonly limit?: number;
      readonly state?: 'active' | 'expired' | 'revoked' | 'rotated';
      readonly owner?: string;
    };
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly Key[];
        readonly next: Next;
      };
    };
  };
  /** Makes an API key. The answer is the only place where it ever stands. */
  readonly createKey: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: KeyWish;
    readonly answers: {
      readonly 201: NewKey;
    };
  };
  /** Finds a leaked key, replaces it, revokes it, and says where it was used since. */
  readonly reportLeakedKey: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: {
      readonly key: string;
      readonly leakedAt?: string;
      readonly replace?: boolean;
    };
    readonly answers: {
      readonly 200: {
        readonly revoked: Key;
        readonly replacement: NewKey | null;
        /** null when the log could not be read; `poorter log search` shows them later. */
        readonly uses: readonly KeyUse[] | null;
        /** Gateways that have not confirmed that they refuse it. */
        readonly unconfirmed: readonly string[];
      };
    };
  };
  readonly showKey: {
    readonly path: {
      readonly id: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Key;
    };
  };
  /** Changes what is named; null takes a limit or an expiry away. */
  readonly changeKey: {
    readonly path: {
      readonly id: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'If-Match': string;
    };
    readonly body: KeyChange;
    readonly answers: {
      readonly 200: Key;
    };
  };
  /** Makes a successor; the old key works until the overlap ends. */
  readonly rotateKey: {
    readonly path: {
      readonly id: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: {
      readonly overlapSeconds?: number;
      readonly expires?: string;
    } | undefined;
    readonly answers: {
      readonly 201: NewKey;
    };
  };
  /** Ends a key. Answers when every gateway thread refuses it. */
  readonly revokeKey: {
    readonly path: {
      readonly id: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: {
      readonly reason?: Reason;
    } | undefined;
    readonly answers: {
      readonly 200: Key;
    };
  };
  /** Scopes and roles of a key that nothing it called has asked for. */
  readonly showUnusedRights: {
    readonly path: {
      readonly id: string;
    };
    readonly query: {
      readonly days?: number;
    };
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly since: string;
        /** All calls up to here are known, but for those at gateways of `unheard`. */
        readonly until: string;
        /** Gateways that are away; what was called there lately is not known. */
        readonly unheard: readonly string[];
        /** What it called since then. */
        readonly operations: readonly string[];
        /** Never asked for. */
        readonly scopes: readonly string[];
        /** Never asked for. */
        readonly roles: readonly string[];
      };
    };
  };
  /** Blocks in force, newest first. */
  readonly listBlocks: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: {
      readonly cursor?: string;
      readonly limit?: number;
      readonly ended?: boolean;
    };
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly Block[];
        readonly next: Next;
      };
    };
  };
  /** Refuses somebody for a time. Answers when every gateway thread does. */
  readonly createBlock: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: BlockWish;
    readonly answers: {
      readonly 201: Block;
    };
  };
  readonly showBlock: {
    readonly path: {
      readonly id: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Block;
    };
  };
  /** Undoes a block; it stays in the list of ended ones. */
  readonly undoBlock: {
    readonly path: {
      readonly id: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Block;
    };
  };
  /** Gateways on other machines that may serve, connected or not. */
  readonly listGateways: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly Gateway[];
      };
    };
  };
  /** Says that a gateway that is cut off is gone for good; revocations no longer wait for it. */
  readonly removeGateway: {
    readonly path: {
      readonly name: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly removed: number;
      };
    };
  };
  /** Puts a configuration in force that protects less than the one before, and waits for that. */
  readonly applyConfiguration: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: {
      readonly digest: ConfigurationDigest;
    };
    readonly answers: {
      readonly 200: {
        readonly digest: ConfigurationDigest;
        /** Of the snapshot. */
        readonly version: number;
      };
    };
  };
  readonly listOperators: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: {
      readonly cursor?: string;
      readonly limit?: number;
    };
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly Operator[];
        readonly next: Next;
      };
    };
  };
  /** Makes a credential for this API. It is shown this once. */
  readonly createOperator: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: {
      readonly name: Name;
      readonly roles: OperatorRoles;
      readonly expires?: string;
    };
    readonly answers: {
      readonly 201: {
        readonly operator: Operator;
        readonly key: string;
      };
    };
  };
  /** Ends an operator's credential at once. */
  readonly revokeOperator: {
    readonly path: {
      readonly id: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Operator;
    };
  };
  /** Applications that the authorization server knows, oldest first. Never their secrets. */
  readonly listClients: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: {
      readonly cursor?: string;
      readonly limit?: number;
    };
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly Client[];
        readonly next: Next;
      };
    };
  };
  /** Makes a client. Where it has a secret, the answer is the only place where that ever stands. */
  readonly createClient: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: ClientTerms;
    readonly answers: {
      readonly 201: NewClient;
    };
  };
  /** By which somebody registers clients who is no operator, oldest first. Never their tokens. */
  readonly listClientInvitations: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: {
      readonly cursor?: string;
      readonly limit?: number;
    };
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly Invitation[];
        readonly next: Next;
      };
    };
  };
  /** Makes an initial access token (RFC 7591), for so many clients of one profile. It is shown this once. */
  readonly createClientInvitation: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: InvitationWish;
    readonly answers: {
      readonly 201: {
        readonly invitation: Invitation;
        /** Shown this once. */
        readonly token: string;
        readonly warnings?: Warnings;
      };
    };
  };
  /** Nothing more comes of it. Clients that came of it stay. */
  readonly endClientInvitation: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Invitation;
    };
  };
  readonly showClient: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Client;
    };
  };
  /** Other terms for a client, whole. What it was given before counts no more where they take something away. */
  readonly replaceClient: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'If-Match': string;
    };
    readonly body: ClientTerms;
    readonly answers: {
      readonly 200: Client;
    };
  };
  /** Ends a client for good. Answered when no gate accepts what it was given. */
  readonly disableClient: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Client;
    };
  };
  /** Another secret for a client that has one. It is shown this once. */
  readonly rotateClientSecret: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: {
      /** For so long the one before is accepted too. */
      readonly overlapSeconds?: number;
    };
    readonly answers: {
      readonly 200: NewClient;
    };
  };
  /** People who sign in at the authorization server, oldest first. */
  readonly listAccounts: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: {
      readonly cursor?: string;
      readonly limit?: number;
    };
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly Account[];
        readonly next: Next;
      };
    };
  };
  /** Makes an account. Its holder comes in by a link. */
  readonly createAccount: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: AccountWish;
    readonly answers: {
      readonly 201: Account;
    };
  };
  /** Makes accounts of people who had one elsewhere, all of them or none. */
  readonly importAccounts: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: {
      readonly accounts: readonly ImportedAccount[];
      /** What is done where a login is there already: nothing is imported, or it is passed over and stays as it is. */
      readonly existing?: 'refuse' | 'skip';
      /** Judged alone; nothing changes. */
      readonly preview?: boolean;
    };
    readonly answers: {
      readonly 200: {
        readonly accounts: readonly {
          readonly login: string;
          /** Null for one that a preview would make. */
          readonly id: string | null;
          /** False: it was there already, and is as it was. */
          readonly isNew: boolean;
        }[];
      };
    };
  };
  readonly showAccount: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Account;
    };
  };
  /** Another profile, whole. */
  readonly changeAccount: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'If-Match': string;
    };
    readonly body: AccountWish;
    readonly answers: {
      readonly 200: Account;
    };
  };
  /** Nobody signs in with it any more, and every session of it ends. */
  readonly disableAccount: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Account;
    };
  };
  /** Every session of it ends; its holder may sign in again. */
  readonly signOutAccount: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Account;
    };
  };
  /** Where its holder is signed in, the latest used first. */
  readonly listAccountSessions: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly AccountSession[];
      };
    };
  };
  /** Signs its holder out in one place, and ends what goes with that session. */
  readonly endAccountSession: {
    readonly path: {
      readonly id: ClientId;
      readonly session: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: AccountSession;
    };
  };
  /** The applications that its holder said yes to, the latest first. */
  readonly listAccountGrants: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly AccountGrant[];
      };
    };
  };
  /** Takes back what its holder allowed. Answered when no gate accepts a token of it. */
  readonly endAccountGrant: {
    readonly path: {
      readonly id: ClientId;
      readonly grant: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: AccountGrant;
    };
  };
  /** Nobody signs in with it any more. It may be the last one; its holder then comes in by a link. */
  readonly removeAccountCredential: {
    readonly path: {
      readonly id: ClientId;
      readonly credential: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: Account;
    };
  };
  /** A link by which its holder comes in once, within a quarter of an hour. Another of its kind ends with it. */
  readonly linkAccount: {
    readonly path: {
      readonly id: ClientId;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: {
      readonly purpose: 'enrol' | 'recover';
    };
    readonly answers: {
      readonly 200: {
        readonly link: string;
        readonly expires: string;
      };
    };
  };
  /** Where applications find the authorization server; 404 where it is somebody else's. */
  readonly readIssuer: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly origin: string;
        /** The same document, where OpenID Connect and RFC 8414 look for it. */
        readonly discovery: readonly string[];
        /** Where people look after what is theirs. */
        readonly account: string;
        /** Where clients show a certificate; null where none is taken. */
        readonly certificates: string | null;
      };
    };
  };
  /** What the authorization server signs with, youngest first. */
  readonly listSigningKeys: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly SigningKey[];
      };
    };
  };
  /** Another key, which signs when it has been published for a day, or at once. */
  readonly makeSigningKey: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: {
      readonly 'Idempotency-Key'?: string;
    };
    readonly body: {
      readonly algorithm: SigningAlgorithm;
      /** It signs at once; whoever fetches key sets seldom may not know it yet. */
      readonly isUrgent?: boolean;
    };
    readonly answers: {
      readonly 201: SigningKey;
    };
  };
  /** Nothing that it signed is believed any more. Where no other key is left, another is made. */
  readonly revokeSigningKey: {
    readonly path: {
      readonly id: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: SigningKey;
    };
  };
  /** Records, newest first, that match every condition given. */
  readonly searchLog: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: {
      readonly cursor?: string;
      readonly limit?: number;
      readonly from?: string;
      readonly to?: string;
      readonly client?: Term;
      readonly subject?: Term;
      readonly address?: Term;
      readonly operation?: Term;
      readonly decision?: Term;
      readonly code?: Term;
      readonly object?: Term;
      readonly node?: Term;
      readonly reported?: true;
    };
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly LogRecord[];
        readonly next: Next;
      };
    };
  };
  /** Everything recorded of one call, oldest first. */
  readonly showLoggedCall: {
    readonly path: {
      readonly call: string;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly LogRecord[];
      };
    };
  };
  readonly showLogRecord: {
    readonly path: {
      readonly node: string;
      readonly index: number;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: LogRecord;
    };
  };
  /** Inclusion proof of one record, to be verified without us. */
  readonly proveLogRecord: {
    readonly path: {
      readonly node: string;
      readonly index: number;
    };
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: object;
    };
  };
  /** The newest signed checkpoint of each node, and the keys that verify them. */
  readonly readCheckpoints: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: undefined;
    readonly answers: {
      readonly 200: {
        readonly items: readonly {
          readonly node: string;
          readonly checkpoint: string;
          readonly publicKey: string;
        }[];
      };
    };
  };
  /** Destroys the key of a person's values. The log stays provable; the person is gone from it. */
  readonly eraseSubject: {
    readonly path: Readonly<Record<never, never>>;
    readonly query: Readonly<Record<never, never>>;
    readonly header: Readonly<Record<never, never>>;
    readonly body: {
      readonly kind: 'subject' | 'client' | 'address';
      readonly value: Term;
    };
    readonly answers: {
      readonly 200: {
        /** Data keys, with those of the API keys that the person held. */
        readonly destroyed: number;
        /** API keys that the person held. Nobody can read whose they were. */
        readonly revokedKeys: readonly string[];
        /** Blocks of the person that held. They cannot hold without their value. */
        readonly endedBlocks: readonly string[];
      };
    };
  };
}

/** Where each operation is. */
export const operations = {
  readStatus: { method: 'GET', path: '/v1/status' },
  listKeys: { method: 'GET', path: '/v1/keys' },
  createKey: { method: 'POST', path: '/v1/keys' },
  reportLeakedKey: { method: 'POST', path: '/v1/keys/leaked' },
  showKey: { method: 'GET', path: '/v1/keys/{id}' },
  changeKey: { method: 'PATCH', path: '/v1/keys/{id}' },
  rotateKey: { method: 'POST', path: '/v1/keys/{id}/rotate' },
  revokeKey: { method: 'POST', path: '/v1/keys/{id}/revoke' },
  showUnusedRights: { method: 'GET', path: '/v1/keys/{id}/unused' },
  listBlocks: { method: 'GET', path: '/v1/blocks' },
  createBlock: { method: 'POST', path: '/v1/blocks' },
  showBlock: { method: 'GET', path: '/v1/blocks/{id}' },
  undoBlock: { method: 'DELETE', path: '/v1/blocks/{id}' },
  listGateways: { method: 'GET', path: '/v1/gateways' },
  removeGateway: { method: 'DELETE', path: '/v1/gateways/{name}' },
  applyConfiguration: { method: 'POST', path: '/v1/configuration/apply' },
  listOperators: { method: 'GET', path: '/v1/operators' },
  createOperator: { method: 'POST', path: '/v1/operators' },
  revokeOperator: { method: 'POST', path: '/v1/operators/{id}/revoke' },
  listClients: { method: 'GET', path: '/v1/clients' },
  createClient: { method: 'POST', path: '/v1/clients' },
  listClientInvitations: { method: 'GET', path: '/v1/client-invitations' },
  createClientInvitation: { method: 'POST', path: '/v1/client-invitations' },
  endClientInvitation: { method: 'POST', path: '/v1/client-invitations/{id}/end' },
  showClient: { method: 'GET', path: '/v1/clients/{id}' },
  replaceClient: { method: 'PUT', path: '/v1/clients/{id}' },
  disableClient: { method: 'POST', path: '/v1/clients/{id}/disable' },
  rotateClientSecret: { method: 'POST', path: '/v1/clients/{id}/secret' },
  listAccounts: { method: 'GET', path: '/v1/accounts' },
  createAccount: { method: 'POST', path: '/v1/accounts' },
  importAccounts: { method: 'POST', path: '/v1/accounts/import' },
  showAccount: { method: 'GET', path: '/v1/accounts/{id}' },
  changeAccount: { method: 'PUT', path: '/v1/accounts/{id}' },
  disableAccount: { method: 'POST', path: '/v1/accounts/{id}/disable' },
  signOutAccount: { method: 'POST', path: '/v1/accounts/{id}/sign-out' },
  listAccountSessions: { method: 'GET', path: '/v1/accounts/{id}/sessions' },
  endAccountSession: { method: 'POST', path: '/v1/accounts/{id}/sessions/{session}/end' },
  listAccountGrants: { method: 'GET', path: '/v1/accounts/{id}/grants' },
  endAccountGrant: { method: 'POST', path: '/v1/accounts/{id}/grants/{grant}/end' },
  removeAccountCredential: { method: 'DELETE', path: '/v1/accounts/{id}/credentials/{credential}' },
  linkAccount: { method: 'POST', path: '/v1/accounts/{id}/link' },
  readIssuer: { method: 'GET', path: '/v1/issuer' },
  listSigningKeys: { method: 'GET', path: '/v1/issuer/keys' },
  makeSigningKey: { method: 'POST', path: '/v1/issuer/keys' },
  revokeSigningKey: { method: 'POST', path: '/v1/issuer/keys/{id}/revoke' },
  searchLog: { method: 'GET', path: '/v1/log/records' },
  showLoggedCall: { method: 'GET', path: '/v1/log/calls/{call}' },
  showLogRecord: { method: 'GET', path: '/v1/log/records/{node}/{index}' },
  proveLogRecord: { method: 'GET', path: '/v1/log/records/{node}/{index}/proof' },
  readCheckpoints: { method: 'GET', path: '/v1/log/checkpoints' },
  eraseSubject: { method: 'POST', path: '/v1/subjects/erase' },
} as const;
