-- Attachments of messages, and where what was imported comes from.

-- The bytes of an attachment lie in a file beside the database that is called by its id, sealed with a key that is here
-- alone: without this row nobody can read the file, whoever has the data key.
CREATE TABLE attachments (
    row INTEGER PRIMARY KEY,
    -- Random, so that it tells nothing.
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    message INTEGER NOT NULL REFERENCES messages (row) ON DELETE CASCADE,
    name TEXT NOT NULL,
    mime TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32)
) STRICT;
CREATE INDEX attachments_of_message ON attachments (message);

-- Files whose row is gone. The rest of the file goes next; a file system may keep it a while, but nobody can read it.
CREATE TABLE attachments_gone (
    id BLOB NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TRIGGER attachment_gone AFTER DELETE ON attachments BEGIN
    INSERT INTO attachments_gone (id) VALUES (old.id);
END;

-- What another assistant called a conversation and its messages, so that nothing is imported twice.
CREATE TABLE imported_conversations (
    -- The kind of export, such as 'chatgpt'.
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    conversation INTEGER NOT NULL REFERENCES conversations (row) ON DELETE CASCADE,
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX imported_as ON imported_conversations (conversation);

CREATE TABLE imported_messages (
    conversation INTEGER NOT NULL REFERENCES conversations (row) ON DELETE CASCADE,
    id TEXT NOT NULL,
    message INTEGER NOT NULL REFERENCES messages (row) ON DELETE CASCADE,
    PRIMARY KEY (conversation, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX imported_message_as ON imported_messages (message);
