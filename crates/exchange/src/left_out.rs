//! What can't be taken, counted by its reason.

use std::collections::BTreeMap;

/// Why something is left out, or isn't as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// What programs told a model: searches, code that ran, results.
    Tools,
    /// Instructions to a model.
    Instructions,
    /// Messages that the other assistant hid.
    Hidden,
    /// What a model thought before it answered.
    Thoughts,
    /// Sound and video.
    Sound,
    /// Pictures and files that the export names and doesn't hold.
    Absent,
    /// Pictures and files that are too large.
    Large,
    /// Messages without words.
    Empty,
    /// Parts of a kind that isn't known.
    Unknown,
    /// Conversations without messages.
    EmptyConversations,
    /// Conversations that can't be read.
    Unreadable,
    /// Messages over the number that a conversation may have.
    TooMany,
    /// Long texts that were cut.
    Cut,
    /// Messages that are there twice under one id.
    Doubles,
    /// Messages whose predecessor is missing: they begin a branch of their own.
    Orphans,
    /// Rings of messages that were cut open.
    Rings,
    /// Messages without a date that can be: they have the date of the message before.
    Undated,
}

impl Reason {
    /// A stable word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Instructions => "instructions",
            Self::Hidden => "hidden",
            Self::Thoughts => "thoughts",
            Self::Sound => "sound",
            Self::Absent => "absent",
            Self::Large => "large",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
            Self::EmptyConversations => "empty-conversations",
            Self::Unreadable => "unreadable",
            Self::TooMany => "too-many",
            Self::Cut => "cut",
            Self::Doubles => "doubles",
            Self::Orphans => "orphans",
            Self::Rings => "rings",
            Self::Undated => "undated",
        }
    }

    /// For the person, to stand before a number.
    pub fn words(self) -> &'static str {
        match self {
            Self::Tools => "Messages of tools, such as searches and code that ran",
            Self::Instructions => "Instructions to the model",
            Self::Hidden => "Messages that were hidden there, too",
            Self::Thoughts => "Thoughts of the model before its answer",
            Self::Sound => "Recordings of sound or video",
            Self::Absent => "Pictures and files that the export names but doesn't hold",
            Self::Large => "Pictures and files over 128 MB",
            Self::Empty => "Messages without words",
            Self::Unknown => "Parts of a kind that Tandem doesn't know",
            Self::EmptyConversations => "Conversations without messages",
            Self::Unreadable => "Conversations that can't be read",
            Self::TooMany => "Messages over 200,000 in one conversation",
            Self::Cut => "Texts over 16 MB, cut there",
            Self::Doubles => "Messages that are in the file twice",
            Self::Orphans => {
                "Taken, as branches of their own: messages whose predecessor is missing"
            }
            Self::Rings => "Taken, cut open: messages that follow themselves",
            Self::Undated => "Taken, with the date of the message before: messages without a date",
        }
    }
}

/// How often each reason applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    counts: BTreeMap<Reason, u64>,
}

impl LeftOut {
    /// Counts one more.
    pub fn add(&mut self, reason: Reason) {
        self.add_many(reason, 1);
    }

    pub(crate) fn add_many(&mut self, reason: Reason, times: u64) {
        if times > 0 {
            *self.counts.entry(reason).or_default() += times;
        }
    }

    /// Adds what another one counted.
    pub fn absorb(&mut self, other: &Self) {
        for (&reason, &count) in &other.counts {
            self.add_many(reason, count);
        }
    }

    /// How often `reason` applied.
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts.get(&reason).copied().unwrap_or(0)
    }

    /// All that applied, in the order of [`Reason`].
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64)> {
        self.counts.iter().map(|(&reason, &count)| (reason, count))
    }

    /// Whether nothing applied.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}
