import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '@poorter/openapi/checks';
import fc from 'fast-check';
import type { RequestFacts } from '../../facts.ts';
import {
  documentedFields,
  fieldsLetThrough,
  isPrivateAnswerHeader,
  type ShapeOptions,
  unforwardableField,
  upstreamHeaders,
  withoutQueryParameters,
} from './upstream-headers.ts';

const options: ShapeOptions = {
  credentialHeaders: ['x-api-key', 'authorization'],
  credentialCookies: ['session'],
  documented: documentedFields([]),
  wantsPlainAnswer: false,
};

function requestOf(flat: readonly string[]): RequestFacts {
  return {
    id: 'call-1',
    nowMs: 0,
    clientAddress: '192.0.2.1',
    method: 'GET',
    path: '/',
    query: '',
    headers: new HeaderFields(flat),
    clientCertificate: null,
    isTls: false,
    hasBody: false,
    isUpgrade: false,
  };
}

const OWN = ['x-forwarded-for', '192.0.2.1', 'x-forwarded-proto', 'http'];

function sent(flat: readonly string[], more: Partial<ShapeOptions> = {}): string[] {
  return upstreamHeaders(requestOf(flat), 'http', null, { ...options, ...more });
}

test('what the caller sent travels as it was, followed by what the gate knows', () => {
  const flat = ['host', 'api.example:8443', 'accept', 'a', 'x-b', '1', 'x-b', '2'];
  assert.deepEqual(sent(flat), [
    ...['accept', 'a', 'x-b', '1', 'x-b', '2', ...OWN],
    ...['x-forwarded-host', 'api.example:8443', 'x-request-id', 'call-1'],
  ]);
});

const NEVER =
  'connection keep-alive proxy-connection proxy-authorization te trailer transfer-encoding upgrade http2-settings content-length expect forwarded via x-forwarded-for x-forwarded-host x-forwarded-proto x-forwarded-port x-forwarded-user x-forwarded-client-cert x-real-ip x-client-ip true-client-ip cf-connecting-ip client-cert x-original-url x-rewrite-url x-http-method-override x-method-override x-request-id poorter-identity poorter-anything x-api-key authorization';

for (const name of NEVER.split(' ')) {
  for (const spelling of new Set([name, name.replaceAll('-', '_'), name.replaceAll('-', '.')])) {
    test(`${spelling} of the caller never reaches the service`, () => {
      const fields = sent(['host', 'a', spelling, 'spoofed']);
      assert.ok(!fields.includes('spoofed'));
    });
  }
}

test('fields that Connection names end here, and cannot take ours along', () => {
  const flat = [
    'host',
    'a',
    'x-hop',
    'h',
    'x-kept',
    'k',
    'connection',
    'close, X-Hop, x-forwarded-for, X-Request-Id',
  ];
  const fields = sent(flat);
  assert.ok(!fields.includes('x-hop'));
  assert.ok(fields.includes('x-kept'));
  assert.equal(fields[fields.indexOf('x-forwarded-for') + 1], '192.0.2.1');
  assert.equal(fields[fields.indexOf('x-request-id') + 1], 'call-1');
});

test('the credential cookie is cut out, others stay', () => {
  const cookie = (value: string) => sent(['cookie', value])[1];
  assert.equal(cookie('a=1; session=secret; b=2'), 'a=1; b=2');
  assert.equal(cookie('a=1;session =secret'), 'a=1');
  assert.deepEqual(sent(['cookie', 'session=secret']).slice(0, 4), OWN);
});

test('an answer that is validated is asked for whole and uncompressed', () => {
  const flat = ['accept-encoding', 'br', 'range', 'bytes=0-1', 'if-range', '"x"'];
  const fields = sent(flat, { wantsPlainAnswer: true });
  assert.deepEqual(fields.slice(0, 2), ['accept-encoding', 'identity']);
  assert.ok(!fields.includes('range') && !fields.includes('if-range') && !fields.includes('br'));
});

for (const [query, names, rest] of [
  ['', ['key'], ''],
  ['a=1&key=s&b=2', ['key'], 'a=1&b=2'],
  ['k%65y=s&a=1', ['key'], 'a=1'],
  ['key', ['key'], ''],
  ['key=1&key=2', ['key'], ''],
  ['a+b=s&c=%zz', ['a b'], 'c=%zz'],
  ['a=%2f&&b', [], 'a=%2f&&b'],
  ['KEY=1', ['key'], 'KEY=1'],
] as const) {
  test(`'${query}' without ${names.join() || 'nothing'} is '${rest}'`, () => {
    assert.equal(withoutQueryParameters(query, names), rest);
  });
}

