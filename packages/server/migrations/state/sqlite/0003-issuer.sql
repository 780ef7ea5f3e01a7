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
