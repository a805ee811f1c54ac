//! The whole system as its person meets it: real window, real engine, real model, real keyring.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    fs,
    os::unix::fs::FileExt,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tandem_tests::{
    canary,
    desktop::Desktop,
    window::{Window, children, is_alive, kill, part},
};

const CANARY: &str = "zanzibar-heliotrope-canary";
const STORY: &str = "Write a very long story about the sea.";
const QUESTIONS: &str = "[data-testid=message][data-role=user] [data-testid=message-text]";
const ANSWERS: &str = "[data-testid=message][data-role=assistant] [data-testid=message-text]";

/// A desktop whose person has just begun with Tandem.
async fn begun(desktop: &Desktop) -> Window {
    let window = Window::open(desktop).await.unwrap();
    window.begin().await.unwrap();
    window.part("composer").await.unwrap();
    window
}

/// Waits until an answer is being written and at least `letters` of it are shown.
async fn streaming(window: &Window, letters: usize) {
    let script = format!(
        "const answer = document.querySelector('[data-testid=message][data-state=streaming] [data-testid=message-text]');
         return answer !== null && answer.textContent.trim().length >= {letters}"
    );
    window.until(&script).await.unwrap();
}

async fn state_of_last(window: &Window) -> String {
    let script = "const all = document.querySelectorAll('[data-testid=message]'); return all[all.length - 1].dataset.state";
    window
        .script(script)
        .await
        .unwrap()
        .as_str()
        .unwrap()
        .into()
}