test('no spelling of a field that the gate writes gets past it', () => {
  const name = fc.constantFrom(
    'x-forwarded-for',
    'poorter-identity',
    'x-api-key',
    'transfer-encoding',
  );
  const separators = fc.array(fc.constantFrom('-', '_', '.'), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(name, separators, (plain, choice) => {
      let index = 0;
      const spelling = plain.replace(/-/g, () => choice[index++ % 3] as string);
      assert.ok(!sent(['host', 'a', spelling, 'spoofed']).includes('spoofed'));
    }),
  );
});

test('answers lose what belongs to the connection or tells strangers what runs behind', () => {
  for (const name of [
    'server',
    'x-powered-by',
    'connection',
    'content-length',
    'poorter-x',
    'x-hop',
  ]) {
    assert.ok(isPrivateAnswerHeader(name, ['x-hop']), name);
  }
  assert.ok(!isPrivateAnswerHeader('etag', []));
});

test('a credential cookie stays here, also where only a lenient service would know it', () => {
  for (const pair of [
    'session=1',
    '\u00a0session=1',
    'session\u00a0=1',
    '"session"=1',
    'session',
  ]) {
    const fields = sent(['host', 'a', 'cookie', `a=1; ${pair};\tb=2`]);
    assert.equal(fields[fields.indexOf('cookie') + 1], 'a=1; b=2', JSON.stringify(pair));
  }
});

test('what surrounds a cookie value beyond space and tab is part of it, and travels', () => {
  const fields = sent(['host', 'a', 'cookie', 'session=1; a=\u00a01\u00a0; b=2']);
  assert.equal(fields[fields.indexOf('cookie') + 1], 'a=\u00a01\u00a0; b=2');
});

test('what a service believes of its proxy cannot be said by a caller, whichever proxy it knows', () => {
  const forged = [
    ...['x-forwarded-tls-client-cert-info', 'x-forwarded-user', 'x-forwarded-email', 'x-forwarded'],
    ...[
      'x-ssl-client-cert',
      'x-ssl-client-verify',
      'x-ssl-client-s-dn',
      'x-ssl-issuer',
      'ssl-cert',
    ],
    ...['ssl-client-verify', 'ssl-client-subject-dn', 'ssl-client-issuer-dn', 'x-arr-clientcert'],
    ...['x-amzn-mtls-clientcert', 'x-amzn-mtls-clientcert-subject', 'x-amzn-tls-version'],
    ...['x-client-cert-dn', 'x-client-verify', 'client-cert', 'client-cert-chain', 'x-client-dn'],
    ...['x-clientcert', 'x-tls-client-cn', 'x-mtls-subject', 'tls-client-cert', 'x-envoy-peer'],
    ...['x-remote-user', 'remote-user', 'x-remote-groups', 'x-auth-request-email'],
    ...['x-authenticated-userid', 'x-consumer-id', 'x-ms-client-principal-name'],
    ...['x-goog-iap-jwt-assertion', 'x-amzn-oidc-identity', 'cf-access-jwt-assertion'],
    ...['x_forwarded_tls_client_cert_info', 'x-ssl_client.verify', 'ssl_client_s_dn'],
  ];
  for (const name of forged) {
    assert.deepEqual(
      sent([name, 'forged']).filter((field) => field === 'forged'),
      [],
      name,
    );
  }
  const innocent = [
    'x-client-id',
    'tpp-signature-certificate',
    'x-request-purpose',
    'psu-ip-address',
  ];
  for (const name of [...innocent, 'x-clients', 'client-info', 'x-sslmode', 'x-consumers']) {
    assert.ok(sent([name, 'kept']).includes('kept'), name);
  }
});

