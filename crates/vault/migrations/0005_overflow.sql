-- What becomes of a conversation's beginning when a model's context no longer holds it.
ALTER TABLE conversations ADD COLUMN overflow TEXT NOT NULL DEFAULT 'drop' CHECK (overflow IN ('drop', 'summarize'));
