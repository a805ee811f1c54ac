-- Messages reach the search index in batches, not one by one: docs/adr/0012 says why.

-- Messages that have ended and aren't in the index yet.
CREATE TABLE unindexed (row INTEGER PRIMARY KEY) STRICT;

DROP TRIGGER message_indexed;
DROP TRIGGER message_ended;
DROP TRIGGER message_changed;
DROP TRIGGER message_gone;

-- What the index is held against holds the same messages as it.
DROP VIEW message_words;
CREATE VIEW message_words (row, text) AS
SELECT row, coalesce(words, text) FROM messages m
WHERE state <> 'streaming' AND NOT EXISTS (SELECT 1 FROM unindexed u WHERE u.row = m.row);

CREATE TRIGGER message_indexed AFTER INSERT ON messages WHEN new.state <> 'streaming' BEGIN
    INSERT INTO unindexed VALUES (new.row);
END;
CREATE TRIGGER message_ended AFTER UPDATE OF text, state ON messages
WHEN old.state = 'streaming' AND new.state <> 'streaming' BEGIN
    INSERT INTO unindexed VALUES (new.row);
END;
CREATE TRIGGER message_changed AFTER UPDATE OF text, state ON messages
WHEN old.state <> 'streaming' BEGIN
    INSERT INTO message_index (message_index, rowid, text)
    SELECT 'delete', old.row, coalesce(old.words, old.text)
    WHERE NOT EXISTS (SELECT 1 FROM unindexed WHERE row = old.row);
    DELETE FROM unindexed WHERE row = old.row;
    INSERT INTO unindexed SELECT new.row WHERE new.state <> 'streaming';
END;
CREATE TRIGGER message_gone AFTER DELETE ON messages WHEN old.state <> 'streaming' BEGIN
    INSERT INTO message_index (message_index, rowid, text)
    SELECT 'delete', old.row, coalesce(old.words, old.text)
    WHERE NOT EXISTS (SELECT 1 FROM unindexed WHERE row = old.row);
    DELETE FROM unindexed WHERE row = old.row;
END;

-- Dates of blocks are rounded outwards to 2^26 ms, about 19 hours, so that most messages change none.
DROP TRIGGER message_spanned;
UPDATE message_spans SET first_ms = (first_ms >> 26) << 26, last_ms = last_ms | 0x3ffffff;
CREATE TRIGGER message_spanned AFTER INSERT ON messages BEGIN
    INSERT INTO message_spans
    VALUES (new.row >> 10, (new.created_ms >> 26) << 26, new.created_ms | 0x3ffffff)
    ON CONFLICT (block) DO UPDATE SET
        first_ms = min(first_ms, excluded.first_ms), last_ms = max(last_ms, excluded.last_ms)
    WHERE excluded.first_ms < first_ms OR excluded.last_ms > last_ms;
END;