const FORGED = `Cf-Client-Cert-Sha256 Cf-Cert-Presented Cf-Cert-Verified Cf-Cert-Subject-Dn
  Cf-Cert-Fingerprint-Sha1 WL-Proxy-Client-Cert $WSCC $WSRU $WSRA $WSIS X-Apigateway-Client-Cert
  X-Apigateway-Event X-Kong-Client-Cert X-Tyk-Client-Cert X-Fastly-Client-Cert X-Akamai-Client-Cert
  X-Goog-Client-Cert X-Cert X-Certificate X-Cert-Subject X-Verified-Client X-Verify X-Dn X-User-Dn
  X-S-Dn X-Subject-Dn X-Client-Crt X-Spiffe-Id X-Jwt-Assertion X-Jwt-Payload X-Userinfo
  X-Ms-Token-Aad-Id-Token Proxy HTTP_X_KEY HTTP-X-Real-IP WL-Proxy-Client-IP Proxy-Client-IP
  Fly-Client-IP Fastly-Client-IP X-Azure-ClientIP X-Azure-SocketIP X-Azure-FDID X-Originating-IP
  X-Remote-Addr X-Forward-For Cf-Connecting-IPv6 X-Pomerium-Jwt-Assertion X-Authentik-Username
  Tailscale-User-Login Teleport-Jwt-Assertion Oidc-Claim-Sub X-Vouch-User Shib-Session-Id SM-User
  SM_UserDN iv-user X-Appengine-User-Email L5d-Client-Id X-Auth-Username X-Middleware-Subrequest
  X-Accel-Mapping X-Https X-Url-Scheme X~Real~IP X-Xfcc X-Peer-Certificate X-X509-Subject
  X-Ms-Original-Url Disguised-Host X-Waws-Unencoded-Url X-NF-Client-Connection-IP Cloudfront-Viewer-Address
  X-Vercel-Oidc-Token CF-Visitor X-Cdn-Src-Ip Script-Name X-Script-Name Path-Info Request-Uri X-HTTP-Host-Override
  X-HTTP-Verb X-Method Impersonate-User Impersonate-Group X-Remote-Role X-Kubernetes-User X-SSO-User X-Saml-User
  X-Ldap-User X-Oauth-User X-Proxy-User X-Apisix-User X-Mashery-Oauth-User-Context X-Msisdn X-Real-Host X-Ip
  X-Azure-Original-Path X-Akamai-Viewer-Ip X-Kerberos-Username X-Okta-Groups X-Public-Host X-Unencoded-Path`.split(
  /\s+/,
);

