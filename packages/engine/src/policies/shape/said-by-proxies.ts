/**
 * What proxies, load balancers and sign-in gateways tell the service about the caller: who it is,
 * what certificate it showed, where it came from. A service that believes its proxy believes these,
 * and new members keep joining their families; hence families, by the words of a name, and no list:
 * words of who is meant × words of what is said of them. What of a family callers send on their own
 * account is named as an exception, with its reason. A field that the operation describes passes
 * whatever it is called, but for those that the gate writes, see upstream-headers.ts.
 */

/** Who a caller is, and what its certificate says: the first word of such a name. */
const WHO = [
  'username|userid|uid|upn|login|logon|principal|identity|subject|e?mail|roles?|groups|entitlements?|permissions?',
  '(?:user|login|role|group|principal|subject|issuer)(?:name|id|email|dn|cn)|privileges?|claims?|scopes?|credential',
  'verify|verified|issuer|serial|fingerprint|thumbprint|smartcard|cac|piv|edipi|cn|san|actor|admin|superuser|impersonator',
].join('|');
/** What is said of them: the words that may follow, and no others. */
const OF_WHOM = [
  WHO,
  'user|ids?|uuid|guid|identifier|names?|display|full|first|last|given|family|type|list|dn|uri|dns|info|context',
  'status|state|result|reason|provider|idp|realm|tenant|domain|sha|sha1|sha256|1|256|md5|raw|hash|pem|der|hex|jwt|json|b64|base64',
].join('|');
const IS_WHO = new RegExp(`^(?:${WHO})$`);
const IS_OF_WHOM = new RegExp(`^(?:${OF_WHOM})$`);

/**
 * Families in which every word that follows is taken for something that a proxy says, but for what
 * callers say of themselves: which program they are and in which language, and credentials that the
 * service checks itself (OpenStack's X-Auth-Token, X-Auth-Key beside it, signatures with their time).
 */
const CLIENT_SAYS = [
  'id|version|type|info|data|trace|request|correlation|transaction|session|app|application|platform|os|device',
  'sdk|lib|library|build|release|language|locale|lang|timezone|time|timestamp|date|features?|capabilities|agent|useragent|user-agent',
  'metadata|hints?|key|secret|token|signature|nonce|hash|sku|ver|cpu|last|current|brkrver|src|source|channel|uuid',
].join('|');
/** `User-Key` is a credential of 3scale, `X-Goog-User-Project` who pays. */
const USER_SAYS =
  'agent|useragent|language|locale|lang|timezone|time-zone|tz|currency|units|country|key|api|project|preferences?';
const AUTH_SAYS =
  'token|key|secret|code|signature|signed|sign|timestamp|time|date|nonce|hmac|hash|version|scheme|method|client|api|apikey';
const OPEN_FAMILIES = new RegExp(
  `^(?:client-(?!(?:${CLIENT_SAYS})(?:-|$))|user(?:$|-(?!(?:${USER_SAYS})(?:-|$)))|auth-(?!(?:${AUTH_SAYS})(?:-|$)))`,
);

/** The attributes that identity federations give (eduPerson, SCHAC, SAML), under their own names or Shibboleth's. */
const ATTRIBUTE = new RegExp(
  `^(?:${[
    'eppn|eptid|sub|ou|sn|surname|(?:unscoped|primary|scoped)-affiliations?|affiliations?|assurance',
    '(?:persistent|targeted|pairwise|subject|transient|unique|name)-?id|nameid-[a-z]+|employee-?(?:number|id|type)|student-?id',
    '(?:display|given|common|full|family|preferred|nick)-?(?:user)?-?name|orcid|home-?organi[sz]ation(?:-?type)?',
    'auth-type|logon-user|logged-?in-user',
    // numbers of persons and companies, as DigiD, itsme, FAS/CSAM and eHerkenning give them
    'bsn|burgerservicenummer|insz|niss|rrn|nrn|rijksregisternummer|ssn|nino|rsin|oin|kvk(?:-?(?:number|nummer))?',
    '(?:national|personal|citizen|social-security)-?(?:number|id|code|identifier|register(?:-?number)?)',
  ].join('|')})$`,
);

