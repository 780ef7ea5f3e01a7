-- What binds the last tombstone that was written: a file without it has lost its end.
CREATE TABLE tombstone_mark (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  mac TEXT NOT NULL
) STRICT;
