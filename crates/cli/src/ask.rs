//! One question, its answer on standard output.

use std::{
    io::{self, IsTerminal, Read},
    process::ExitCode,
};

use tandem_assistant::wire::{ConversationId, MessageId, MessageState};
use tandem_assistant::{
    Door,
    wire::{Call, ConversationView, Event, Failure, MessageView, Reply, TurnStep},
};
use tokio::sync::broadcast::error::RecvError;

use crate::speak::{answer, aside};

/// Asks, in a conversation of its own.
pub(crate) async fn run(door: &Door, question: &str) -> Result<ExitCode, Failure> {
    let mut question = question.to_owned();
    if !io::stdin().is_terminal() {
        let mut added = String::new();
        io::stdin()
            .read_to_string(&mut added)
            .map_err(|error| Failure {
                code: "ask.unread".into(),
                message: format!("Standard input is no text: {error}."),
            })?;
        if !question.is_empty() && !added.is_empty() {
            question.push_str("\n\n");
        }
        question.push_str(&added);
    }
    let conversation = new_conversation(door).await?;
    let message = stream(
        door,
        Call::Ask {
            conversation,
            parent: None,
            text: question,
        },
    )
    .await?;
    Ok(match message.state {
        MessageState::Complete => ExitCode::SUCCESS,
        MessageState::Stopped => ExitCode::from(130),
        MessageState::Interrupted | MessageState::Streaming => ExitCode::FAILURE,
    })
}

/// Makes a conversation.
pub(crate) async fn new_conversation(door: &Door) -> Result<ConversationId, Failure> {
    match door.call(Call::NewConversation).await? {
        Reply::Conversation(view) => Ok(view.id),
        _ => Err(unexpected()),
    }
}

/// Makes a call that begins a turn and shows its answer until the end. Ctrl+C stops it and keeps what is there.
pub(crate) async fn stream(door: &Door, call: Call) -> Result<MessageView, Failure> {
    let mut events = door.events();
    let Reply::Turn { turn, view } = door.call(call).await? else {
        return Err(unexpected());
    };
    let id = answer_of(&view).ok_or_else(unexpected)?;
    let mut shown = 0;
    loop {
        let event = tokio::select! {
            event = events.recv() => event,
            _ = tokio::signal::ctrl_c() => {
                door.call(Call::Stop { turn }).await?;
                continue;
            }
        };
        match event {
            Ok(Event::Turn { turn: of, step, .. }) if of == turn => match step {
                TurnStep::Started => {}
                TurnStep::Text { delta, .. } => {
                    shown += delta.len();
                    answer(&delta)?;
                }
                TurnStep::Notice { notice } => aside(&notice.message),
                TurnStep::Ended { message } => {
                    // Whatever was lost on the way is shown now.
                    answer(message.text.get(shown..).unwrap_or_default())?;
                    answer("\n")?;
                    return Ok(message);
                }
            },
            Ok(Event::Missed) | Err(RecvError::Lagged(_)) => {
                if let Some(message) = ended(door, &view, id).await? {
                    answer(message.text.get(shown..).unwrap_or_default())?;
                    answer("\n")?;
                    return Ok(message);
                }
            }
            Ok(_) => {}
            Err(RecvError::Closed) => return Err(unexpected()),
        }
    }
}

/// The answer, if its turn has ended meanwhile.
async fn ended(
    door: &Door,
    view: &ConversationView,
    id: MessageId,
) -> Result<Option<MessageView>, Failure> {
    let Reply::Conversation(view) = door.call(Call::Conversation { id: view.id }).await? else {
        return Err(unexpected());
    };
    let ended = view.turn.is_none();
    Ok(view
        .messages
        .into_iter()
        .find(|message| message.id == id)
        .filter(|_| ended))
}

fn answer_of(view: &ConversationView) -> Option<MessageId> {
    view.messages.last().map(|message| message.id)
}

pub(crate) fn unexpected() -> Failure {
    Failure {
        code: "attach.version".into(),
        message: "The running Tandem is of another version. Close it first.".into(),
    }
}
