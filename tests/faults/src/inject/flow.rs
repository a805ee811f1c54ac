//! The flows: what a person does, from a known vault on, on a disk that fails in the midst of it.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use tandem_vault::{KeyStore, Phrase, Protection, Search, Shelf, Unlock, Vault, VaultError};

use crate::{
    act::{self, Act},
    disk::{Disk, Fault, Image},
    ground::Ground,
    ledger::Ledger,
};

/// One thing that a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flow {
    Create,
    Open,
    Append,
    Stream,
    Finish,
    Rename,
    Delete,
    Search,
    Settings,
    List,
    Close,
    Migrate,
    BackUp,
    Import,
    Rotate,
}

/// How a flow went.
pub(super) struct Run {
    /// What was there before.
    pub(super) base: Ledger,
    /// What was acknowledged, in order, and what comes of all of it.
    pub(super) done: Vec<Act>,
    pub(super) after: Vec<Act>,
    pub(super) acknowledged: Ledger,
    /// The first error, and the act that it was told for.
    pub(super) failed: Option<(Option<Act>, VaultError)>,
    /// Errors that followed it.
    pub(super) later: Vec<VaultError>,
    /// Something that was read and isn't so.
    pub(super) wrong: Option<String>,
}

impl Run {
    pub(super) fn new(base: &Ledger) -> Self {
        Self {
            base: base.clone(),
            done: Vec::new(),
            after: Vec::new(),
            acknowledged: base.clone(),
            failed: None,
            later: Vec::new(),
            wrong: None,
        }
    }

    /// Does one thing after the other, up to the first error.
    async fn acts(&mut self, vault: &Vault, acts: Vec<Act>) {
        for act in acts {
            match act.carry_out(vault).await {
                Ok(()) => {
                    self.acknowledged.apply(&act);
                    self.done.push(act);
                }
                Err(error) => {
                    self.failed = Some((Some(act), error));
                    return;
                }
            }
        }
    }

    fn read<T>(&mut self, read: Result<T, VaultError>) -> Option<T> {
        match read {
            Ok(read) => Some(read),
            Err(error) => {
                self.failed = Some((None, error));
                None
            }
        }
    }
}

impl Flow {
    pub(super) const ALL: [Self; 15] = [
        Self::Create,
        Self::Open,
        Self::Append,
        Self::Stream,
        Self::Finish,
        Self::Rename,
        Self::Delete,
        Self::Search,
        Self::Settings,
        Self::List,
        Self::Close,
        Self::Migrate,
        Self::BackUp,
        Self::Import,
        Self::Rotate,
    ];

    /// At every how manieth call it fails: deriving a key takes most of a second, so not at each.
    pub(super) fn step(self) -> usize {
        match self {
            Self::Create => 3,
            Self::Rotate => 11,
            _ => 1,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Create => "making a vault",
            Self::Open => "opening after a crash",
            Self::Append => "appending",
            Self::Stream => "an answer that comes",
            Self::Finish => "an answer that ends",
            Self::Rename => "renaming",
            Self::Delete => "deleting",
            Self::Search => "searching",
            Self::Settings => "settings",
            Self::List => "lists and reading",
            Self::Close => "closing",
            Self::Migrate => "an older vault",
            Self::BackUp => "a backup",
            Self::Import => "an import",
            Self::Rotate => "new keys",
        }
    }

    /// Goes through it, with the fault in its way.
    pub(super) async fn run(
        self,
        disk: &Disk,
        keys: Arc<dyn KeyStore>,
        ledger: &Ledger,
        fault: Fault,
    ) -> Result<Run> {
        let dir = disk.path().join("vault");
        let mut run = Run::new(ledger);
        let early = matches!(self, Self::Create | Self::Open | Self::Migrate);
        if early {
            disk.fail(fault)?;
        }
        let opened = if self == Self::Create {
            Vault::create_with(&dir, Protection::Keyring, keys).await
        } else {
            Vault::open_with(&dir, Unlock::Keyring, keys).await
        };
        let Some(mut vault) = run.read(opened) else {
            return Ok(run);
        };
        if !early {
            disk.fail(fault)?;
        }
        self.middle(&vault, ledger, &mut run).await?;
        if self == Self::Rotate
            && let Some(anew) = run.read(vault.rotate(&Phrase::random()?, None).await)
        {
            vault = anew;
        }
        if run.failed.is_some() {
            // The window is still open, and the person goes on.
            let act = Act::Set {
                key: "after".to_owned(),
                value: "1".to_owned(),
            };
            match act.carry_out(&vault).await {
                Ok(()) => {
                    run.acknowledged.apply(&act);
                    run.after.push(act);
                }
                Err(error) => run.later.push(error),
            }
        }
        if let Err(error) = vault.close().await {
            match run.failed {
                None => run.failed = Some((None, error)),
                Some(_) => run.later.push(error),
            }
        }
        Ok(run)
    }

