//! A conversation in the terminal.

use std::{
    io::{self, BufRead, IsTerminal},
    process::ExitCode,
};

use rustyline::{DefaultEditor, error::ReadlineError};
use tandem_assistant::wire::{ConversationId, Role};
use tandem_assistant::{
    Door,
    wire::{
        Call, ConversationRow, ConversationView, Failure, FoundView, MessageView, Reply, Within,
    },
};

use crate::{
    ask::{new_conversation, stream, unexpected},
    speak::{answer, aside},
};

const HELP: &str = "\
/new          begin another conversation
/list         the conversations
/open NUMBER  go on with one of them
/again        answer the last question anew
/search WORDS find words in all conversations
/quit         leave (so does Ctrl+D); Ctrl+C stops an answer";

/// Talks until the person leaves.
pub(crate) async fn run(door: &Door) -> Result<ExitCode, Failure> {
    if io::stdin().is_terminal() {
        aside(
            "Tandem runs on this device; nothing you write leaves it. /help says what else there is.",
        );
    }
    let mut lines = Lines::new()?;
    let mut chat = Chat {
        door,
        conversation: None,
        last: None,
    };
    while let Some(line) = lines.next()? {
        let line = line.trim_end();
        if line == "/quit" {
            break;
        }
        // A question that went wrong is no reason to leave.
        if let Err(failure) = chat.take(line).await {
            aside(&failure.message);
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Chat<'a> {
    door: &'a Door,
    conversation: Option<ConversationId>,
    last: Option<MessageView>,
}

impl Chat<'_> {
    async fn take(&mut self, line: &str) -> Result<(), Failure> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "" => Ok(()),
            "/help" => {
                aside(HELP);
                Ok(())
            }
            "/new" => {
                (self.conversation, self.last) = (None, None);
                Ok(())
            }
            "/list" => self.list().await,
            "/open" => self.open(rest).await,
            "/again" => self.again().await,
            "/search" => self.search(rest).await,
            _ => self.ask(line).await,
        }
    }

    async fn ask(&mut self, text: &str) -> Result<(), Failure> {
        let conversation = match self.conversation {
            Some(conversation) => conversation,
            None => *self.conversation.insert(new_conversation(self.door).await?),
        };
        let parent = self.last.as_ref().map(|message| message.id);
        self.show(Call::Ask {
            conversation,
            parent,
            text: text.to_owned(),
        })
        .await
    }

    async fn again(&mut self) -> Result<(), Failure> {
        let (Some(conversation), Some(last)) = (self.conversation, &self.last) else {
            aside("There is no answer yet.");
            return Ok(());
        };
        self.show(Call::Regenerate {
            conversation,
            message: last.id,
        })
        .await
    }

    async fn show(&mut self, call: Call) -> Result<(), Failure> {
        let message = stream(self.door, call).await?;
        if let Some(receipt) = &message.receipt {
            let rate = receipt
                .tokens_per_second
                .map(|rate| format!(" · {rate:.0} tokens/s"))
                .unwrap_or_default();
            aside(&format!(
                "[{}{rate} · first word after {} ms]",
                receipt.model, receipt.first_token_ms
            ));
        }
        self.last = Some(message);
        Ok(())
    }

    async fn rows(&self) -> Result<Vec<ConversationRow>, Failure> {
        match self.door.call(Call::Conversations).await? {
            Reply::Conversations(rows) => Ok(rows),
            _ => Err(unexpected()),
        }
    }

    async fn list(&self) -> Result<(), Failure> {
        let rows = self.rows().await?;
        if rows.is_empty() {
            aside("There are no conversations yet.");
        }
        for (number, row) in rows.iter().enumerate() {
            let title = if row.title.is_empty() {
                "(empty)"
            } else {
                &row.title
            };
            aside(&format!("{:4}  {title}", number + 1));
        }
        Ok(())
    }

    async fn open(&mut self, number: &str) -> Result<(), Failure> {
        let rows = self.rows().await?;
        let row = number
            .trim()
            .parse::<usize>()
            .ok()
            .and_then(|number| rows.get(number.wrapping_sub(1)));
        let Some(row) = row else {
            aside("Name a number of /list, such as /open 1.");
            return Ok(());
        };
        let Reply::Conversation(view) = self.door.call(Call::Conversation { id: row.id }).await?
        else {
            return Err(unexpected());
        };
        let ConversationView {
            id, mut messages, ..
        } = view;
        for message in &messages {
            let mark = if message.role == Role::User { "> " } else { "" };
            answer(&format!("{mark}{}\n\n", message.text))?;
        }
        (self.conversation, self.last) = (Some(id), messages.pop());
        Ok(())
    }

    async fn search(&self, query: &str) -> Result<(), Failure> {
        let Reply::Found(FoundView { hits, .. }) = self
            .door
            .call(Call::Search {
                query: query.to_owned(),
                within: Within::default(),
            })
            .await?
        else {
            return Err(unexpected());
        };
        if hits.is_empty() {
            aside("Nothing was found.");
        }
        for hit in hits {
            let text: String = hit
                .snippet
                .iter()
                .map(|piece| piece.text.as_str())
                .collect();
            answer(&format!("{}: {}\n", hit.title, text.replace('\n', " ")))?;
        }
        Ok(())
    }
}

/// The person's lines: with editing at a terminal, plain otherwise. No history is written anywhere.
enum Lines {
    Edited(Box<DefaultEditor>),
    Plain(io::Lines<io::StdinLock<'static>>),
}

impl Lines {
    fn new() -> Result<Self, Failure> {
        if !io::stdin().is_terminal() {
            return Ok(Self::Plain(io::stdin().lock().lines()));
        }
        DefaultEditor::new()
            .map(|editor| Self::Edited(Box::new(editor)))
            .map_err(|error| broken(&error))
    }

    fn next(&mut self) -> Result<Option<String>, Failure> {
        match self {
            Self::Plain(lines) => lines.next().transpose().map_err(|error| broken(&error)),
            Self::Edited(editor) => match tokio::task::block_in_place(|| editor.readline("> ")) {
                Ok(line) => {
                    // Without an entry the arrow keys have nothing to show; that is all that is lost.
                    let _ = editor.add_history_entry(&line);
                    Ok(Some(line))
                }
                Err(ReadlineError::Interrupted) => Ok(Some(String::new())),
                Err(ReadlineError::Eof) => Ok(None),
                Err(error) => Err(broken(&error)),
            },
        }
    }
}

fn broken(error: &dyn std::error::Error) -> Failure {
    Failure {
        code: "terminal.broken".into(),
        message: format!("The terminal can't be read: {error}."),
    }
}
