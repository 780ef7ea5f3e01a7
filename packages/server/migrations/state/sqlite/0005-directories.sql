-- Somebody may not come in for now: the directory they come from says so, and can say otherwise.
ALTER TABLE account ADD COLUMN suspended_at INTEGER;

-- What a directory says of people whose accounts come from it.
CREATE TABLE directory_user (
  account_id TEXT PRIMARY KEY,
  directory TEXT NOT NULL,
  external_index TEXT UNIQUE,
  said_sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX directory_user_by_age ON directory_user (directory, created_at, account_id);

-- Groups of them.
CREATE TABLE directory_group (
  id TEXT PRIMARY KEY,
  directory TEXT NOT NULL,
  name_index TEXT NOT NULL,
  external_index TEXT UNIQUE,
  said_sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL,
  version INTEGER NOT NULL
) STRICT;
CREATE INDEX directory_group_by_age ON directory_group (directory, created_at, id);
CREATE INDEX directory_group_by_name ON directory_group (name_index);
CREATE TABLE directory_member (
  group_id TEXT NOT NULL,
  account_id TEXT NOT NULL,
  PRIMARY KEY (group_id, account_id)
) STRICT;
CREATE INDEX directory_member_by_account ON directory_member (account_id);