    async fn middle(self, vault: &Vault, ledger: &Ledger, run: &mut Run) -> Result<()> {
        let mut random = fastrand::Rng::with_seed(11);
        let ids: Vec<ConversationId> = ledger.conversations.keys().copied().collect();
        let first = ids.first().copied();
        let streaming = ledger
            .messages()
            .filter(|message| message.state == MessageState::Streaming);
        let mut acts = Vec::new();
        match self {
            Self::Create => {
                let create = Act::create(&mut random);
                let mut later = Ledger::default();
                later.apply(&create);
                let id = *later.conversations.keys().next().context("one was made")?;
                acts.push(create);
                acts.push(append(act::message(&mut random, &later, id, Role::User)));
            }
            Self::Open | Self::Migrate | Self::Close | Self::Rotate => {}
            Self::BackUp => acts.push(Act::back_up(&mut random)),
            Self::Import => acts.push(Act::import(&mut random)),
            Self::Append => {
                let mut later = ledger.clone();
                for &id in ids.iter().take(3) {
                    let act = append(act::message(&mut random, &later, id, Role::User));
                    later.apply(&act);
                    acts.push(act);
                }
            }
            Self::Stream => {
                let id = first.context("a conversation")?;
                let question = act::message(&mut random, ledger, id, Role::User);
                let answer = answer(&mut random, &question);
                let id = answer.id;
                acts.push(Act::Append {
                    messages: vec![question, answer],
                    title: Some("A title".to_owned()),
                });
                for words in [10, 300, 900] {
                    let text = "so it goes ".repeat(words);
                    acts.push(Act::Checkpoint { id, text });
                }
            }
            Self::Finish => acts.extend(streaming.take(2).map(|message| Act::Finish {
                id: message.id,
                text: "the end, at last ".repeat(40),
                state: MessageState::Complete,
            })),
            Self::Rename => acts.extend(ids.iter().take(2).map(|&id| Act::Rename {
                id,
                title: "another name".to_owned(),
            })),
            Self::Delete => acts.extend(ids.iter().take(2).map(|&id| Act::Delete { id })),
            Self::Settings => {
                for value in ["1", "2"] {
                    acts.push(Act::Set {
                        key: "theme".to_owned(),
                        value: value.to_owned(),
                    });
                }
            }
            Self::Search => {
                let search = Search {
                    typed: "lighthouse".to_owned(),
                    ..Search::default()
                };
                if let Some(found) = run.read(vault.find(&search, 100).await)
                    && found.hits.len() != HITS
                {
                    run.wrong = Some(format!("{} hits, not {HITS}", found.hits.len()));
                }
            }
            Self::List => {
                if let Some(page) = run.read(vault.page(&Shelf::default(), None, 100).await)
                    && page.rows.len() != ids.len()
                {
                    run.wrong = Some(format!("{} rows, not {}", page.rows.len(), ids.len()));
                }
                if run.failed.is_none()
                    && let Some(found) = run.read(Ledger::read(vault).await)
                {
                    run.wrong = run.wrong.take().or_else(|| ledger.difference(&found));
                }
            }
        }
        run.acts(vault, acts).await;
        Ok(())
    }
}

/// Messages of the base that hold the word that is looked for.
const HITS: usize = 5;

fn append(message: Message) -> Act {
    Act::Append {
        messages: vec![message],
        title: None,
    }
}

fn answer(random: &mut fastrand::Rng, question: &Message) -> Message {
    Message {
        id: MessageId(act::uuid(random)),
        parent: Some(question.id),
        role: Role::Assistant,
        text: String::new(),
        state: MessageState::Streaming,
        ..question.clone()
    }
}

/// The vault that the flows begin with: closed, or as a crash left it for the flow that opens such a one.
pub(super) async fn prepare(
    ground: &Ground,
    disk: &Disk,
    dir: &Path,
    keys: Arc<dyn KeyStore>,
    flow: Flow,
) -> Result<(Image, Ledger)> {
    let vault = Vault::create_with(dir, Protection::Keyring, keys).await?;
    let mut random = fastrand::Rng::with_seed(7);
    let mut ledger = Ledger::default();
    let mut acts = Vec::new();
    for _ in 0..5 {
        let create = Act::create(&mut random);
        let Act::Create { id, .. } = create else {
            continue;
        };
        acts.push(create);
        let mut later = Ledger::default();
        for act in &acts {
            later.apply(act);
        }
        let mut question = act::message(&mut random, &later, id, Role::User);
        question.text.push_str(" lighthouse");
        let answer = answer(&mut random, &question);
        acts.push(Act::Append {
            messages: vec![question, answer],
            title: Some(act::text(&mut random)),
        });
    }
    for act in acts {
        act.carry_out(&vault).await?;
        ledger.apply(&act);
    }
    if flow == Flow::Open {
        let crashed = disk.image(ground)?;
        vault.close().await?;
        return Ok((crashed, ledger));
    }
    vault.close().await?;
    Ok((disk.image(ground)?, ledger))
}
