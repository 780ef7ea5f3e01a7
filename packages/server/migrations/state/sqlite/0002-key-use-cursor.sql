-- Up to which leaf of a node's log it is kept when keys were last used.
CREATE TABLE key_use_cursor (
  node TEXT PRIMARY KEY,
  leaf INTEGER NOT NULL
) STRICT;