/** What proxies say of whom they let in, as nginx recipes, sign-in gateways and federations name it. */
const VOUCHED =
  `Verified Verify Subject Issuer Fingerprint Thumbprint Serial X-Client-CN X-Client-SAN X-Client-Email
  X-Client-Name X-Client-Identity X-Client-Fingerprint X-Client-Roles Client-CN Client-SAN X-ClientCN SSLClientCertStatus SSLClientCertSN
  SSLClientCertSubjectDN SSLClientVerify X-SSLClientS-Dn TLSClientCertFingerprint ClientCertSerial X-Fingerprint
  X-Fingerprint-SHA256 X-Thumbprint X-Cert-Serial X-Subject X-Subject-Name X-Subject-Id X-Issuer-Name X-Smartcard X-Smart-Card-Id X-CAC-Subject
  X-Edipi X-Nginx-Client-CN X-User X-User-Id X-UserId X-User-Name X-Username X-User-Email X-UserEmail X-User-Roles X-User-Groups
  X-User-Claims X-User-Token X-User-Permissions User User-Id User-Email User-Roles X-Roles X-Role X-Group X-Groups X-Principal X-Principal-Name
  X-Login X-Login-Name X-Identity X-Identity-Id X-Email X-Mail X-Claims X-Scopes X-Permissions X-Entitlements X-Preferred-Username
  X-Display-Name X-Access-Token X-ID-Token X-Identity-Token X-Auth-Subject X-Auth-Userid X-Auth-Roles X-Auth-Mail X-Auth-Cn
  Auth-User Auth-Mail Auth-Groups Auth-Cn Auth-Type Logon-User X-AuthUser X-Current-User X-Current-User-Id X-Authz-User-Id
  X-Authz-User-Groups X-Gateway-User X-Internal-User-Id X-Verified-Email X-Verified-User X-Logged-In-User X-End-User
  X-Token-Subject X-Token-User-Email X-Token-User-Roles X-Jwt-Claim-Sub X-Jwt-Subject Eppn Affiliation Unscoped-Affiliation
  Primary-Affiliation Entitlement Persistent-Id Targeted-Id Pairwise-Id Subject-Id Eptid EduPersonPrincipalName EduPersonAffiliation
  EduPersonEntitlement SchacHomeOrganization IsMemberOf MemberOf Mail Uid Upn Cn Sn DisplayName GivenName Employee-Number
  Mellon-Name-Id Gss-Name Oam-Remote-User Oam-Identity-Domain Sm-ServerSessionId Sm-Realm Sm-OnBehalfUser Iv-Server-Name
  X-MS-Proxy X-MS-Endpoint-Absolute-Path X-Amzn-Request-Context X-Amzn-Lambda-Context X-Istio-Attributes X-Credential-Id
  X-Consumer-Username X-Consumer-Custom-Id X-Kong-User X-Forwarded-Access-Token X-Forwarded-Groups X-Forwarded-Preferred-Username
  X-Auth-Request-Access-Token X-MS-Token-AAD-Access-Token X-Amzn-Oidc-Data X-Goog-Authenticated-User-Id Cf-Access-Authenticated-User-Email
  X-Session-User X-AD-User X-Oathkeeper-User X-ProxyUser X-Acme-Role X-Keycloak-Sub X-Hydra-Subject X-Rh-Identity X-Is-Admin
  X-On-Behalf-Of X-Act-As X-Run-As X-Mfa X-Amr X-Acr X-Auth-Time X-Authorizer-PrincipalId X-Distinguished-Name X-GSSAPI-Name
  X-Gateway-Verified X-Token-Scope Dapr-Caller-App-Id X-CloudTasks-QueueName X-CloudScheduler Opc-Principal Intercom-User-Email
  X-Ms-User-Id X-Authorization-User-Id X-Imsi X-Up-Calling-Line-Id
  X-ProxiedEntitiesChain X-ProxiedEntityGroups X-ProxiedIssuersChain X-Proxied-Entities-Chain X-ProxyContextPath X-ProxyScheme
  Kubeflow-Userid Kubeflow-Groups X-WX-OPENID X-WX-UNIONID X-WX-From-OpenID X-WX-AppId X-OpenId X-MS-Client-Object-Id
  X-MS-Client-Tenant-Id X-MS-Client-App-Id X-MS-Client-Wids X-Clerk-Auth-Status X-Clerk-Auth-Reason X-Is-Superuser X-MS-Home-Tenant-Id
  X-Matched-Path X-Now-Route-Matches X-Invoke-Path X-Invoke-Query X-Nextjs-Matched-Path X-Ingress-Path X-Gateway-Prefix
  X-Root-Path X-Base-Path X-Context-Path X-RStudio-Root-Path X-RStudio-Proto X-Request-Proto X-Orig-Proto X-HTTP-Method-Overwrite
  X-HTTP-Path-Override X-Override-URL X-Scheme-Override X-True-IP X-Visitor-IP X-Remote-Host
  X-Scope-OrgID Thanos-Tenant X-Thanos-Tenant X-Tenant X-Tenant-Id Tenant-Id X-TenantId X-Tenant-Name X-Acme-Tenant-Id X-Project-Id
  X-Project-Name X-Project-Domain-Id X-Domain-Id X-Service-Project-Id X-Service-Catalog X-Service-Identity-Status
  X-Service-Roles OpenStack-System-Scope AccountID ProjectID X-Is-Admin-Project X-Actor X-Actor-Id X-Admin X-Admin-Role X-Superuser X-Bsn X-Insz X-National-Number X-KvK-Nummer X-Poorter-Identity X-Poorter-Anything X-Poorter Poorter`.split(
    /\s+/,
  );

test('nobody makes itself a user, a role or a verified certificate by a field that proxies use', () => {
  for (const name of VOUCHED) {
    for (const prefix of ['', 'HTTP-']) {
      const full = `${prefix}${name}`.toLowerCase();
      for (const spelling of [full, full.replaceAll('-', '_'), full.replaceAll('-', '.')]) {
        assert.ok(!sent([spelling, 'forged']).includes('forged'), spelling);
      }
    }
  }
});

test('no name that somebody makes up keeps the processor busy', () => {
  for (const piece of ['userid', 'user-id-', 'sslclient', 'ssl', 'x-', 'http-', 'client-']) {
    const startedAt = process.cpuUsage().user;
    sent([`x-uid${piece.repeat(2_000)}!`, 'a', `${piece.repeat(2_000)}!`, 'a']);
    assert.ok(process.cpuUsage().user - startedAt < 200_000, piece);
  }
});

