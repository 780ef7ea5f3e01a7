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
