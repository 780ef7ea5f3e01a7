/** Of each claim about a person, the scope by which it is asked for. OpenID Connect Core §5.4. */
export const PERSONAL_CLAIMS: Readonly<Record<string, string>> = {
  ...{ name: 'profile', locale: 'profile', preferred_username: 'profile' },
  ...{ email: 'email', email_verified: 'email' },
};

/** Of each scope, its claims; and those that are about how somebody signed in. */
export const CLAIMS = {
  openid: ['sub'],
  profile: Object.keys(PERSONAL_CLAIMS).filter((claim) => PERSONAL_CLAIMS[claim] === 'profile'),
  email: Object.keys(PERSONAL_CLAIMS).filter((claim) => PERSONAL_CLAIMS[claim] === 'email'),
  ...{ acr: null, amr: null, auth_time: null, sid: null, iss: null },
};