test('a field that is described as a parameter passes, though it is called as proxies call theirs', () => {
  const names = [
    ...['x-user-id', 'x-access-token', 'x-client-name', 'x-roles', 'user', 'eppn'],
    ...['x-tenant-id', 'x-scope-orgid', 'x-project-id', 'accountid', 'x-matched-path'],
  ];
  const documented = documentedFields(names);
  for (const name of names) {
    assert.ok(sent([name, 'kept'], { documented }).includes('kept'), name);
    const alike = name.replaceAll('-', '_');
    if (alike !== name)
      assert.ok(!sent([alike, 'forged'], { documented }).includes('forged'), alike);
  }
  // What tells a service who we say the caller is, no description hands to callers.
  const ours = documentedFields(['x-poorter-identity', 'poorter-identity']);
  for (const name of ours.names) {
    assert.ok(!sent([name, 'forged'], { documented: ours }).includes('forged'), name);
  }
});

test('no certificate, identity or address that proxies vouch for can be forged, whatever its prefix', () => {
  for (const name of FORGED) {
    for (const spelling of [name, name.replaceAll('-', '_'), name.replaceAll('-', '.')]) {
      assert.ok(!sent([spelling.toLowerCase(), 'forged']).includes('forged'), spelling);
    }
  }
});

const ORDINARY =
  `accept accept-language accept-encoding content-type content-digest content-language
  x-correlation-id x-client-version x-client-id client-info x-api-version api-version
  idempotency-key x-idempotency-key x-csrf-token x-xsrf-token digest signature signature-input
  x-hub-signature-256 user-agent referer origin if-match if-none-match prefer cache-control range
  traceparent tracestate baggage x-b3-traceid x-amzn-trace-id x-cloud-trace-context x-amz-date
  x-amz-security-token x-amz-content-sha256 x-ms-version x-ms-date x-ms-client-request-id
  x-goog-api-client x-github-event x-github-api-version stripe-version stripe-account xero-tenant-id
  x-organization-id x-session-id x-device-id x-device-fingerprint x-app-version
  x-auth-token x-refresh-token x-verify-token x-verification-code dpop sentry-trace
  x-requested-with x-timezone x-locale dnt save-data sec-fetch-mode sec-ch-ua upgrade-insecure-requests
  psu-ip-address psu-ip-port psu-user-agent tpp-signature-certificate tpp-redirect-uri consent-id
  x-fapi-interaction-id x-fapi-auth-date x-fapi-customer-ip-address x-jws-signature x-webhook-id
  x-source x-source-system x-host-id x-remote-id x-proxy-id x-verified-at x-schema x-path sm-id
  x-client-type x-client-trace-id x-client-request-id x-client-platform x-client-app-version x-client-data x-client-secret
  x-client-transaction-id x-client-session-id x-client-language x-client-timezone x-client-user-agent x-user-agent
  x-user-language x-user-locale x-user-timezone x-goog-user-project user-key x-auth-key x-auth-signature x-auth-timestamp x-auth-nonce
  x-auth-client x-goog-authuser login-customer-id apollographql-client-name apollographql-client-version x-goog-project
  x-client-sku x-client-ver x-client-cpu x-client-last-telemetry x-client-current-telemetry x-client-brkrver x-client-src-sku
  x-client-source x-client-channel x-client-uuid x-okta-user-agent-extended x-android-cert user-api-key user-api-client-id x-user-country
  x-trino-user x-group-id x-serial-number x-identity-provider-hint x-stainless-lang x-stainless-os x-vault-token x-vault-namespace
  x-gitlab-token private-token job-token x-api-token x-shopify-access-token x-figma-token permissions-policy x-role-arn
  x-subscription-token x-subdomain x-sub-domain x-subtype x-account-id x-accountid project-id x-customer-id x-org-id x-workspace-id x-team-id x-grafana-org-id x-goog-project-id openai-project
  openai-organization x-nextjs-data next-action next-router-state-tree x-ms-client-session-id x-ms-client-version x-wx-service x-request-path x-device-ip
  x-domain x-project x-catalog-version base-url x-proxy-cache x-internal-id x-username-hint x-client-features x-datadog-trace-id newrelic b3 x-ibm-client-id
  x-ibm-client-secret ocp-apim-subscription-key x-mailer x-snowflake-role x-hasura-role x-hasura-admin-secret x-admin-token x-admin-key x-user-preferences
  last-event-id tus-resumable upload-offset depth destination overwrite if soapaction mcp-session-id`.split(
    /\s+/,
  );

