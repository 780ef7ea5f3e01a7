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