/** What one word alone gives away, wherever in the name it stands. */
const WORD = new RegExp(
  `^(?:${[
    // certificates: nginx, HAProxy, Apache, Traefik, Kong, Cloudflare, WebLogic, F5 and others
    '(?:client|user|peer|server|ssl|tls|mtls|x509|remote)?(?:certs?|certificates?|certinfo|certchain)',
    'crt|clientcrt|x509|xfcc|m?tls|ssl|https|dn|[si]dn|userdn|clientdn|subjectdn|issuerdn',
    // written as one: SSLClientCertStatus, ClientCertSerial, TlsClientVerify
    '(?:ssl|tls|mtls)[a-z0-9]*(?:client|peer|cert|verif)[a-z0-9]*|(?:client|peer)(?:cert|ssl|m?tls|verif|subject|issuer|serial|fingerprint|thumbprint)[a-z0-9]*',
    '(?:client|user|auth)(?:cn|san|dn|e?mail|username|principal|identity|roles?|groups?|login)|ja[34]s?',
    'spiffe|spiffeid|svid',
    // written as one: NiFi's X-ProxiedEntitiesChain and X-ProxyContextPath, the ids of OpenID and WeChat
    'proxied[a-z]*|proxy(?:context|path|prefix|host|scheme|proto|port|user)[a-z]*|openid|unionid',
    // addresses
    'forwarded|clientip|socketip|remoteip|realip|remoteaddr',
    // sign-in gateways
    'authenticated|userinfo|remoteuser|pomerium|authentik|authelia|tailscale|teleport|vouch',
    'appengine|apigateway|weblogic|citrix|smuser|smuserdn|msisdn|imsi|impersonate|mashery|apisix|bigip|pangolin',
    'edu(?:person|member)[a-z0-9]*|schac[a-z0-9]*|(?:is)?memberof|eppn',
  ].join('|')})$`,
);

/** What words side by side give away, wherever they stand: a name has a dash before and after. */
const PHRASE = new RegExp(
  `-(?:${[
    '(?:client|peer|ssl|tls|cert)-(?:verify|verified|verification|subject|issuer|thumbprint|fingerprint|serial|cn|san|s-dn|i-dn)',
    '(?:verify|verified)-(?:client|peer|cert)',
    // a user that somebody vouches for
    '(?:verified|trusted|asserted|current|effective|end|signed-in|logged-in|acting|authz|authn|authorized|gateway|gw|edge|ingress|internal)-(?:user|username|userid|principal|subject|identity|login|roles?|groups?|email)',
    // tokens that a gateway got for whom it signed in
    '(?:request|forwarded|user|vouch|idp|oidc|oauth2?)-(?:access|id)-?token',
    '(?:client|remote|real|connecting|connection|originating|source|src|peer|user|viewer|external|proxyuser|pseudo)-(?:ip|ipv[46]|addr|address)',
    '(?:true|visitor|caller|requester|edge|gateway|cdn|lb|fw)-ip',
    // where a call came in, and what it was before it was rewritten
    '(?:original|unencoded|rewritten?|raw)-(?:url|uri|path|host|method|proto|scheme|port)',
    '(?:disguised|real|external|public)-host|remote-host',
    '(?:host|method|path|url|uri|scheme|proto)-over(?:ride|write)|override-(?:host|method|path|url|uri)',
    // under which path a service is mounted, and where a router in front has brought a call
    '(?:ingress|proxy|gateway|orig|external|public)-(?:path|prefix|context|proto|scheme|port|uri)',
    '(?:root|base|context|mount|virtual|real|matched|invoke)-path|route-matches|invoke-(?:query|output|status|error)',
    'forward-(?:for|proto|host|port)',
    'jwt-(?:assertion|payload|claims?)',
    '(?:ms-token|token-aad|client-principal|goog-iap)',
    'ms-client-(?:object|tenant|app|wids|roles?|scopes?|authorization|authentication)',
    '(?:remote|proxy|kubernetes|kubeflow)-(?:user|userid|role|group|name|email)s?',
    'auth-(?:user|userid|username|email|groups?|roles?|subject|identity|status|reason|result)',
    'amzn-(?:request|lambda)-context',
  ].join('|')})-`,
);

/** What the start of a name gives away; `x-` and `http-` are taken off before. */
const START = new RegExp(
  `^(?:${[
    'wl|arr|azure|l5d|oidc|shib|ajp|osso|rewrite|middleware|sendfile|accel|pomerium|f5|cf|waws|nf|mellon|gss|oam|istio',
    // by what sign-in they were told
    '(?:sso|saml2?|ldap|oauth2?|oidc|kerberos|krb5?|spnego|ntlm|cas|okta|keycloak|token|jwt|digid|eherkenning|eidas)-(?:user|role|group|name|email|id|subject|token|claim|principal)[a-z]*',
    '(?:kong|tyk|gravitee|wso2|krakend|apim|nginx|traefik|haproxy|envoy|pa|ping|openziti|zscaler|duo|ory)-(?:user|role|group|name|email|subject|principal|identity|consumer|claim)[a-z]*',
    'wx-(?:appid|from|env|source)|vercel-(?:oidc|forwarded|proxy|ip)[a-z]*|cloudfront-(?:viewer|forwarded|is)[a-z]*',
    'sm-(?:user|universalid|server|auth|realm|sdomain|domino|onbehalf|transactionid|timetoexpire)[a-z]*',
    'iv-(?:user|groups|creds|remote|server)',
    'ms-(?:proxy|adfs|endpoint|forwarded)|up-(?:calling|subno)',
    '(?:access|id|identity)-?token|auth-?user(?:name|id)?|smart-card',
  ].join('|')})(?:-|$)`,
);

