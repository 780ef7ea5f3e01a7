-- When a directory last asked or said something.
CREATE TABLE directory_heard (
  directory text COLLATE "C" PRIMARY KEY,
  heard_at bigint NOT NULL
);
