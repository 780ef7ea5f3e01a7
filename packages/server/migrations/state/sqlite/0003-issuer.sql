-- Keys that our own authorization server signs with. When one is in use follows from the times.
CREATE TABLE signing_key (
  id TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  private_sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  active_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
CREATE INDEX signing_key_by_age ON signing_key (active_at, id);

-- What our own authorization server gave and took back, for as long as it could still be shown.
CREATE TABLE denial (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  issuer TEXT NOT NULL,
  value TEXT NOT NULL,
  -- In seconds, as tokens say it.
  given_before INTEGER,
  until INTEGER NOT NULL
) STRICT;
CREATE INDEX denial_by_end ON denial (until);
CREATE INDEX denial_by_value ON denial (value);

-- The applications that our own authorization server knows.
CREATE TABLE oauth_client (
  id TEXT PRIMARY KEY,
  terms_sealed TEXT NOT NULL,
  secret_hash TEXT,
  former_hash TEXT,
  former_until INTEGER,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX oauth_client_by_age ON oauth_client (created_at, id);

-- People who sign in.
CREATE TABLE account (
  id TEXT PRIMARY KEY,
  login_index TEXT UNIQUE,
  profile_sealed TEXT NOT NULL,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER,
  -- Whatever was signed in before this moment is not any more.
  signed_out_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX account_by_age ON account (created_at, id);

-- What they show who they are with. `uses` counts as its kind does; it only grows.
CREATE TABLE account_credential (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  lookup_index TEXT UNIQUE,
  data_sealed TEXT NOT NULL,
  label_sealed TEXT NOT NULL,
  uses INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;
CREATE INDEX account_credential_by_account ON account_credential (account_id, created_at, id);

-- Links that let one person in once: to enrol, or to come back.
CREATE TABLE account_link (
  token_index TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  purpose TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE INDEX account_link_by_end ON account_link (expires_at);
CREATE INDEX account_link_by_account ON account_link (account_id);

-- What somebody said yes to, for as long as anything comes from it.
CREATE TABLE account_grant (
  id TEXT PRIMARY KEY,
  -- What was said once and holds in each browser where its holder signs in: one of these for each.
  consent_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  client_id TEXT NOT NULL,
  -- To what: scopes, and details that may name an account.
  rights_sealed TEXT NOT NULL,
  given_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX account_grant_by_end ON account_grant (expires_at);
CREATE INDEX account_grant_by_account ON account_grant (account_id);

-- Codes for when everything else is lost, each good once. They go with the credential that stands for the set.
CREATE TABLE account_recovery_code (
  code_index TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  credential_id TEXT NOT NULL,
  used_at INTEGER
) STRICT;
CREATE INDEX account_recovery_code_by_account ON account_recovery_code (account_id);

-- What people are told by mail, until it is told or too old.
CREATE TABLE account_notice (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  due_at INTEGER NOT NULL
) STRICT;
CREATE INDEX account_notice_by_due ON account_notice (due_at, id);
CREATE INDEX account_notice_by_account ON account_notice (account_id);