test('fields that callers send of their own still reach the service', () => {
  for (const name of ORDINARY) assert.ok(sent([name, 'kept']).includes('kept'), name);
});

test('a request id that the operation describes is the caller’s, and the call has its own beside it', () => {
  const theirs = '99391c7e-ad88-49ec-a2ad-99ddcb1f7721';
  const documented = documentedFields(['x-request-id']);
  const fields = sent(['x-request-id', theirs, 'x_request_id', 'forged'], { documented });
  assert.deepEqual(fields, [
    ...['x-request-id', theirs],
    ...OWN,
    ...['poorter-request-id', 'call-1'],
  ]);
  // Not sent: the service is not told of one.
  assert.deepEqual(sent([], { documented }), [...OWN, 'poorter-request-id', 'call-1']);
  assert.deepEqual(sent(['x-request-id', theirs]), [...OWN, 'x-request-id', 'call-1']);
  assert.ok(!sent(['poorter-request-id', 'forged'], { documented }).includes('forged'));
});

test('a value that nothing checked does not stand in for a documented field', () => {
  const documented = documentedFields(['x-n', 'x_m', 'x-user-dn', 'x-real-ip', 'proxy']);
  const passes = (name: string) => sent([name, 'kept'], { documented }).includes('kept');
  for (const name of ['x_n', 'x.n', 'x~n', 'x-m', 'x.m', 'x_other', 'x_user_dn']) {
    assert.ok(!passes(name), name);
  }
  // Described under exactly that name, and therefore checked.
  for (const name of ['x-n', 'x_m', 'x-user-dn', 'x-other']) assert.ok(passes(name), name);
  // What the gate itself writes, no description hands to callers.
  for (const name of ['x-real-ip', 'proxy']) assert.ok(!passes(name), name);
});

test('a field that makes a call another one is refused before a proxy, described or not', () => {
  const names = ['x-http-method-override', 'x-original-url', 'x-tier'];
  const described = { ...options, documented: documentedFields(names) };
  const refused = (name: string) => unforwardableField(requestOf([name, 'DELETE']), described);
  for (const name of ['x-http-method-override', 'x_original_url', 'x_tier']) {
    assert.equal(refused(name), name);
  }
  assert.equal(refused('x-tier'), null);
});

test('what a description lets through is what would not reach the service without it', () => {
  const names = ['x-user-id', 'x_n', 'x-trace', 'x-request-id', 'x-forwarded-user', 'poorter-a'];
  assert.deepEqual(fieldsLetThrough(names, []), ['x-trace']);
  assert.deepEqual(fieldsLetThrough(names, names), names.slice(0, 4));
});

test('a credential cookie stays here in every spelling that a lenient service would take for it', () => {
  for (const name of ['SESSION', 'Session', '%73ession', '%2573ession']) {
    const fields = sent(['cookie', `a=1; ${name}=secret`]);
    assert.equal(fields[1], 'a=1', name);
  }
});

test('a credential cookie stays here where a service finds it within another one', () => {
  const rest = (value: string) => {
    const fields = sent(['host', 'a', 'cookie', value]);
    const at = fields.indexOf('cookie');
    return at < 0 ? '' : fields[at + 1];
  };
  for (const [cookie, kept] of [
    ['session=KEY; a=1 session=OTHER', ''],
    ['b=2; a=1 session=OTHER; c=3', 'b=2; c=3'],
    ['b=2; a=1,session=OTHER', 'b=2'],
    ['b=2; a=1\tSESSION = OTHER', 'b=2'],
    ['b=2; session[]=OTHER', 'b=2'],
    ['b=2; session[a]=OTHER', 'b=2'],
    ['b=2; =session=OTHER', 'b=2'],
    ['b=2; session', 'b=2'],
    ['b=2; a="x; session=KEY; y="; c=3', 'b=2; c=3'],
    ['b=2; a="x; session=KEY"; c=3', 'b=2; c=3'],
    ['b=2; session="x; y"; c=3', 'b=2; c=3'],
    ['b=2; a="x; y; c=3', 'b=2; a="x; y; c=3'],
    // Nothing is cut out, nothing is changed.
    ['a={"session": 1};b=x y , z ;; session.sig=1', 'a={"session": 1};b=x y , z ;; session.sig=1'],
  ] as const) {
    assert.equal(rest(cookie), kept, cookie);
  }
});
