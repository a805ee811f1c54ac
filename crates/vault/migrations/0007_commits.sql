-- How many changes were committed, in one row that each of them raises. The last number is also kept, sealed, in the
-- file `counter` beside the database: a database that is behind it has lost what was acknowledged.
CREATE TABLE commits (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL
) STRICT;
INSERT INTO commits VALUES (1, 0);
