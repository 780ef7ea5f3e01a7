-- The security log. One tree and one writer a node; whoever raises the epoch is the writer.

CREATE TABLE log_node (
  node TEXT PRIMARY KEY,
  epoch INTEGER NOT NULL,
  size INTEGER NOT NULL,
  -- Leaves before this one were dropped by retention; their hashes stand in the tiles.
  dropped INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- 256 leaves, each behind a zero byte, compressed (Zstandard).
CREATE TABLE log_bundle (
  id INTEGER PRIMARY KEY,
  node TEXT NOT NULL,
  first INTEGER NOT NULL,
  from_time TEXT NOT NULL,
  to_time TEXT NOT NULL,
  -- Bloom filter of what can be searched for.
  terms BLOB NOT NULL,
  leaves BLOB NOT NULL,
  UNIQUE (node, first)
) STRICT;

-- The leaves after the last whole bundle, a row a transaction, not compressed, with their hashes.
CREATE TABLE log_tail (
  id INTEGER PRIMARY KEY,
  node TEXT NOT NULL,
  first INTEGER NOT NULL,
  leaves BLOB NOT NULL,
  hashes BLOB NOT NULL,
  UNIQUE (node, first)
) STRICT;

-- Level 0: hashes of leaves, full tiles only. Above: roots of full tiles of the level below.
CREATE TABLE log_tile (
  id INTEGER PRIMARY KEY,
  node TEXT NOT NULL,
  level INTEGER NOT NULL,
  number INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  UNIQUE (node, level, number)
) STRICT;

CREATE TABLE log_checkpoint (
  node TEXT NOT NULL,
  size INTEGER NOT NULL,
  note TEXT NOT NULL,
  made_at INTEGER NOT NULL,
  PRIMARY KEY (node, size)
) STRICT, WITHOUT ROWID;

-- How far each source was read; changes in the transaction that keeps what was read.
CREATE TABLE log_cursor (
  node TEXT NOT NULL,
  source TEXT NOT NULL,
  position TEXT NOT NULL,
  PRIMARY KEY (node, source)
) STRICT, WITHOUT ROWID;
