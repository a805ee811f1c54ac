//! Lists, folders, tags and searches of what was said.

use tandem_conversation::ConversationId;
use tandem_vault::{Place, Search, Vault};
use uuid::Uuid;

use crate::{
    assistant::Assistant,
    branches, input,
    wire::{
        Call, ConversationRow, Event, Failure, FolderChange, FolderView, FoundView, Keeping,
        ListPage, Reply, SearchHit, Shelf, Shelves, Snippet, TagView, Within,
    },
};

/// Search results at most.
const HITS: u32 = 50;

/// Does what a host asks of what was said.
pub(crate) async fn call(assistant: &Assistant, call: Call) -> Result<Reply, Failure> {
    let vault = assistant.vault()?;
    Ok(match call {
        Call::List {
            shelf,
            after,
            limit,
        } => Reply::Page(page(&vault, shelf, after.as_deref(), limit).await?),
        Call::Shelves => Reply::Shelves(shelves(&vault).await?),
        Call::Keep { ids, keeping } => {
            keep(assistant, &ids, keeping).await?;
            Reply::Done
        }
        Call::Folder { change } => Reply::Shelves(change_folder(assistant, change).await?),
        Call::Search { query, within } => Reply::Found(search(&vault, query, within).await?),
        Call::Map { id } => Reply::Map(branches::map(&vault, id).await?),
        Call::DeleteBranch {
            conversation,
            message,
        } => Reply::Conversation(branches::delete(assistant, conversation, message).await?),
        Call::KeepBranch {
            conversation,
            message,
        } => Reply::Conversation(branches::keep(assistant, conversation, message).await?),
        _ => {
            return Err(Failure::new(
                "call.elsewhere",
                "This can't be done with the history.",
            ));
        }
    })
}

/// A page of a list.
async fn page(
    vault: &Vault,
    shelf: Shelf,
    after: Option<&str>,
    limit: u32,
) -> Result<ListPage, Failure> {
    let after = after.map(place).transpose()?;
    let shelf = tandem_vault::Shelf {
        folder: shelf.folder,
        tag: shelf.tag,
        archived: shelf.archived,
    };
    let page = vault.page(&shelf, after, limit).await?;
    Ok(ListPage {
        rows: page.rows.into_iter().map(row).collect(),
        next: page
            .next
            .map(|next| format!("{} {} {}", u8::from(next.pinned), next.order_ms, next.row)),
    })
}

/// The place that a page's `next` names.
fn place(next: &str) -> Result<Place, Failure> {
    let mut parts = next.split(' ').map(str::parse::<i64>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(pinned)), Some(Ok(order_ms)), Some(Ok(row))) => Ok(Place {
            pinned: pinned == 1,
            order_ms,
            row,
        }),
        _ => Err(Failure::new(
            "list.place",
            "This part of the list can't be found. Show the list anew.",
        )),
    }
}

/// A row as hosts show it.
pub(crate) fn row(row: tandem_vault::ConversationRow) -> ConversationRow {
    ConversationRow {
        id: row.id,
        title: row.title,
        updated_ms: row.updated_ms,
        folder: row.folder,
        pinned: row.pinned,
        archived: row.archived,
        tags: row.tags,
    }
}

/// Folders, tags and models.
async fn shelves(vault: &Vault) -> Result<Shelves, Failure> {
    let folders = vault.folders().await?.into_iter().map(|folder| FolderView {
        id: folder.id,
        name: folder.name,
        conversations: folder.conversations,
    });
    let tags = vault.tags().await?.into_iter().map(|tag| TagView {
        name: tag.name,
        conversations: tag.conversations,
    });
    Ok(Shelves {
        folders: folders.collect(),
        tags: tags.collect(),
        models: vault.models().await?,
    })
}

/// Changes where conversations are kept.
async fn keep(
    assistant: &Assistant,
    ids: &[ConversationId],
    keeping: Keeping,
) -> Result<(), Failure> {
    let vault = assistant.vault()?;
    match keeping {
        Keeping::Pinned { on } => vault.pin(ids, on).await?,
        Keeping::Archived { on } => vault.archive(ids, on).await?,
        Keeping::Folder { id } => vault.file(ids, id).await?,
        Keeping::Tag { name, on } => vault.tag(ids, &input::title(&name)?, on).await?,
    }
    assistant.tell(Event::Conversations);
    Ok(())
}

/// Makes, renames, orders or deletes folders.
async fn change_folder(assistant: &Assistant, change: FolderChange) -> Result<Shelves, Failure> {
    let vault = assistant.vault()?;
    match change {
        FolderChange::New { name } => {
            vault
                .create_folder(Uuid::now_v7(), &input::title(&name)?)
                .await?;
        }
        FolderChange::Name { id, name } => vault.rename_folder(id, &input::title(&name)?).await?,
        FolderChange::Order { ids } => vault.order_folders(&ids).await?,
        FolderChange::Gone { id } => vault.delete_folder(id).await?,
    }
    assistant.tell(Event::Conversations);
    shelves(&vault).await
}

/// Searches titles and messages.
async fn search(vault: &Vault, query: String, within: Within) -> Result<FoundView, Failure> {
    let search = Search {
        typed: query,
        folder: within.folder,
        tag: within.tag,
        from_ms: within.from_ms,
        until_ms: within.until_ms,
        model: within.model,
        route: within.route,
    };
    let found = vault.find(&search, HITS).await?;
    let hits = found.hits.into_iter().map(|hit| SearchHit {
        conversation: hit.conversation,
        title: hit.title,
        message: hit.message,
        snippet: hit
            .snippet
            .into_iter()
            .map(|(text, hit)| Snippet { text, hit })
            .collect(),
        created_ms: hit.created_ms,
    });
    Ok(FoundView {
        hits: hits.collect(),
        all: found.all,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let read = place("1 -5 7").unwrap();
        assert_eq!((read.pinned, read.order_ms, read.row), (true, -5, 7));
    }

    #[rstest]
    #[case("")]
    #[case("1 2")]
    #[case("a b c")]
    fn other_places_are_refused(#[case] next: &str) {
        assert_eq!(place(next).unwrap_err().code, "list.place");
    }
}
