-- Somebody has fewer roles than before: what says otherwise and was made before this moment counts no more.
ALTER TABLE account ADD COLUMN lessened_at bigint;
-- Whose credential it is, where its holder signed in for it: it ends with what they are there.
ALTER TABLE operator ADD COLUMN account_id text COLLATE "C";
-- Which operator made it; null: the machine itself, or whoever it is.
ALTER TABLE operator ADD COLUMN created_by text COLLATE "C";
CREATE INDEX operator_by_account ON operator (account_id);