/**
 * What the end of a name with the prefix `x-` gives away, whoever's it is: `X-Session-User`, `X-Acme-Role`;
 * but for databases whose clients name their user and role.
 */
const END =
  /^(?!-(?:trino|presto|snowflake|hasura)-).*-(?:user|user-?id|user-?name|user-?email|principal(?:-?id)?|subject|sub|identity|roles?|groups|scopes?|claims|is-admin|verified|proxyuser|proto)$/;

/**
 * In whose name a service works: tenants, and what OpenStack's Keystone says of a call that it let in. Loki, Mimir, Thanos and
 * VictoriaLogs believe whoever stands in front of them, and so do the tenant resolvers of frameworks: a caller that names
 * another one reads its data, and nobody sees it. Where callers choose among what is theirs, the description says so, and the
 * field passes; one that it forgot is refused by the service, which is seen at once. Hence dropped undescribed. Organisations,
 * accounts and workspaces (X-Organization-Id, X-Account-Id) pass: those are mostly choices of a caller, which are checked; so
 * is the tenant of Xero's clients.
 */
const TENANT =
  /^(?!xero-)(?:(?:.+-)?tenant(?:-?(?:id|uuid|name|domain|slug))?|scope-?org-?id|openstack-system-scope)$/;
/** With the prefix `x-` alone. */
const OF_KEYSTONE =
  /^(?:(?:service-)?(?:project|domain)(?:-domain)?-(?:id|name)|service-(?:catalog|identity-status))$/;
/** VictoriaLogs and VictoriaTraces, without a prefix: as one word they are nobody else's. */
const OF_VICTORIA = /^(?:http-)*(?:accountid|projectid)$/;
/** Acts and strengths that sign-in gateways vouch for, and callers that platforms do. */
const VOUCHED =
  /^(?:is-(?:admin|superuser|staff|internal)|on-behalf-of|act-as|run-as|mfa|amr|acr|auth-time|distinguished-name|internal-auth|opc-principal|intercom-user|dapr-caller|cloudtasks|cloudscheduler|gssapi|authorizer)(?:-|$)/;

/** The whole of a name that means this, and more often something else as part of another. */
const WHOLE = /^(?:group|proxy|host|url-scheme|scheme|method|verb|ip)$/;
/** Variables of CGI, which frameworks read as where they are mounted. */
const OF_CGI = /^(?:script-name|path-info|path-translated|request-uri|request-method)$/;

/**
 * Certificates that callers send as data: with them they signed what they send (Berlin Group, PSD2), or their program; and
 * what that program calls itself.
 */
const SENT_BY_CALLERS =
  /^(?:tpp-signature-certificate|x-android-cert|x-[a-z]+-user-agent(?:-[a-z-]+)?)$/;

/** `plain` is a name in lower case that has letters, digits and dashes alone, see plainName. */
export function isSaidByProxies(plain: string): boolean {
  if (SENT_BY_CALLERS.test(plain)) return false;
  const bare = plain.replace(/^(?:-|x-|http-)+/, '');
  const words = bare.split('-');
  return (
    // '$WSCC' and its kin: no field of a caller begins with a sign.
    plain.startsWith('-') ||
    START.test(bare) ||
    OPEN_FAMILIES.test(bare) ||
    ATTRIBUTE.test(bare) ||
    (bare !== plain && (WHOLE.test(bare) || END.test(`-${bare}`) || OF_KEYSTONE.test(bare))) ||
    TENANT.test(bare) ||
    OF_VICTORIA.test(plain) ||
    VOUCHED.test(bare) ||
    OF_CGI.test(bare) ||
    PHRASE.test(`-${bare}-`) ||
    (IS_WHO.test(words[0] as string) && words.every((word) => IS_OF_WHOM.test(word))) ||
    words.some((word) => WORD.test(word))
  );
}

/** As it may be read behind CGI and its heirs, to which every sign in a name is the same. */
export function plainName(name: string): string {
  return name.replaceAll(/[^a-z0-9-]/g, '-');
}
