/**
 * What proxies, load balancers and sign-in gateways tell the service about the caller: who it is,
 * what certificate it showed, where it came from. A service that believes its proxy believes these,
 * and new members keep joining their families; hence families, by the words of a name, and no list.
 */

/** What one word alone gives away, wherever in the name it stands. */
const WORD = new RegExp(
  `^(?:${[
    // certificates: nginx, HAProxy, Apache, Traefik, Kong, Cloudflare, WebLogic, F5 and others
    '(?:client|user|peer|server|ssl|tls|mtls|x509|remote)?(?:certs?|certificates?|certinfo|certchain)',
    'crt|clientcrt|x509|xfcc|m?tls|ssl|https|dn|[si]dn|userdn|clientdn|subjectdn|issuerdn',
    'spiffe|spiffeid|svid',
    // addresses
    'forwarded|clientip|socketip|remoteip|realip|remoteaddr',
    // sign-in gateways
    'authenticated|userinfo|remoteuser|pomerium|authentik|authelia|tailscale|teleport|vouch',
    'appengine|apigateway|weblogic|citrix|smuser|smuserdn|msisdn|impersonate|mashery|apisix',
  ].join('|')})$`,
);

/** What words side by side give away, wherever they stand: a name has a dash before and after. */
const PHRASE = new RegExp(
  `-(?:${[
    '(?:client|peer|ssl|tls|cert)-(?:verify|verified|verification|subject|issuer|thumbprint)',
    '(?:verify|verified)-(?:client|peer|cert)',
    '(?:client|remote|real|connecting|connection|originating|source|src|peer|user|viewer|external|proxyuser|pseudo)-(?:ip|ipv[46]|addr|address)',
    // where a call came in, and what it was before it was rewritten
    '(?:original|unencoded|rewritten?|raw)-(?:url|uri|path|host|method|proto|scheme|port)',
    '(?:disguised|real|external|public)-host|host-override',
    'forward-(?:for|proto|host|port)',
    'jwt-(?:assertion|payload|claims?)',
    '(?:ms-token|token-aad|client-principal|goog-iap)',
    'method-override|(?:remote|proxy|kubernetes)-(?:user|role|group|name|email)s?',
    'auth-(?:user|userid|username|email|groups?|roles?|subject|identity)',
  ].join('|')})-`,
);

/** What the start of a name gives away; `x-` and `http-` are taken off before. */
const START = new RegExp(
  `^(?:${[
    'wl|arr|azure|l5d|oidc|shib|ajp|osso|rewrite|middleware|sendfile|accel|pomerium|f5|cf|waws|nf',
    // by what sign-in they were told
    '(?:sso|saml2?|ldap|oauth2?|oidc|kerberos|krb5?|spnego|ntlm|cas|okta|keycloak)-(?:user|role|group|name|email|id|subject|token|claim)[a-z]*',
    'vercel-(?:oidc|forwarded|proxy|ip)[a-z]*|cloudfront-(?:viewer|forwarded|is)[a-z]*',
    'sm-(?:user|universalid|serversession|auth)[a-z]*',
    'iv-(?:user|groups|creds|remote)',
  ].join('|')})(?:-|$)`,
);

/** The whole of a name that means this, and more often something else as part of another. */
const WHOLE = /^(?:verify|verified|proxy|host|url-scheme|scheme|method|verb|ip)$/;
/** Variables of CGI, which frameworks read as where they are mounted. */
const OF_CGI = /^(?:script-name|path-info|path-translated|request-uri|request-method)$/;

/** Certificates that callers send as data: with them they signed what they send (Berlin Group, PSD2). */
const SENT_BY_CALLERS = new Set(['tpp-signature-certificate']);

/** `plain` is a name in lower case that has letters, digits and dashes alone, see plainName. */
export function isSaidByProxies(plain: string): boolean {
  if (SENT_BY_CALLERS.has(plain)) return false;
  const bare = plain.replace(/^(?:-|x-|http-)+/, '');
  return (
    // '$WSCC' and its kin: no field of a caller begins with a sign.
    plain.startsWith('-') ||
    START.test(bare) ||
    (bare !== plain && WHOLE.test(bare)) ||
    OF_CGI.test(bare) ||
    PHRASE.test(`-${bare}-`) ||
    bare.split('-').some((word) => WORD.test(word))
  );
}

/** As it may be read behind CGI and its heirs, to which every sign in a name is the same. */
export function plainName(name: string): string {
  return name.replaceAll(/[^a-z0-9-]/g, '-');
}
