-- Who may register a client without an operator: how many, and as what at most.
CREATE TABLE client_invitation (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  terms_sealed TEXT NOT NULL,
  clients_left INTEGER NOT NULL,
  created_by TEXT,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX client_invitation_by_age ON client_invitation (created_at, id);

-- Clients that registered themselves, and what each shows to change or end itself.
CREATE TABLE client_registration (
  client_id TEXT PRIMARY KEY,
  invitation_id TEXT NOT NULL,
  token_hash TEXT UNIQUE,
  registered_at INTEGER NOT NULL,
  first_used_at INTEGER,
  -- Kept for a while, so that whoever ends what it made has not made fewer.
  ended_at INTEGER
) STRICT;
CREATE INDEX client_registration_unused ON client_registration (first_used_at, registered_at);
