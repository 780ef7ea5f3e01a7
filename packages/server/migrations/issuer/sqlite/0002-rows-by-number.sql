-- Rows stand in the order in which they come, and no longer within the tree of their keys: these are random, and a row is
-- large, so that each one that was put there moved others.
DROP INDEX artefact_by_expiry;
DROP INDEX artefact_by_grant;
DROP INDEX artefact_by_account;
DROP INDEX artefact_by_second;
ALTER TABLE artefact RENAME TO artefact_before;
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
) STRICT;
INSERT INTO artefact
SELECT kind, id_index, payload_sealed, grant_index, account_index, second_index, expires_at, consumed_at
FROM artefact_before;
DROP TABLE artefact_before;
CREATE INDEX artefact_by_expiry ON artefact (expires_at);
CREATE INDEX artefact_by_grant ON artefact (grant_index) WHERE grant_index IS NOT NULL;
CREATE INDEX artefact_by_account ON artefact (account_index) WHERE account_index IS NOT NULL;
CREATE UNIQUE INDEX artefact_by_second ON artefact (kind, second_index) WHERE second_index IS NOT NULL;
