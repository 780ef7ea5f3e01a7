-- Times are milliseconds since the epoch. Columns named *_sealed hold envelopes, *_index keyed hashes.

CREATE TABLE key_encryption_key (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  id TEXT NOT NULL,
  provider TEXT NOT NULL,
  wrapped TEXT NOT NULL,
  wrapped_at INTEGER NOT NULL
) STRICT;

CREATE TABLE data_key (
  id TEXT PRIMARY KEY,
  purpose TEXT NOT NULL UNIQUE,
  wrapped TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Erased: the index is gone and `wrapped` is empty.
CREATE TABLE subject_key (
  id TEXT PRIMARY KEY,
  subject_index TEXT UNIQUE,
  wrapped TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  erased_at INTEGER
) STRICT;

-- One row; whoever raises it holds it until the commit, so the order of numbers is that of commits.
CREATE TABLE change_sequence (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  last INTEGER NOT NULL
) STRICT;
INSERT INTO change_sequence (singleton, last) VALUES (1, 0);

CREATE TABLE change (
  sequence INTEGER PRIMARY KEY,
  domain TEXT NOT NULL,
  id TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
  id TEXT PRIMARY KEY,
  client TEXT NOT NULL,
  prefix TEXT NOT NULL,
  hash TEXT NOT NULL UNIQUE,
  name_sealed TEXT NOT NULL,
  owner_sealed TEXT,
  owner_index TEXT,
  scopes TEXT NOT NULL,
  roles TEXT NOT NULL,
  limits TEXT,
  networks_sealed TEXT NOT NULL,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  rotated_from TEXT,
  rotated_to TEXT,
  overlap_until INTEGER,
  revoked_at INTEGER,
  revoked_reason_sealed TEXT,
  last_used_at INTEGER,
  last_used_operation TEXT,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX api_key_by_age ON api_key (created_at, id);
CREATE INDEX api_key_by_owner ON api_key (owner_index, created_at, id);

-- Which operations a key has called, and when last: what it never calls it need not be allowed.
CREATE TABLE api_key_use (
  key_id TEXT NOT NULL,
  operation TEXT NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (key_id, operation)
) STRICT;

CREATE TABLE block (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  value_sealed TEXT NOT NULL,
  value_index TEXT NOT NULL,
  reason_sealed TEXT NOT NULL,
  until INTEGER,
  created_at INTEGER NOT NULL,
  created_by TEXT NOT NULL,
  ended_at INTEGER,
  undone_by TEXT,
  version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX block_active ON block (kind, value_index) WHERE ended_at IS NULL;

CREATE TABLE operator (
  id TEXT PRIMARY KEY,
  name_sealed TEXT NOT NULL,
  roles TEXT NOT NULL,
  credential_hash TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  revoked_at INTEGER,
  last_used_at INTEGER,
  version INTEGER NOT NULL
) STRICT;

CREATE TABLE single_use (
  kind TEXT NOT NULL,
  token_index TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  consumed_at INTEGER,
  PRIMARY KEY (kind, token_index)
) STRICT;
CREATE INDEX single_use_by_expiry ON single_use (expires_at);

CREATE TABLE idempotent_answer (
  key_index TEXT PRIMARY KEY,
  request_hash TEXT NOT NULL,
  answer_sealed TEXT,
  begun_at INTEGER NOT NULL,
  attempt TEXT NOT NULL
) STRICT;
CREATE INDEX idempotent_answer_by_age ON idempotent_answer (begun_at);
