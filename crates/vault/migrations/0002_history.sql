-- Folders, pins, archive and tags; counters and an order that lists need no work for; a search index for every script.

-- Folders are flat, and a conversation is in one at most.
CREATE TABLE folders (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    -- Their order; numbers may be missing.
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tags (
    row INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE
) STRICT;

ALTER TABLE conversations ADD COLUMN folder BLOB NULL REFERENCES folders (id) ON DELETE SET NULL;
ALTER TABLE conversations ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1));
ALTER TABLE conversations ADD COLUMN archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1));
-- How many messages it has, on all branches. Kept by triggers.
ALTER TABLE conversations ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
-- Its place in lists, the highest first: the time of the last message, or one more than the highest there is where the
-- clock says less. So a clock that jumps never changes the order of what was said.
ALTER TABLE conversations ADD COLUMN order_ms INTEGER NOT NULL DEFAULT 0;

UPDATE conversations SET
    order_ms = updated_ms,
    messages = (SELECT count(*) FROM messages m WHERE m.conversation = conversations.id);

CREATE INDEX conversations_listed ON conversations (archived, pinned, order_ms);
CREATE INDEX conversations_in_folder ON conversations (folder, archived, pinned, order_ms) WHERE folder IS NOT NULL;

CREATE TABLE conversation_tags (
    conversation INTEGER NOT NULL REFERENCES conversations (row) ON DELETE CASCADE,
    tag INTEGER NOT NULL REFERENCES tags (row) ON DELETE CASCADE,
    -- The conversation's own, for lists of one tag.
    order_ms INTEGER NOT NULL,
    PRIMARY KEY (conversation, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversations_tagged ON conversation_tags (tag, order_ms);
CREATE TRIGGER conversation_moved AFTER UPDATE OF order_ms ON conversations BEGIN
    UPDATE conversation_tags SET order_ms = new.order_ms WHERE conversation = new.row;
END;
-- A tag that nothing bears any more is gone.
CREATE TRIGGER tag_taken AFTER DELETE ON conversation_tags
WHEN NOT EXISTS (SELECT 1 FROM conversation_tags WHERE tag = old.tag) BEGIN
    DELETE FROM tags WHERE row = old.tag;
END;

CREATE TRIGGER message_counted AFTER INSERT ON messages BEGIN
    UPDATE conversations SET messages = messages + 1 WHERE id = new.conversation;
END;
CREATE TRIGGER message_uncounted AFTER DELETE ON messages BEGIN
    UPDATE conversations SET messages = messages - 1 WHERE id = old.conversation;
END;

-- Where an answer ran and which model made it, out of its receipt.
ALTER TABLE messages ADD COLUMN route TEXT GENERATED ALWAYS AS (receipt ->> '$.route') VIRTUAL;
ALTER TABLE messages ADD COLUMN model TEXT GENERATED ALWAYS AS (receipt ->> '$.model') VIRTUAL;
CREATE INDEX messages_by_model ON messages (model) WHERE model IS NOT NULL;

-- The first and the last date in each block of 1,024 messages, so that a search in a range of dates passes over the
-- rest. Clocks jump and imports are old, so dates don't follow the order of appending. A deletion leaves them wider.
CREATE TABLE message_spans (
    block INTEGER PRIMARY KEY,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL
) STRICT;
INSERT INTO message_spans
SELECT row >> 10, min(created_ms), max(created_ms) FROM messages GROUP BY row >> 10;
CREATE TRIGGER message_spanned AFTER INSERT ON messages BEGIN
    INSERT INTO message_spans VALUES (new.row >> 10, new.created_ms, new.created_ms)
    ON CONFLICT (block) DO UPDATE SET
        first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms);
END;

-- What the index holds of a text that its tokenizer alone would split wrongly; NULL where the text itself will do.
-- Always written together with the text, so the triggers wait for that alone.
-- docs/adr/0008 says why.
ALTER TABLE messages ADD COLUMN words TEXT NULL;
ALTER TABLE conversations ADD COLUMN words TEXT NULL;

DROP TRIGGER message_indexed;
DROP TRIGGER message_ended;
DROP TRIGGER message_changed;
DROP TRIGGER message_gone;
DROP TRIGGER title_indexed;
DROP TRIGGER title_changed;
DROP TRIGGER title_gone;
DROP TABLE message_index;
DROP TABLE title_index;

CREATE VIEW message_words (row, text) AS
SELECT row, coalesce(words, text) FROM messages WHERE state <> 'streaming';
CREATE VIEW title_words (row, title) AS SELECT row, coalesce(words, title) FROM conversations;

-- Still empty: the program fills both, since it alone knows the words.
CREATE VIRTUAL TABLE message_index USING fts5 (
    text,
    content = 'message_words',
    content_rowid = 'row',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Mn Mc'",
    prefix = '2 3'
);
CREATE VIRTUAL TABLE title_index USING fts5 (
    title,
    content = 'title_words',
    content_rowid = 'row',
    tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Mn Mc'",
    prefix = '2 3'
);
INSERT INTO message_index (message_index, rank) VALUES ('secure-delete', 1);
INSERT INTO title_index (title_index, rank) VALUES ('secure-delete', 1);

CREATE TRIGGER message_indexed AFTER INSERT ON messages WHEN new.state <> 'streaming' BEGIN
    INSERT INTO message_index (rowid, text) VALUES (new.row, coalesce(new.words, new.text));
END;
CREATE TRIGGER message_ended AFTER UPDATE OF text, state ON messages
WHEN old.state = 'streaming' AND new.state <> 'streaming' BEGIN
    INSERT INTO message_index (rowid, text) VALUES (new.row, coalesce(new.words, new.text));
END;
CREATE TRIGGER message_changed AFTER UPDATE OF text, state ON messages
WHEN old.state <> 'streaming' BEGIN
    INSERT INTO message_index (message_index, rowid, text)
    VALUES ('delete', old.row, coalesce(old.words, old.text));
    INSERT INTO message_index (rowid, text)
    SELECT new.row, coalesce(new.words, new.text) WHERE new.state <> 'streaming';
END;
CREATE TRIGGER message_gone AFTER DELETE ON messages WHEN old.state <> 'streaming' BEGIN
    INSERT INTO message_index (message_index, rowid, text)
    VALUES ('delete', old.row, coalesce(old.words, old.text));
END;

CREATE TRIGGER title_indexed AFTER INSERT ON conversations BEGIN
    INSERT INTO title_index (rowid, title) VALUES (new.row, coalesce(new.words, new.title));
END;
CREATE TRIGGER title_changed AFTER UPDATE OF title ON conversations BEGIN
    INSERT INTO title_index (title_index, rowid, title)
    VALUES ('delete', old.row, coalesce(old.words, old.title));
    INSERT INTO title_index (rowid, title) VALUES (new.row, coalesce(new.words, new.title));
END;
CREATE TRIGGER title_gone AFTER DELETE ON conversations BEGIN
    INSERT INTO title_index (title_index, rowid, title)
    VALUES ('delete', old.row, coalesce(old.words, old.title));
END;
