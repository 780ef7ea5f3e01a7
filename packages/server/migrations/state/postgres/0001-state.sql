-- Times are milliseconds since the epoch. Columns named *_sealed hold envelopes, *_index keyed hashes.

CREATE TABLE key_encryption_key (
  singleton bigint PRIMARY KEY CHECK (singleton = 1),
  id text COLLATE "C" NOT NULL,
  provider text COLLATE "C" NOT NULL,
  wrapped text COLLATE "C" NOT NULL,
  wrapped_at bigint NOT NULL
);

CREATE TABLE data_key (
  id text COLLATE "C" PRIMARY KEY,
  purpose text COLLATE "C" NOT NULL UNIQUE,
  wrapped text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL
);

-- Erased: the index is gone and `wrapped` is empty.
CREATE TABLE subject_key (
  id text COLLATE "C" PRIMARY KEY,
  subject_index text COLLATE "C" UNIQUE,
  wrapped text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  erased_at bigint
);

-- One row; whoever raises it holds it until the commit, so the order of numbers is that of commits.
CREATE TABLE change_sequence (
  singleton bigint PRIMARY KEY CHECK (singleton = 1),
  last bigint NOT NULL
);
INSERT INTO change_sequence (singleton, last) VALUES (1, 0);

CREATE TABLE change (
  sequence bigint PRIMARY KEY,
  domain text COLLATE "C" NOT NULL,
  id text COLLATE "C" NOT NULL,
  at bigint NOT NULL
);

CREATE TABLE api_key (
  id text COLLATE "C" PRIMARY KEY,
  client text COLLATE "C" NOT NULL,
  prefix text COLLATE "C" NOT NULL,
  hash text COLLATE "C" NOT NULL UNIQUE,
  name_sealed text COLLATE "C" NOT NULL,
  owner_sealed text COLLATE "C",
  owner_index text COLLATE "C",
  scopes text COLLATE "C" NOT NULL,
  roles text COLLATE "C" NOT NULL,
  limits text COLLATE "C",
  networks_sealed text COLLATE "C" NOT NULL,
  created_by text COLLATE "C",
  created_at bigint NOT NULL,
  expires_at bigint,
  rotated_from text COLLATE "C",
  rotated_to text COLLATE "C",
  overlap_until bigint,
  revoked_at bigint,
  revoked_reason_sealed text COLLATE "C",
  last_used_at bigint,
  last_used_operation text COLLATE "C",
  version bigint NOT NULL
);
CREATE INDEX api_key_by_age ON api_key (created_at, id);
CREATE INDEX api_key_by_owner ON api_key (owner_index, created_at, id);

-- Which operations a key has called, and when last: what it never calls it need not be allowed.
CREATE TABLE api_key_use (
  key_id text COLLATE "C" NOT NULL,
  operation text COLLATE "C" NOT NULL,
  last_at bigint NOT NULL,
  PRIMARY KEY (key_id, operation)
);

CREATE TABLE block (
  id text COLLATE "C" PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  value_sealed text COLLATE "C" NOT NULL,
  value_index text COLLATE "C" NOT NULL,
  reason_sealed text COLLATE "C" NOT NULL,
  until bigint,
  created_at bigint NOT NULL,
  created_by text COLLATE "C" NOT NULL,
  ended_at bigint,
  undone_by text COLLATE "C",
  version bigint NOT NULL
);
CREATE UNIQUE INDEX block_active ON block (kind, value_index) WHERE ended_at IS NULL;

CREATE TABLE operator (
  id text COLLATE "C" PRIMARY KEY,
  name_sealed text COLLATE "C" NOT NULL,
  roles text COLLATE "C" NOT NULL,
  credential_hash text COLLATE "C" NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  expires_at bigint,
  revoked_at bigint,
  last_used_at bigint,
  version bigint NOT NULL
);

CREATE TABLE single_use (
  kind text COLLATE "C" NOT NULL,
  token_index text COLLATE "C" NOT NULL,
  expires_at bigint NOT NULL,
  consumed_at bigint,
  PRIMARY KEY (kind, token_index)
);
CREATE INDEX single_use_by_expiry ON single_use (expires_at);

CREATE TABLE idempotent_answer (
  key_index text COLLATE "C" PRIMARY KEY,
  request_hash text COLLATE "C" NOT NULL,
  answer_sealed text COLLATE "C",
  begun_at bigint NOT NULL,
  attempt text COLLATE "C" NOT NULL
);
CREATE INDEX idempotent_answer_by_age ON idempotent_answer (begun_at);
