/**
 * Every refusal a caller can meet: stable code, status, one public sentence, one remedy.
 * Served as RFC 9457 problem details. Neither sentence ever carries a value of the call.
 */
export const problems = {
  // admit: the message itself
  malformed_request: {
    status: 400,
    title: 'The request is not well-formed HTTP.',
    remedy: 'Send HTTP/1.1 as RFC 9112 describes it; most HTTP libraries do.',
  },
  ambiguous_request: {
    status: 400,
    title: 'The request could be read in more than one way.',
    remedy:
      'Send Host, Authorization, Content-Type and Content-Length once, never Content-Length with Transfer-Encoding, and header names of letters, digits and hyphens.',
  },
  target_not_acceptable: {
    status: 400,
    title: 'The request target is not an acceptable path.',
    remedy:
      'Use an absolute path with valid percent-encoding, without encoded slashes, backslashes, NUL or undescribed semicolons, and write fixed parts as the API description does.',
  },
  headers_too_large: {
    status: 431,
    title: 'The request header section is larger than this API accepts.',
    remedy:
      'Send fewer or shorter header fields: expected says how many, or how many bytes in all.',
  },
  target_too_long: {
    status: 414,
    title: 'The request target is longer than this API accepts.',
    remedy: 'Shorten the path or the query: expected says how long both may be.',
  },
  body_too_large: {
    status: 413,
    title: 'The request body is larger than this operation accepts.',
    remedy: 'Send a smaller body: expected says how large it may be.',
  },
  request_timeout: {
    status: 408,
    title: 'The request did not arrive in time.',
    remedy: 'Send the request without pauses, and retry.',
  },
  expectation_failed: {
    status: 417,
    title: 'The Expect header asks for something this API does not support.',
    remedy: 'Send no Expect header, or 100-continue.',
  },
  upgrade_not_accepted: {
    status: 400,
    title: 'The requested protocol upgrade is not available here.',
    remedy: 'Upgrade to websocket only, with GET, on operations that document status 101.',
  },
  address_not_allowed: {
    status: 403,
    title: 'Calls from this network are not accepted.',
    remedy: 'Call from a network that the API provider allows, or ask the provider to allow yours.',
  },
  address_blocked: {
    status: 403,
    title: 'Calls from this address are blocked.',
    remedy: 'Ask the API provider why.',
  },
  caller_blocked: {
    status: 403,
    title: 'This caller is blocked.',
    remedy: 'Ask the API provider why.',
  },
  too_many_failures: {
    status: 429,
    title: 'Too many failed calls came from this address.',
    remedy: 'Mend the failing calls and wait as Retry-After says.',
  },
  overloaded: {
    status: 503,
    title: 'The API is at its capacity.',
    remedy: 'Retry as Retry-After says; authenticated callers are served first.',
  },
  snapshot_stale: {
    status: 503,
    title: 'The gate has been without its control for too long to decide on calls.',
    remedy: 'Retry later; the API provider must restart the control process.',
  },
  record_unavailable: {
    status: 503,
    title: 'The call cannot be recorded at this moment, so it is not accepted.',
    remedy: 'Retry later.',
  },
  trailers_not_accepted: {
    status: 400,
    title: 'The request announces or carries trailer fields, which would not reach the service.',
    remedy: 'Send those fields in the header section, and no Trailer field.',
  },
  // match
  no_such_operation: {
    status: 404,
    title: 'This API has no such operation.',
    remedy: 'Compare the path with the API description.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The path exists, but not with this method.',
    remedy: 'Use one of the methods in the Allow header.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'Pages of this origin may not call the operation from a browser.',
    remedy: 'Ask the API provider to add the origin to the CORS policy of this API.',
  },
  // identify
  credentials_required: {
    status: 401,
    title: 'The operation requires authentication.',
    remedy: 'Send one of the credentials that the API description names.',
  },
  credentials_invalid: {
    status: 401,
    title: 'The credentials are not valid.',
    remedy: 'Check that the credential is complete, current and meant for this API.',
  },
  credentials_expired: {
    status: 401,
    title: 'The credentials have expired.',
    remedy: 'Obtain a new token, key or certificate.',
  },
  proof_invalid: {
    status: 401,
    title: 'The token is bound to a key, and the proof of it does not hold.',
    remedy:
      'Send `Authorization: DPoP` with the token, and a new proof with each call: its method and address, the time, and the hash of the token.',
  },
  token_opaque: {
    status: 401,
    title: 'The bearer token is not a JWT, and this API takes no opaque tokens of its form.',
    remedy:
      'Send a JWT access token of an issuer that the API trusts; send an API key where the API description names one.',
  },
  session_invalid: {
    status: 401,
    title: 'The session of this browser is over.',
    remedy: 'Send the browser to the sign-in address of the application again.',
  },
  page_not_allowed: {
    status: 403,
    title: 'The call does not come from the page of the application whose session it uses.',
    remedy:
      'Call from the page of the application, whose origin the client was made with, by fetch() or a WebSocket; the browser then says so in Origin or Sec-Fetch-Site.',
  },
  sign_in_invalid: {
    status: 400,
    title: 'The sign-in is over, was finished already, or was begun in another browser.',
    remedy: 'Begin again at the sign-in address of the application.',
  },
  other_host: {
    status: 421,
    title: 'Browsers sign in and out at this gate under another name.',
    remedy:
      'Ask at the origin in expected, which the API provider names in publicOrigin; a proxy in front of the gate must pass on Host as it was sent.',
  },
  keys_unavailable: {
    status: 503,
    title: 'Tokens cannot be verified at this moment.',
    remedy: 'Retry later; the issuer of the tokens is not reachable.',
  },
  introspection_unavailable: {
    status: 503,
    title: 'Whether the token is good cannot be asked at this moment.',
    remedy:
      'Retry as Retry-After says; the issuer of the token does not answer, or is asked about too many tokens at once.',
  },
  sign_in_unavailable: {
    status: 503,
    title: 'Nobody can be signed in or out at this moment.',
    remedy: 'Retry as Retry-After says; the authorization server does not answer.',
  },
  // limit
  rate_limited: {
    status: 429,
    title: 'The rate limit is reached.',
    remedy: 'Wait as Retry-After says; RateLimit shows what is left.',
  },
  quota_exceeded: {
    status: 429,
    title: 'The quota is used up.',
    remedy: 'Wait for the next period, or ask the API provider for a larger quota.',
  },
  limits_unavailable: {
    status: 503,
    title: 'How much was called cannot be counted at this moment, so the call is not accepted.',
    remedy: 'Retry as Retry-After says.',
  },
  concurrency_exceeded: {
    status: 429,
    title: 'Too many calls are under way at once.',
    remedy: 'Wait for earlier calls to end before sending new ones.',
  },
  // authorize
  insufficient_user_authentication: {
    status: 401,
    title: 'The operation requires that somebody signed in more strongly, or more recently.',
    remedy:
      'Ask for a new token with the acr_values and max_age of WWW-Authenticate, so that the person signs in again, and repeat the call with it.',
  },
  insufficient_scope: {
    status: 403,
    title: 'The credentials do not carry the scope that this operation requires.',
    remedy:
      'Request a token with the scopes listed in WWW-Authenticate, or a key that carries them from the API provider.',
  },
  role_required: {
    status: 403,
    title: 'The caller does not have a role that may call this operation.',
    remedy: 'Ask the API provider for the role.',
  },
  // validate
  request_invalid: {
    status: 400,
    title: 'The request does not match the API description.',
    remedy: 'Mend the places listed in errors; each has a pointer and the rule it breaks.',
  },
  media_type_not_supported: {
    status: 415,
    title: 'The request body has a media type or encoding that this operation does not accept.',
    remedy:
      'Send one of the content types listed in accepted, in UTF-8 and without Content-Encoding; rule says what was wrong.',
  },
  body_not_visible: {
    status: 403,
    title: 'This operation takes a body, and the body cannot be checked here.',
    remedy: 'The API provider must protect this operation with a gate that sees bodies.',
  },
  // forward
  upstream_unreachable: {
    status: 502,
    title: 'The service behind the API could not be reached, or broke the connection off.',
    remedy:
      'Retry later; where mayHaveTakenEffect is true, check whether the call took effect before repeating it.',
  },
  caller_left: {
    status: 499,
    title: 'The caller left before its answer was complete.',
    remedy:
      'Nothing was answered; this code appears in records only. Whoever closes its sending half of the connection before the answer has come has left, too.',
  },
  upstream_timeout: {
    status: 504,
    title: 'The service behind the API did not answer in time.',
    remedy: 'Retry later; check whether the call took effect before repeating it.',
  },
  upstream_invalid: {
    status: 502,
    title: 'The service behind the API gave an answer that is not valid HTTP.',
    remedy:
      'Retry later; the API provider must mend the service. Where mayHaveTakenEffect is true, check before repeating the call.',
  },
  // release
  answer_invalid: {
    status: 502,
    title: 'The answer of the service does not match the API description and was withheld.',
    remedy:
      'The API provider must mend the service or its description. Where mayHaveTakenEffect is true, check before repeating the call.',
  },
  // faults
  internal_fault: {
    status: 500,
    title: 'The gate failed while deciding on this call, so it was refused.',
    remedy: 'Retry later; give the instance of this problem to the API provider.',
  },
} as const satisfies Record<string, Problem>;

export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

export type ProblemCode = keyof typeof problems;
