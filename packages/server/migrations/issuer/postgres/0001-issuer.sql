-- What the authorization server hands out and takes back. Times are milliseconds since the epoch. Columns named
-- *_sealed hold envelopes, *_index keyed hashes: a value that opens something stands nowhere.

CREATE TABLE artefact (
  kind text COLLATE "C" NOT NULL,
  id_index text COLLATE "C" NOT NULL,
  payload_sealed text COLLATE "C" NOT NULL,
  grant_index text COLLATE "C",
  account_index text COLLATE "C",
  -- What else it is found by: the uid of a session, the code that a person types.
  second_index text COLLATE "C",
  expires_at bigint NOT NULL,
  consumed_at bigint,
  PRIMARY KEY (kind, id_index)
);
CREATE INDEX artefact_by_expiry ON artefact (expires_at);
CREATE INDEX artefact_by_grant ON artefact (grant_index) WHERE grant_index IS NOT NULL;
CREATE INDEX artefact_by_account ON artefact (account_index) WHERE account_index IS NOT NULL;
CREATE UNIQUE INDEX artefact_by_second ON artefact (kind, second_index) WHERE second_index IS NOT NULL;

-- What may be shown once, of those who make it themselves: proofs, assertions.
CREATE TABLE single_use (
  kind text COLLATE "C" NOT NULL,
  token_index text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  consumed_at bigint,
  PRIMARY KEY (kind, token_index)
);
CREATE INDEX single_use_by_expiry ON single_use (expires_at);

-- How often somebody has failed to show who they are, by what was typed: whether there is such an account or not.
CREATE TABLE sign_in_failure (
  subject_index text COLLATE "C" PRIMARY KEY,
  failures bigint NOT NULL,
  -- Nobody is let try before.
  free_at bigint NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX sign_in_failure_by_expiry ON sign_in_failure (expires_at);