/// The engine's process, a child of the app's.
fn engine_of(window: &Window) -> u32 {
    let all = children(window.process().unwrap()).unwrap();
    let engine = |process: &u32| {
        let path = fs::read_link(format!("/proc/{process}/exe")).unwrap_or_default();
        path.file_name().is_some_and(|name| name == "tandem-engine")
    };
    all.into_iter().find(engine).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_held_left_and_read_again_and_nothing_of_it_lies_in_the_clear() {
    let desktop = Desktop::start(1280, 900).unwrap();
    let window = begun(&desktop).await;

    window
        .ask(&format!("Say hello to {CANARY}."))
        .await
        .unwrap();
    streaming(&window, 1).await;
    let hello = window.answered().await.unwrap();
    assert!(!hello.trim().is_empty());

    // A long answer grows before one's eyes, and stops when it is told to.
    window.ask(STORY).await.unwrap();
    streaming(&window, 20).await;
    streaming(&window, 60).await;
    window.click("stop").await.unwrap();
    let stopped = window.answered().await.unwrap();
    assert_eq!(state_of_last(&window).await, "stopped");
    assert!(stopped.trim().len() >= 60);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(window.last_answer().await.unwrap(), stopped);

    // Another answer to the same question is a second version; the first is kept.
    window
        .all(&part("regenerate"))
        .await
        .unwrap()
        .pop()
        .unwrap()
        .click()
        .await
        .unwrap();
    streaming(&window, 20).await;
    window.click("stop").await.unwrap();
    window.answered().await.unwrap();
    assert_eq!(window.texts(&part("branch-count")).await.unwrap().len(), 1);

    // Another question in its place is one as well.
    window
        .all(&part("edit"))
        .await
        .unwrap()
        .pop()
        .unwrap()
        .click()
        .await
        .unwrap();
    window
        .part("edit-input")
        .await
        .unwrap()
        .clear()
        .await
        .unwrap();
    window
        .type_into("edit-input", "Say goodbye.")
        .await
        .unwrap();
    window.click("edit-save").await.unwrap();
    window
        .until("return [...document.querySelectorAll('[data-role=user]')].some((q) => q.textContent.includes('Say goodbye.'))")
        .await
        .unwrap();
    window.answered().await.unwrap();
    let asked = window.texts(QUESTIONS).await.unwrap();
    let answered = window.texts(ANSWERS).await.unwrap();
    assert_eq!(
        asked,
        [format!("Say hello to {CANARY}."), "Say goodbye.".into()]
    );

    // Found from an empty page by a word of it.
    window.click("new-chat").await.unwrap();
    window.type_into("search", "heliotrope").await.unwrap();
    window.click("search-hit").await.unwrap();
    window.wait(&part("message")).await.unwrap();
    assert!(window.texts(QUESTIONS).await.unwrap()[0].contains(CANARY));

    assert_eq!(
        canary::hits(desktop.folder(), CANARY).unwrap(),
        [] as [PathBuf; 0]
    );
    window.quit().await.unwrap();
    assert_eq!(
        canary::hits(desktop.folder(), CANARY).unwrap(),
        [] as [PathBuf; 0]
    );

    let window = Window::open(&desktop).await.unwrap();
    window
        .wait(&format!("{} button", part("conversation-row")))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    window.wait(&part("message")).await.unwrap();
    assert_eq!(window.texts(QUESTIONS).await.unwrap(), asked);
    assert_eq!(window.texts(ANSWERS).await.unwrap(), answered);
    window.quit().await.unwrap();
    assert_eq!(
        canary::hits(desktop.folder(), CANARY).unwrap(),
        [] as [PathBuf; 0]
    );
    // The log was written at all, else its silence would prove nothing.
    let log = fs::read_to_string(desktop.home().join(".local/share/tandem/tandem.log")).unwrap();
    assert!(log.contains("TRACE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_engine_dies_goes_on_and_costs_one_line() {
    let desktop = Desktop::start(1280, 900).unwrap();
    let window = begun(&desktop).await;
    window.ask(STORY).await.unwrap();
    streaming(&window, 40).await;
    kill(engine_of(&window)).unwrap();
    let shown = window.last_answer().await.unwrap();
    window.part("notice").await.unwrap();
    streaming(&window, shown.len() + 40).await;
    window.click("stop").await.unwrap();
    let whole = window.answered().await.unwrap();
    assert!(whole.len() > shown.len() && whole.starts_with(shown.trim_end()));
    assert_eq!(state_of_last(&window).await, "stopped");
    let notices = window.all(&part("notice")).await.unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(
        notices[0].attr("data-code").await.unwrap().unwrap(),
        "engine.resumed"
    );

    window.ask("Say hello.").await.unwrap();
    assert!(!window.answered().await.unwrap().trim().is_empty());
    assert_eq!(state_of_last(&window).await, "complete");
    window.quit().await.unwrap();
}

/// The stored or running answer, as it was written.
async fn answer(window: &Window, conversation: &str) -> (String, Value) {
    let script = format!(
        "return window.__TAURI_INTERNALS__.invoke('call', {{ call: {{ do: 'conversation', id: '{conversation}' }} }})"
    );
    let reply = window.script(&script).await.unwrap();
    let last = reply["conversation"]["messages"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    (last["text"].as_str().unwrap().into(), last)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_dies_in_mid_answer_loses_a_quarter_of_a_second_at_most() {
    let desktop = Desktop::start(1280, 900).unwrap();
    let window = begun(&desktop).await;
    window.ask(STORY).await.unwrap();
    streaming(&window, 10).await;
    let row = window.part("conversation-row").await.unwrap();
    let conversation = row.attr("data-id").await.unwrap().unwrap();
    let engine = engine_of(&window);
    let began = Instant::now();
    let mut seen = vec![];
    while began.elapsed() < Duration::from_secs(1) {
        let (text, last) = answer(&window, &conversation).await;
        assert_eq!(
            last["state"], "streaming",
            "the story was too short for this test"
        );
        seen.push((Instant::now(), text));
    }
    let died = Instant::now();
    window.kill().await.unwrap();

    let window = Window::open(&desktop).await.unwrap();
    window
        .wait(&format!("{} button", part("conversation-row")))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    window.wait(&part("message")).await.unwrap();
    assert_eq!(window.texts(QUESTIONS).await.unwrap(), [STORY]);
    let (kept, last) = answer(&window, &conversation).await;
    assert_eq!(last["state"], "interrupted");
    let due = seen
        .iter()
        .rfind(|(at, _)| died - *at >= Duration::from_millis(250))
        .unwrap();
    assert!(!due.1.is_empty());
    assert!(
        kept.starts_with(&due.1),
        "kept {kept:?}, but {:?} was there",
        due.1
    );
    assert!(!is_alive(engine), "the engine outlived its app");
    window.quit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_model_is_refused_in_words() {
    let desktop = Desktop::start(1280, 900).unwrap();
    let window = begun(&desktop).await;
    let file = desktop.home().join("letter.gguf");
    fs::write(&file, "Dear diary, this is no model.").unwrap();
    window.click("settings-open").await.unwrap();
    window
        .type_into("model-path", file.to_str().unwrap())
        .await
        .unwrap();
    window.click("model-add").await.unwrap();
    let line = window.part("error-line").await.unwrap();
    assert_eq!(
        line.attr("data-code").await.unwrap().unwrap(),
        "model.refused"
    );
    assert_eq!(window.all(&part("model-row")).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_can_not_be_used_is_said_and_tried_again() {
    let desktop = Desktop::start(1280, 900).unwrap();
    let folder = desktop.home().join(".local/share/tandem");
    fs::create_dir_all(folder.parent().unwrap()).unwrap();
    fs::write(&folder, "in the way").unwrap();
    let window = Window::open(&desktop).await.unwrap();
    let line = window.part("error-line").await.unwrap();
    let code = line.attr("data-code").await.unwrap().unwrap();
    assert_eq!(code, "paths.not-writable");
    fs::remove_file(&folder).unwrap();
    window.click("retry").await.unwrap();
    window.begin().await.unwrap();
    window.part("composer").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_vault_is_said_and_left_as_it_is() {
    let desktop = Desktop::start(1280, 900).unwrap();
    let window = begun(&desktop).await;
    window.ask("Say hello.").await.unwrap();
    window.answered().await.unwrap();
    window.quit().await.unwrap();

    let database = desktop.home().join(".local/share/tandem/vault/vault.db");
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&database)
        .unwrap();
    let mut bytes = [0; 64];
    file.read_exact_at(&mut bytes, 512).unwrap();
    file.write_all_at(&bytes.map(|byte| !byte), 512).unwrap();
    drop(file);
    let damaged = fs::read(&database).unwrap();

    let window = Window::open(&desktop).await.unwrap();
    let line = window.part("error-line").await.unwrap();
    assert_eq!(
        line.attr("data-code").await.unwrap().unwrap(),
        "vault.mismatch"
    );
    assert_eq!(fs::read(&database).unwrap(), damaged);
    drop(window);
    assert_eq!(fs::read(&database).unwrap(), damaged);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_a_passphrase_protects_the_vault() {
    let desktop = Desktop::without_keyring(1280, 900).unwrap();
    let window = Window::open(&desktop).await.unwrap();
    window.part("keyring-missing").await.unwrap();
    for field in ["passphrase", "passphrase-again"] {
        window
            .type_into(field, "correct horse battery")
            .await
            .unwrap();
    }
    window.click("passphrase-submit").await.unwrap();
    window.click("phrase-later").await.unwrap();
    window.ask("Say hello.").await.unwrap();
    let answer = window.answered().await.unwrap();
    window.quit().await.unwrap();

    let window = Window::open(&desktop).await.unwrap();
    window
        .type_into("unlock-passphrase", "wrong horse battery")
        .await
        .unwrap();
    window.click("unlock-submit").await.unwrap();
    let line = window.part("error-line").await.unwrap();
    assert_eq!(
        line.attr("data-code").await.unwrap().unwrap(),
        "vault.wrong-key"
    );
    let field = window.part("unlock-passphrase").await.unwrap();
    field.clear().await.unwrap();
    field.send_keys("correct horse battery").await.unwrap();
    window.click("unlock-submit").await.unwrap();
    window
        .wait(&format!("{} button", part("conversation-row")))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    window.wait(&part("message")).await.unwrap();
    assert_eq!(window.texts(ANSWERS).await.unwrap(), [answer]);
    assert_eq!(
        json!(window.texts(QUESTIONS).await.unwrap()),
        json!(["Say hello."])
    );
}
