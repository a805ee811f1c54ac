//! Events on their way to the page: joined, at most one batch a frame, each after the one before was shown.

use std::time::Duration;

use tandem_assistant::wire::{Event, TurnStep};
use tauri::{AppHandle, Manager, ipc::Channel};
use tokio::{
    sync::broadcast::{
        Receiver,
        error::{RecvError, TryRecvError},
    },
    time::{sleep, timeout},
};

use crate::host::Host;

/// A frame at 60 Hz.
const FRAME: Duration = Duration::from_millis(16);
/// A hidden page acknowledges nothing: after so long it gets the next batch all the same.
const PATIENCE: Duration = Duration::from_secs(1);

pub(crate) async fn pass_on(
    app: AppHandle,
    mut events: Receiver<Event>,
    channel: Channel<Vec<Event>>,
) {
    loop {
        let mut batch = vec![];
        match events.recv().await {
            Ok(event) => join(&mut batch, event),
            Err(RecvError::Lagged(_)) => batch.push(Event::Missed),
            Err(RecvError::Closed) => return,
        }
        sleep(FRAME).await;
        loop {
            match events.try_recv() {
                Ok(event) => join(&mut batch, event),
                Err(TryRecvError::Lagged(_)) => batch.push(Event::Missed),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let locked = batch.iter().any(|event| matches!(event, Event::Locked));
        let sent = channel.send(batch);
        if locked {
            // This process and those of its pages hold what was shown: all of them begin anew.
            app.request_restart();
        }
        if sent.is_err() {
            return;
        }
        // A page that was reloaded never answers; it has a channel of its own by now.
        let _ = timeout(PATIENCE, app.state::<Host>().seen.notified()).await;
    }
}

/// Adds an event to a batch; text that goes on where the last piece ended is joined to it.
fn join(batch: &mut Vec<Event>, event: Event) {
    if let (
        Some(Event::Turn {
            turn: of,
            step:
                TurnStep::Text {
                    delta: text,
                    tokens: last,
                    ..
                },
            ..
        }),
        Event::Turn {
            turn,
            step: TurnStep::Text { delta, tokens, .. },
            ..
        },
    ) = (batch.last_mut(), &event)
        && of == turn
    {
        text.push_str(delta);
        *last = *tokens;
        return;
    }
    batch.push(event);
}
