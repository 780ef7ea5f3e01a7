-- Keys that our own authorization server signs with. When one is in use follows from the times.
CREATE TABLE signing_key (
  id text COLLATE "C" PRIMARY KEY,
  algorithm text COLLATE "C" NOT NULL,
  public_jwk text COLLATE "C" NOT NULL,
  private_sealed text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  active_at bigint NOT NULL,
  revoked_at bigint
);
CREATE INDEX signing_key_by_age ON signing_key (active_at, id);

-- What our own authorization server gave and took back, for as long as it could still be shown.
CREATE TABLE denial (
  id text COLLATE "C" PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  issuer text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  -- In seconds, as tokens say it.
  given_before bigint,
  until bigint NOT NULL
);
CREATE INDEX denial_by_end ON denial (until);
CREATE INDEX denial_by_value ON denial (value);

-- The applications that our own authorization server knows.
CREATE TABLE oauth_client (
  id text COLLATE "C" PRIMARY KEY,
  terms_sealed text COLLATE "C" NOT NULL,
  secret_hash text COLLATE "C",
  former_hash text COLLATE "C",
  former_until bigint,
  created_by text COLLATE "C",
  created_at bigint NOT NULL,
  disabled_at bigint,
  version bigint NOT NULL
);
CREATE INDEX oauth_client_by_age ON oauth_client (created_at, id);

-- People who sign in.
CREATE TABLE account (
  id text COLLATE "C" PRIMARY KEY,
  login_index text COLLATE "C" UNIQUE,
  profile_sealed text COLLATE "C" NOT NULL,
  created_by text COLLATE "C",
  created_at bigint NOT NULL,
  disabled_at bigint,
  -- Whatever was signed in before this moment is not any more.
  signed_out_at bigint NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX account_by_age ON account (created_at, id);

-- What they show who they are with. `uses` counts as its kind does; it only grows.
CREATE TABLE account_credential (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  lookup_index text COLLATE "C" UNIQUE,
  data_sealed text COLLATE "C" NOT NULL,
  label_sealed text COLLATE "C" NOT NULL,
  uses bigint NOT NULL,
  created_at bigint NOT NULL,
  last_used_at bigint
);
CREATE INDEX account_credential_by_account ON account_credential (account_id, created_at, id);

-- Links that let one person in once: to enrol, or to come back.
CREATE TABLE account_link (
  token_index text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  used_at bigint
);
CREATE INDEX account_link_by_end ON account_link (expires_at);
CREATE INDEX account_link_by_account ON account_link (account_id);

-- What somebody said yes to, for as long as anything comes from it.
CREATE TABLE account_grant (
  id text COLLATE "C" PRIMARY KEY,
  -- What was said once and holds in each browser where its holder signs in: one of these for each.
  consent_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  client_id text COLLATE "C" NOT NULL,
  -- To what: scopes, and details that may name an account.
  rights_sealed text COLLATE "C" NOT NULL,
  given_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX account_grant_by_end ON account_grant (expires_at);
CREATE INDEX account_grant_by_account ON account_grant (account_id);

-- Codes for when everything else is lost, each good once. They go with the credential that stands for the set.
CREATE TABLE account_recovery_code (
  code_index text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  credential_id text COLLATE "C" NOT NULL,
  used_at bigint
);
CREATE INDEX account_recovery_code_by_account ON account_recovery_code (account_id);

-- What people are told by mail, until it is told or too old.
CREATE TABLE account_notice (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  attempts bigint NOT NULL,
  due_at bigint NOT NULL
);
CREATE INDEX account_notice_by_due ON account_notice (due_at, id);
CREATE INDEX account_notice_by_account ON account_notice (account_id);
