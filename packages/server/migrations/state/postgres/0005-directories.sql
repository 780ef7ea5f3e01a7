-- Somebody may not come in for now: the directory they come from says so, and can say otherwise.
ALTER TABLE account ADD COLUMN suspended_at bigint;

-- What a directory says of people whose accounts come from it.
CREATE TABLE directory_user (
  account_id text COLLATE "C" PRIMARY KEY,
  directory text COLLATE "C" NOT NULL,
  external_index text COLLATE "C" UNIQUE,
  said_sealed text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  changed_at bigint NOT NULL
);
CREATE INDEX directory_user_by_age ON directory_user (directory, created_at, account_id);

-- Groups of them.
CREATE TABLE directory_group (
  id text COLLATE "C" PRIMARY KEY,
  directory text COLLATE "C" NOT NULL,
  name_index text COLLATE "C" NOT NULL,
  external_index text COLLATE "C" UNIQUE,
  said_sealed text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  changed_at bigint NOT NULL,
  version bigint NOT NULL
);
CREATE INDEX directory_group_by_age ON directory_group (directory, created_at, id);
CREATE INDEX directory_group_by_name ON directory_group (name_index);
CREATE TABLE directory_member (
  group_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  PRIMARY KEY (group_id, account_id)
);
CREATE INDEX directory_member_by_account ON directory_member (account_id);
