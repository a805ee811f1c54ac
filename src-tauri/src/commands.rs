//! What a page may call. Each command is a few lines; the assistant does the work.

#![expect(
    clippy::needless_pass_by_value,
    reason = "Tauri hands arguments over by value"
)]

use tandem_assistant::wire::{Call, Event, Failure, Reply};
use tauri::{AppHandle, State, ipc::Channel};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_opener::OpenerExt;

use crate::{host::Host, watch};

/// Asks the assistant for something.
#[tauri::command]
pub(crate) async fn call(host: State<'_, Host>, call: Call) -> Result<Reply, Failure> {
    host.door().await?.call(call).await
}

/// Sends events from here on, joined, each batch after the page has acknowledged the one before.
#[tauri::command]
pub(crate) async fn watch(
    app: AppHandle,
    host: State<'_, Host>,
    channel: Channel<Vec<Event>>,
) -> Result<(), Failure> {
    let events = host.door().await?.events();
    tauri::async_runtime::spawn(watch::pass_on(app, events, channel));
    Ok(())
}

/// The page has shown the last batch of events.
#[tauri::command]
pub(crate) fn seen(host: State<'_, Host>) {
    host.seen.notify_one();
}

/// Lets the person choose a model file.
#[tauri::command]
pub(crate) async fn pick_model_file(app: AppHandle) -> Option<String> {
    let picked = app
        .dialog()
        .file()
        .add_filter("GGUF", &["gguf"])
        .blocking_pick_file()?;
    picked
        .into_path()
        .ok()
        .map(|path| path.to_string_lossy().into_owned())
}

/// Opens a link of a message in the person's own browser or mail program.
#[tauri::command]
pub(crate) fn open_link(app: AppHandle, url: &str) -> Result<(), Failure> {
    let fail = |message: String| Failure {
        code: "link.refused".into(),
        message,
    };
    let parsed = tauri::Url::parse(url).map_err(|_| fail("This is no link.".into()))?;
    if !matches!(parsed.scheme(), "https" | "http" | "mailto") {
        return Err(fail(
            "Only links to web pages and mail addresses are opened.".into(),
        ));
    }
    app.opener()
        .open_url(parsed, None::<&str>)
        .map_err(|error| fail(format!("The link can't be opened: {error}.")))
}

/// Ends the app; text that is being written is kept.
#[tauri::command]
pub(crate) fn quit(app: AppHandle) {
    app.exit(0);
}
