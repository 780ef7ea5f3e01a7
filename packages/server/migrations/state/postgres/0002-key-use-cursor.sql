-- Up to which leaf of a node's log it is kept when keys were last used.
CREATE TABLE key_use_cursor (
  node text COLLATE "C" PRIMARY KEY,
  leaf bigint NOT NULL
);
