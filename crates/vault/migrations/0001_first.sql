-- Ids are UUIDs of version 7, 16 bytes. Times are milliseconds since 1970 UTC.
-- The integer `row` is what the search index points to, and the order of appending.

CREATE TABLE conversations (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    title TEXT NOT NULL,
    -- The message that the person saw last at the end of the path; NULL before the first one.
    leaf BLOB NULL CHECK (leaf IS NULL OR length(leaf) = 16),
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE messages (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    conversation BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent BLOB NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('streaming', 'complete', 'stopped', 'interrupted')),
    created_ms INTEGER NOT NULL,
    -- JSON; answers only.
    receipt TEXT NULL,
    UNIQUE (conversation, id),
    -- A parent is of the same conversation, whatever the program believes.
    FOREIGN KEY (conversation, parent) REFERENCES messages (conversation, id)
) STRICT;

CREATE INDEX messages_by_parent ON messages (conversation, parent);
CREATE INDEX messages_streaming ON messages (state) WHERE state = 'streaming';

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    -- JSON.
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The index holds words alone and reads the text from the tables, so nothing is stored twice.
CREATE VIRTUAL TABLE message_index USING fts5 (
    text,
    content = 'messages',
    content_rowid = 'row',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);
CREATE VIRTUAL TABLE title_index USING fts5 (
    title,
    content = 'conversations',
    content_rowid = 'row',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3'
);
-- Deleted words leave the index at once, not when segments are merged some day.
INSERT INTO message_index (message_index, rank) VALUES ('secure-delete', 1);
INSERT INTO title_index (title_index, rank) VALUES ('secure-delete', 1);

-- An answer that is still streaming is not in the index: its checkpoints would rewrite it four times a second.
CREATE TRIGGER message_indexed AFTER INSERT ON messages WHEN new.state <> 'streaming' BEGIN
    INSERT INTO message_index (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER message_ended AFTER UPDATE OF text, state ON messages
WHEN old.state = 'streaming' AND new.state <> 'streaming' BEGIN
    INSERT INTO message_index (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER message_changed AFTER UPDATE OF text, state ON messages
WHEN old.state <> 'streaming' BEGIN
    INSERT INTO message_index (message_index, rowid, text) VALUES ('delete', old.row, old.text);
    INSERT INTO message_index (rowid, text) SELECT new.row, new.text WHERE new.state <> 'streaming';
END;
CREATE TRIGGER message_gone AFTER DELETE ON messages WHEN old.state <> 'streaming' BEGIN
    INSERT INTO message_index (message_index, rowid, text) VALUES ('delete', old.row, old.text);
END;

CREATE TRIGGER title_indexed AFTER INSERT ON conversations BEGIN
    INSERT INTO title_index (rowid, title) VALUES (new.row, new.title);
END;
CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversations BEGIN
    INSERT INTO title_index (title_index, rowid, title) VALUES ('delete', old.row, old.title);
    INSERT INTO title_index (rowid, title) VALUES (new.row, new.title);
END;
CREATE TRIGGER title_gone AFTER DELETE ON conversations BEGIN
    INSERT INTO title_index (title_index, rowid, title) VALUES ('delete', old.row, old.title);
END;
