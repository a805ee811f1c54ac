//! Import and export in the terminal.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use tandem_assistant::{
    Door,
    wire::{Call, ConversationId, ExchangeCall, ExportFormat, Failure, ImportView, Reply},
};

use crate::{
    ask::unexpected,
    speak::{answer, aside},
};

/// What `tandem import` is given.
#[derive(Args)]
pub(crate) struct Import {
    /// An export of ChatGPT, Claude, Jan, LM Studio, Ollama or Open WebUI, or an archive of Tandem: a file or a folder.
    file: PathBuf,
    /// Only say what would come.
    #[arg(long)]
    dry_run: bool,
}

/// What `tandem export` is given.
#[derive(Args)]
pub(crate) struct Export {
    /// The new file.
    file: PathBuf,
    /// How it is written.
    #[arg(long, value_enum, default_value_t = As::Archive)]
    format: As,
    /// Seal the archive with a passphrase.
    #[arg(long)]
    sealed: bool,
    /// Only this conversation.
    #[arg(long, value_name = "ID")]
    conversation: Option<ConversationId>,
}

#[derive(Clone, Copy, ValueEnum)]
enum As {
    /// Everything, attachments too.
    Archive,
    /// Everything but the bytes of attachments.
    Json,
    /// What is shown of each conversation.
    Markdown,
}

/// Says what would come, and brings it.
pub(crate) async fn import(door: &Door, what: Import) -> Result<ExitCode, Failure> {
    let path = whole(&what.file)?;
    let mut passphrase = None;
    let look = loop {
        let call = ExchangeCall::Look {
            path: path.clone(),
            passphrase: passphrase.clone(),
        };
        match bring(door, call).await {
            Err(failure) if failure.code == "exchange.passphrase-needed" => {
                passphrase = Some(ask("Passphrase of the archive: ")?);
            }
            other => break other?,
        }
    };
    report(&look, false)?;
    if what.dry_run || (look.messages == 0 && look.failure.is_none()) {
        return Ok(code(&look));
    }
    let done = bring(door, ExchangeCall::Import { path, passphrase }).await?;
    answer("\n")?;
    report(&done, true)?;
    Ok(code(&done))
}

/// Writes one conversation or all.
pub(crate) async fn export(door: &Door, what: Export) -> Result<ExitCode, Failure> {
    let passphrase = if what.sealed {
        let first = ask("Passphrase for the archive (at least eight characters): ")?;
        if io::stdin().is_terminal() && ask("Once more: ")? != first {
            return Err(Failure {
                code: "exchange.passphrase".into(),
                message: "The two were not the same. Nothing was written.".into(),
            });
        }
        Some(first)
    } else {
        None
    };
    let call = ExchangeCall::Export {
        path: whole(&what.file)?,
        format: match what.format {
            As::Archive => ExportFormat::Archive,
            As::Json => ExportFormat::Json,
            As::Markdown => ExportFormat::Markdown,
        },
        passphrase,
        conversation: what.conversation,
        overwrite: false,
    };
    let Reply::Export(done) = ask_door(door, call).await? else {
        return Err(unexpected());
    };
    answer(&format!(
        "{} conversations with {} messages and {} attachments are in {}.\n",
        done.conversations, done.messages, done.attachments, done.path
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn bring(door: &Door, what: ExchangeCall) -> Result<ImportView, Failure> {
    match ask_door(door, what).await? {
        Reply::Import(view) => Ok(view),
        _ => Err(unexpected()),
    }
}

/// Ctrl+C ends it and waits for its end.
async fn ask_door(door: &Door, what: ExchangeCall) -> Result<Reply, Failure> {
    let mut call = std::pin::pin!(door.call(Call::Exchange { what }));
    loop {
        tokio::select! {
            reply = &mut call => return reply,
            _ = tokio::signal::ctrl_c() => {
                let what = ExchangeCall::Cancel;
                door.call(Call::Exchange { what }).await?;
            }
        }
    }
}

fn report(view: &ImportView, done: bool) -> Result<(), Failure> {
    let verb = if done { "Imported" } else { "To come" };
    answer(&format!(
        "{}: {} conversations, {} branches\n{verb}: {} conversations, {} messages, {} attachments\n",
        view.source,
        view.conversations,
        view.branches,
        view.new_conversations,
        view.messages,
        view.attachments
    ))?;
    if view.grown > 0 {
        answer(&format!(
            "Here already, with new messages: {}\n",
            view.grown
        ))?;
    }
    let here = view
        .conversations
        .saturating_sub(view.new_conversations + view.grown);
    if here > 0 {
        answer(&format!("Here already, nothing new: {here}\n"))?;
    }
    for left_out in &view.left_out {
        answer(&format!("  {:8}  {}\n", left_out.count, left_out.text))?;
    }
    if view.cancelled {
        aside("It was ended before its end. What was imported stays.");
    }
    if let Some(failure) = &view.failure {
        aside(&failure.message);
    }
    Ok(())
}

fn code(view: &ImportView) -> ExitCode {
    if view.failure.is_some() || view.cancelled {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// The whole path: the process that is asked may stand in another folder.
fn whole(path: &Path) -> Result<String, Failure> {
    std::path::absolute(path)
        .map(|path| path.to_string_lossy().into_owned())
        .map_err(|error| Failure {
            code: "exchange.path".into(),
            message: format!("This path can't be used: {error}."),
        })
}

/// A passphrase from the terminal, or the first line of what comes in.
fn ask(prompt: &str) -> Result<String, Failure> {
    let read = if io::stdin().is_terminal() {
        rpassword::prompt_password(prompt)
    } else {
        let mut line = String::new();
        io::stdin()
            .read_line(&mut line)
            .map(|_| line.trim_end_matches(['\r', '\n']).to_owned())
    };
    read.map_err(|error| Failure {
        code: "passphrase.unread".into(),
        message: format!("The passphrase can't be read: {error}."),
    })
}
