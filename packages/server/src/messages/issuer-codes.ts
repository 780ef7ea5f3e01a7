/** Why the authorization server refused something: `code` of its records, and `error` of its answers where one stands. */
export interface IssuerCode {
  readonly means: string;
  /** What its caller can do. */
  readonly remedy: string;
}

/** Those of the specifications by their names, and those of our own pages. */
export const issuerCodes = {
  access_denied: {
    means: 'The person said no, or what was asked is not theirs to give.',
    remedy: 'Say what it is for, and ask again.',
  },
  authorization_pending: {
    means: 'Nobody has decided yet (RFC 8628, CIBA).',
    remedy: 'Ask again after `interval` seconds.',
  },
  code_refused: {
    means: 'The code of the app is not the one of this moment, or was used.',
    remedy: 'Type the next one; look at the clock of the device.',
  },
  consent_required: {
    means: 'Somebody must be asked, and `prompt=none` forbids it.',
    remedy: 'Send the person here without it.',
  },
  credential_needed: {
    means: 'It is the last one with which somebody can sign in.',
    remedy: 'Add another before it is removed.',
  },
  expired_token: {
    means: 'The person did not decide in time (RFC 8628, CIBA).',
    remedy: 'Begin again.',
  },
  identity_taken: {
    means: 'Whom the provider names comes in here already, as themselves or as somebody else.',
    remedy: 'Unlink it there first; or sign in at the provider as somebody else.',
  },
  insufficient_authorization: {
    means: 'The person has not shown yet who they are, within the application.',
    remedy: 'Ask them for one of `factors`, and send it with `auth_session`.',
  },
  insufficient_scope: {
    means: 'The token is not for this.',
    remedy: 'Ask for a token with the scope.',
  },
  interaction_over: {
    means: 'A page of a request that is over, or of another browser.',
    remedy: 'Begin again at the application.',
  },
  interaction_required: {
    means: 'Somebody must be asked, and `prompt=none` forbids it.',
    remedy: 'Send the person here without it.',
  },
  invalid_authorization_details: {
    means: 'The details are of an unknown type, or not of its form (RFC 9396).',
    remedy: 'Compare them with the schema of the type.',
  },
  invalid_binding_message: {
    means: 'The message is too long, or holds what nobody can read (CIBA).',
    remedy: 'Send up to 200 visible characters.',
  },
  invalid_client: {
    means: 'The client is unknown, disabled, or did not show that it is itself.',
    remedy: 'Look at its id, its secret, its key, and the `aud` and `exp` of its assertion.',
  },
  invalid_client_metadata: {
    means: 'What is known of the client cannot be served.',
    remedy: 'Change the client as the description says.',
  },
  invalid_dpop_proof: {
    means: 'The proof of possession is not right, or was shown before (RFC 9449).',
    remedy: 'Make one for each call, with `htm`, `htu`, `iat` and `jti`.',
  },
  invalid_grant: {
    means: 'The code or token is unknown, used, expired, or of another client.',
    remedy: 'Begin again. What came of a code that was used twice has ended.',
  },
  invalid_link: {
    means: 'A link that was used, or has run out.',
    remedy: 'Ask for another link.',
  },
  invalid_redirect_uri: {
    means: 'Nobody is sent to an address that is not registered, to the letter.',
    remedy: 'Register it, or send the one that is.',
  },
  invalid_request: {
    means: 'A parameter is missing, stands twice, or is not of its form.',
    remedy: 'The description names it.',
  },
  invalid_request_object: {
    means: 'The signed request is not right (RFC 9101).',
    remedy: 'Look at its signature, `iss`, `aud`, `nbf` and `exp`.',
  },
  invalid_request_uri: {
    means: 'The pushed request is unknown, used, or over (RFC 9126).',
    remedy: 'Push it again; it is good once, for a minute.',
  },
  invalid_scope: {
    means: 'No API here asks for this scope, or the client may not ask for it.',
    remedy: 'Give the scope to the client, or leave it out.',
  },
  invalid_session: {
    means:
      'The `auth_session` is unknown, used, over, or was shown without the key it was given to.',
    remedy: 'Begin again, without it. Each is good once: the answer has the next.',
  },
  invalid_software_statement: {
    means: 'The statement is not signed as it should be, or is over (RFC 7591).',
    remedy: 'Have another made by whoever signs them.',
  },
  invalid_target: {
    means: 'No API here has this identifier, or none was chosen (RFC 8707).',
    remedy: 'Name one of the APIs in `resource`.',
  },
  invalid_token: {
    means: 'The token is not right, not for this, or has ended.',
    remedy: 'Ask for another.',
  },
  login_required: {
    means: 'Somebody must sign in, and `prompt=none` forbids it.',
    remedy: 'Send the person here without it.',
  },
  other_origin: {
    means: 'A page of another site asked in the name of a person.',
    remedy: 'None: nothing was done.',
  },
  logout_token_refused: {
    means: 'What a provider sent to sign somebody out is not right, or was sent before.',
    remedy:
      'Look at its signature, `iss`, `aud`, `iat`, `exp`, `jti`, `events`, and that it has no `nonce`.',
  },
  not_everywhere_yet: {
    means: 'It was taken back, and some gate may still accept what was given before.',
    remedy: 'Do it again in a moment; look at `poorter status` when it stays.',
  },
  password_unfit: {
    means: 'The password is too short, too long, known to everybody, or holds the name.',
    remedy: 'Choose another, of twelve characters or more.',
  },
  passwords_off: {
    means: 'Nobody signs in with a password here.',
    remedy: 'Use a passkey; or set `issuer.passwords`.',
  },
  password_refused: {
    means: 'The name, the password and the code do not belong together, or too many were tried.',
    remedy: 'Wait a while, and type them again; or sign in with a passkey.',
  },
  provider_answer_wrong: {
    means: 'A provider answered with what must not be believed, or what somebody sent in its name.',
    remedy:
      'Look at `reason` in the record: it names the member. Compare `issuer` and `clientId` with what the provider has.',
  },
  provider_not_fresh: {
    means:
      'A provider was asked to let somebody show again who they are, and does not say that they did.',
    remedy: 'Let it send `auth_time`; or sign in with a passkey.',
  },
  provider_refused: {
    means: 'A provider let nobody in: somebody gave up there, or it refuses this server.',
    remedy:
      'Sign in again or in another way; `reason` in the record has its word (RFC 6749 §4.1.2.1).',
  },
  provider_too_weak: {
    means: 'Somebody signed in at a provider in a way that is weaker than the application asks.',
    remedy: 'Sign in with a passkey; or map its `acr` in `issuer.federation`.',
  },
  provider_unavailable: {
    means: 'A provider cannot be reached, or is too slow.',
    remedy:
      'Sign in in another way. `reason` in the record says what failed; addresses of your own network stand in `issuer.outgoing.addresses`.',
  },
  provider_unlinked: {
    means: 'Nobody here is linked with whom the provider names, or they may not come in.',
    remedy: 'Sign in in another way, and link it at the account; or set `signUp`.',
  },
  recovery_refused: {
    means: 'The recovery code is unknown, or was used.',
    remedy: 'Use another of the set; or ask for a link.',
  },
  passkey_refused: {
    means: 'The passkey is unknown, was not asked for now, or did not verify its holder.',
    remedy: 'Sign in again; or ask for a link to make another passkey.',
  },
  redirect_to_web: {
    means:
      'The person goes on in a browser: to say yes, to sign in more strongly, or on a new device.',
    remedy: 'Open `authorization_endpoint` with the `request_uri`, or a new request with PKCE.',
  },
  request_not_supported: {
    means: 'A signed request where none is taken.',
    remedy: 'Send the parameters as they are.',
  },
  request_uri_not_supported: {
    means: 'A request at an address of the client: nothing is fetched from there.',
    remedy: 'Push the request (RFC 9126).',
  },
  scim_refused: {
    means: 'A directory asked for what cannot be done here, or is not there (RFC 7644).',
    remedy:
      '`detail` of its answer says what was expected; `reason` in the record says it as well.',
  },
  server_error: {
    means: 'The authorization server has a fault of its own.',
    remedy: 'Report it, with the number of the call.',
  },
  slow_down: {
    means: 'It was asked too soon whether somebody has decided (RFC 8628 §3.5).',
    remedy: 'Wait five seconds longer each time that this is said.',
  },
  temporarily_unavailable: {
    means: 'Too much is under way.',
    remedy: 'Ask again in a while.',
  },
  unauthorized_client: {
    means: 'The client may not ask in this way.',
    remedy: 'Give it the flow, or use one that it has.',
  },
  unknown_user_id: {
    means: 'Nobody is known by this name (CIBA).',
    remedy: 'Name the person as they sign in here.',
  },
  unmet_authentication_requirements: {
    means: 'Nobody can sign in here as strongly as is asked.',
    remedy: 'Ask for one of `acr_values_supported`.',
  },
  unsupported_grant_type: {
    means: 'Nothing is given here in this way.',
    remedy: 'Use one of `grant_types_supported`.',
  },
  unsupported_response_mode: {
    means: 'Nothing is sent back in this way.',
    remedy: 'Use one of `response_modes_supported`.',
  },
  unsupported_response_type: {
    means: 'Codes are given here, and nothing else (OAuth 2.1).',
    remedy: 'Ask for `response_type=code`, with PKCE.',
  },
  unsupported_token_type: {
    means: 'A token of a kind that is not known here.',
    remedy: 'Send one that was given here.',
  },
  use_dpop_nonce: {
    means: 'The proof must carry the nonce that stands in the answer (RFC 9449 §8).',
    remedy: 'Send it again with the nonce.',
  },
  unapproved_software_statement: {
    means: 'Nobody is believed here by this name about clients (RFC 7591).',
    remedy: 'Ask its operator for an invitation, or whose statements are believed.',
  },
  user_code_wrong: {
    means: 'Somebody typed a code with which no device waits.',
    remedy: 'Look at the device once more.',
  },
} as const satisfies Readonly<Record<string, IssuerCode>>;

export type IssuerCodeName = keyof typeof issuerCodes;
