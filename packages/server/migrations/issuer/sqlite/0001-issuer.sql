-- What the authorization server hands out and takes back. Times are milliseconds since the epoch. Columns named
-- *_sealed hold envelopes, *_index keyed hashes: a value that opens something stands nowhere.

CREATE TABLE artefact (
  kind TEXT NOT NULL,
  id_index TEXT NOT NULL,
  payload_sealed TEXT NOT NULL,
  grant_index TEXT,
  account_index TEXT,
  -- What else it is found by: the uid of a session, the code that a person types.
  second_index TEXT,
  expires_at INTEGER NOT NULL,
  consumed_at INTEGER,
  PRIMARY KEY (kind, id_index)
) STRICT, WITHOUT ROWID;
CREATE INDEX artefact_by_expiry ON artefact (expires_at);
CREATE INDEX artefact_by_grant ON artefact (grant_index) WHERE grant_index IS NOT NULL;
CREATE INDEX artefact_by_account ON artefact (account_index) WHERE account_index IS NOT NULL;
CREATE UNIQUE INDEX artefact_by_second ON artefact (kind, second_index) WHERE second_index IS NOT NULL;

-- What may be shown once, of those who make it themselves: proofs, assertions.
CREATE TABLE single_use (
  kind TEXT NOT NULL,
  token_index TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  consumed_at INTEGER,
  PRIMARY KEY (kind, token_index)
) STRICT;
CREATE INDEX single_use_by_expiry ON single_use (expires_at);

-- How often somebody has failed to show who they are, by what was typed: whether there is such an account or not.
CREATE TABLE sign_in_failure (
  subject_index TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  -- Nobody is let try before.
  free_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_failure_by_expiry ON sign_in_failure (expires_at);
