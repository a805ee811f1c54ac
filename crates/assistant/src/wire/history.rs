//! Lists, folders, tags, branches and searches, as hosts ask for them and show them.

use serde::{Deserialize, Serialize};
use tandem_conversation::{ConversationId, MessageId, Role};
use ts_rs::TS;
use uuid::Uuid;

use super::{ConversationRow, SearchHit};

/// Which conversations a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export)]
pub struct Shelf {
    /// Those of this folder alone.
    #[ts(type = "string | null")]
    pub folder: Option<Uuid>,
    /// Those with this tag alone.
    pub tag: Option<String>,
    /// Archived ones instead of the others.
    pub archived: bool,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct ListPage {
    /// Pinned ones first, then by what was last said, newest first.
    pub rows: Vec<ConversationRow>,
    /// What to ask for to get the next page; `null` at the end.
    pub next: Option<String>,
}

/// A folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct FolderView {
    /// Its id.
    #[ts(type = "string")]
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// How many conversations are in it.
    pub conversations: u32,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct TagView {
    /// Its name.
    pub name: String,
    /// How many conversations have it.
    pub conversations: u32,
}

/// What lists and searches can be narrowed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct Shelves {
    /// All folders, in the person's order.
    pub folders: Vec<FolderView>,
    /// All tags, by name.
    pub tags: Vec<TagView>,
    /// The models that made answers, by name.
    pub models: Vec<String>,
}

/// A change of where conversations are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "to", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[ts(export)]
pub enum Keeping {
    /// At the top of its lists, or not.
    Pinned {
        /// Whether it is.
        on: bool,
    },
    /// Out of the ordinary lists, or not.
    Archived {
        /// Whether it is.
        on: bool,
    },
    /// In a folder, or in none.
    Folder {
        /// The folder.
        #[ts(type = "string | null")]
        id: Option<Uuid>,
    },
    /// With a tag, or without it.
    Tag {
        /// Its name.
        name: String,
        /// Whether it has the tag.
        on: bool,
    },
}

/// A change of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(
    tag = "make",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
#[ts(export)]
pub enum FolderChange {
    /// A new, empty one, after all others.
    New {
        /// Its name.
        name: String,
    },
    /// Another name.
    Name {
        /// Which.
        #[ts(type = "string")]
        id: Uuid,
        /// The name.
        name: String,
    },
    /// This order of all folders.
    Order {
        /// Their ids.
        #[ts(type = "string[]")]
        ids: Vec<Uuid>,
    },
    /// It goes; its conversations stay, in no folder.
    Gone {
        /// Which.
        #[ts(type = "string")]
        id: Uuid,
    },
}

/// Where to search. What is `null` doesn't narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(export)]
pub struct Within {
    /// Only in conversations of this folder.
    #[ts(type = "string | null")]
    pub folder: Option<Uuid>,
    /// Only in conversations with this tag.
    pub tag: Option<String>,
    /// Only what was written at this time or later, in milliseconds since 1970 UTC.
    #[ts(type = "number | null")]
    pub from_ms: Option<i64>,
    /// Only what was written before this time, in milliseconds since 1970 UTC.
    #[ts(type = "number | null")]
    pub until_ms: Option<i64>,
    /// Only answers of this model.
    pub model: Option<String>,
    /// Only answers that were made there, such as `device`.
    pub route: Option<String>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct FoundView {
    /// Matches, best first.
    pub hits: Vec<SearchHit>,
    /// Whether every match was looked at; of very many, only the newest are.
    pub all: bool,
}

/// A message in the map of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MapNode {
    /// Its id.
    #[ts(type = "string")]
    pub id: MessageId,
    /// The message that it follows.
    #[ts(type = "string | null")]
    pub parent: Option<MessageId>,
    /// Who speaks.
    #[ts(type = "\"user\" | \"assistant\"")]
    pub role: Role,
    /// Its whole text.
    pub text: String,
    /// Whether it is on the branch that is shown.
    pub shown: bool,
}

/// All branches of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(export)]
pub struct MapView {
    /// The conversation.
    #[ts(type = "string")]
    pub id: ConversationId,
    /// Its messages; each follows its parent, versions stand oldest first.
    pub nodes: Vec<MapNode>,
}
