-- What was typed and not yet sent, so that it outlives a lock: one text a conversation, and one for a conversation that
-- isn't begun, whose id is empty.
CREATE TABLE drafts (
    conversation BLOB NOT NULL PRIMARY KEY CHECK (length(conversation) IN (0, 16)),
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER draft_gone AFTER DELETE ON conversations BEGIN
    DELETE FROM drafts WHERE conversation = old.id;
END;
