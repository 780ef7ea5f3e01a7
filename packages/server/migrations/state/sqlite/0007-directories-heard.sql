-- When a directory last asked or said something.
CREATE TABLE directory_heard (
  directory TEXT PRIMARY KEY,
  heard_at INTEGER NOT NULL
) STRICT;
