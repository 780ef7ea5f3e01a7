-- Who may register a client without an operator: how many, and as what at most.
CREATE TABLE client_invitation (
  id text COLLATE "C" PRIMARY KEY,
  token_hash text COLLATE "C" NOT NULL UNIQUE,
  terms_sealed text COLLATE "C" NOT NULL,
  clients_left bigint NOT NULL,
  created_by text COLLATE "C",
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  ended_at bigint
);
CREATE INDEX client_invitation_by_age ON client_invitation (created_at, id);

-- Clients that registered themselves, and what each shows to change or end itself.
CREATE TABLE client_registration (
  client_id text COLLATE "C" PRIMARY KEY,
  invitation_id text COLLATE "C" NOT NULL,
  token_hash text COLLATE "C" UNIQUE,
  registered_at bigint NOT NULL,
  first_used_at bigint,
  -- Kept for a while, so that whoever ends what it made has not made fewer.
  ended_at bigint
);
CREATE INDEX client_registration_unused ON client_registration (first_used_at, registered_at);
