-- The security log. One tree and one writer a node; whoever raises the epoch is the writer.

CREATE TABLE log_node (
  node text COLLATE "C" PRIMARY KEY,
  epoch bigint NOT NULL,
  size bigint NOT NULL,
  -- Leaves before this one were dropped by retention; their hashes stand in the tiles.
  dropped bigint NOT NULL
);

-- 256 leaves, each behind a zero byte, compressed (Zstandard).
CREATE TABLE log_bundle (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node text COLLATE "C" NOT NULL,
  first bigint NOT NULL,
  from_time text COLLATE "C" NOT NULL,
  to_time text COLLATE "C" NOT NULL,
  -- Bloom filter of what can be searched for.
  terms bytea NOT NULL,
  leaves bytea NOT NULL,
  UNIQUE (node, first)
);

-- The leaves after the last whole bundle, a row a transaction, not compressed, with their hashes.
CREATE TABLE log_tail (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node text COLLATE "C" NOT NULL,
  first bigint NOT NULL,
  leaves bytea NOT NULL,
  hashes bytea NOT NULL,
  UNIQUE (node, first)
);

-- Level 0: hashes of leaves, full tiles only. Above: roots of full tiles of the level below.
CREATE TABLE log_tile (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  node text COLLATE "C" NOT NULL,
  level bigint NOT NULL,
  number bigint NOT NULL,
  hashes bytea NOT NULL,
  UNIQUE (node, level, number)
);

CREATE TABLE log_checkpoint (
  node text COLLATE "C" NOT NULL,
  size bigint NOT NULL,
  note text COLLATE "C" NOT NULL,
  made_at bigint NOT NULL,
  PRIMARY KEY (node, size)
);

-- How far each source was read; changes in the transaction that keeps what was read.
CREATE TABLE log_cursor (
  node text COLLATE "C" NOT NULL,
  source text COLLATE "C" NOT NULL,
  position text COLLATE "C" NOT NULL,
  PRIMARY KEY (node, source)
);
