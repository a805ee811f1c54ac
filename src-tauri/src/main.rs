//! The desktop shell: a window, a tray icon, and commands of a few lines. Everything else is the assistant's.

#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod commands;
mod host;
mod tray;
mod watch;
mod window;

use std::{io::Write, process::ExitCode};

use tauri::{Manager, RunEvent};

use host::Host;

fn main() -> ExitCode {
    // Where it can't be had, Tandem works without.
    let guarded = tandem_assistant::guard();
    match run(guarded) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Started from a desktop nobody reads this; started from a terminal somebody does.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(guarded: std::io::Result<()>) -> Result<(), Box<dyn std::error::Error>> {
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| {
            window::show(app);
        }))
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .manage(Host::default())
        .invoke_handler(tauri::generate_handler![
            commands::call,
            commands::watch,
            commands::seen,
            commands::pick_model_file,
            commands::open_link,
            commands::quit,
        ])
        .setup(|app| {
            window::open(app.handle())?;
            tray::place(app.handle());
            // The vault opens while the page is being drawn.
            let handle = app.handle().clone();
            tauri::async_runtime::spawn(async move {
                if let Err(failure) = handle.state::<Host>().door().await {
                    tracing::error!(code = failure.code, "the assistant could not start");
                }
            });
            if let Err(error) = guarded {
                tracing::warn!(%error, "other programs may read this one's memory");
            }
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if let RunEvent::Exit = event {
            tauri::async_runtime::block_on(app.state::<Host>().close());
        }
    });
    Ok(())
}
