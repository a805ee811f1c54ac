//! The whole assistant below its hosts: real engine, real model, real vault, one door.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{fs, path::Path, time::Duration};

use tandem_assistant::{
    Door, Paths,
    wire::{
        Call, ConversationView, Event, FoundView, MessageView, Outcome, Overflow, Protection,
        Reply, TurnStep, VaultState, Within,
    },
};
use tandem_conversation::{ConversationId, MessageState, TurnId};
use tandem_tests::programs;
use tokio::{sync::broadcast::Receiver, time::timeout};

const PASSPHRASE: &str = "correct horse battery staple";
const CANARY: &str = "zanzibar-heliotrope-canary";

async fn open(folder: &Path) -> Door {
    let door = Door::open(Paths::new(Some(folder.to_owned())).unwrap())
        .await
        .unwrap();
    let Reply::State(state) = door.call(Call::State).await.unwrap() else {
        panic!("no state")
    };
    let passphrase = PASSPHRASE.to_owned();
    match state.vault {
        VaultState::New { .. } => {
            door.call(Call::Protect {
                protection: Protection::Passphrase { passphrase },
            })
            .await
            .unwrap();
        }
        VaultState::Locked => {
            door.call(Call::Unlock { passphrase }).await.unwrap();
        }
        VaultState::Open => {}
        VaultState::Trouble { failure } => panic!("{failure}"),
    }
    door
}

async fn begin(door: &Door) -> ConversationId {
    let Reply::Conversation(view) = door.call(Call::NewConversation).await.unwrap() else {
        panic!("none")
    };
    view.id
}

async fn view(door: &Door, id: ConversationId) -> ConversationView {
    let Reply::Conversation(view) = door.call(Call::Conversation { id }).await.unwrap() else {
        panic!("none")
    };
    view
}

async fn turn(door: &Door, call: Call) -> (TurnId, ConversationView) {
    let Reply::Turn { turn, view } = door.call(call).await.unwrap() else {
        panic!("no turn")
    };
    (turn, view)
}

/// The turn's next step.
async fn step(events: &mut Receiver<Event>, turn: TurnId) -> TurnStep {
    loop {
        let event = timeout(Duration::from_mins(2), events.recv())
            .await
            .unwrap()
            .unwrap();
        if let Event::Turn { turn: of, step, .. } = event
            && of == turn
        {
            return step;
        }
    }
}

/// The turn's streamed text, its notices' codes, and the answer as it is kept.
async fn to_end(events: &mut Receiver<Event>, turn: TurnId) -> (String, Vec<String>, MessageView) {
    let (mut text, mut notices) = (String::new(), vec![]);
    loop {
        match step(events, turn).await {
            TurnStep::Text { delta, .. } => text.push_str(&delta),
            TurnStep::Notice { notice } => notices.push(notice.code),
            TurnStep::Ended { message } => return (text, notices, message),
            TurnStep::Started => {}
        }
    }
}

fn ask(conversation: ConversationId, parent: Option<&MessageView>, text: &str) -> Call {
    Call::Ask {
        conversation,
        parent: parent.map(|message| message.id),
        text: text.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_streamed_stopped_branched_searched_and_read_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let door = open(folder.path()).await;
    let mut events = door.events();
    let id = begin(&door).await;

    let (first, _) = turn(&door, ask(id, None, &format!("Say hello to {CANARY}."))).await;
    let (streamed, _, answer) = to_end(&mut events, first).await;
    assert_eq!(streamed, answer.text);
    assert!(!answer.text.trim().is_empty());
    assert_eq!(answer.state, MessageState::Complete);
    assert!(answer.receipt.is_some_and(|receipt| receipt.tokens > 0));

    // A long answer is stopped; its text so far stays.
    let leaf = view(&door, id).await.messages.pop().unwrap();
    let (long, _) = turn(
        &door,
        ask(id, Some(&leaf), "Write a very long story about the sea."),
    )
    .await;
    for _ in 0..5 {
        step(&mut events, long).await;
    }
    door.call(Call::Stop { turn: long }).await.unwrap();
    let (_, _, stopped) = to_end(&mut events, long).await;
    assert_eq!(stopped.state, MessageState::Stopped);
    assert!(!stopped.text.is_empty());

    // Regenerating and editing add branches and lose nothing.
    let (again, _) = turn(
        &door,
        Call::Regenerate {
            conversation: id,
            message: answer.id,
        },
    )
    .await;
    let (_, _, second) = to_end(&mut events, again).await;
    assert_eq!(second.branch.versions, [answer.id, second.id]);
    let (edited, _) = turn(&door, ask(id, None, "Say goodbye.")).await;
    to_end(&mut events, edited).await;
    assert_eq!(view(&door, id).await.messages[0].branch.versions.len(), 2);

    let Reply::Found(FoundView { hits, .. }) = door
        .call(Call::Search {
            query: "heliotrope".into(),
            within: Within::default(),
        })
        .await
        .unwrap()
    else {
        panic!("none")
    };
    assert!(hits.iter().any(|hit| hit.conversation == id));
    door.close().await;
    drop(door);

    let door = open(folder.path()).await;
    door.call(Call::ChooseBranch {
        conversation: id,
        message: stopped.id,
    })
    .await
    .unwrap();
    let kept = view(&door, id).await;
    assert!(kept.messages[0].text.contains(CANARY));
    assert_eq!(kept.messages.last().unwrap().text, stopped.text);
    door.close().await;
    for entry in walk(folder.path()) {
        let bytes = fs::read(&entry).unwrap();
        let found = bytes
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes());
        assert!(!found, "the canary is in {}", entry.display());
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = vec![];
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => files.extend(walk(&entry.path())),
            kind if kind.is_file() => files.push(entry.path()),
            _ => {}
        }
    }
    files
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_engine_is_killed_goes_on_and_costs_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let door = open(folder.path()).await;
    let mut events = door.events();
    let id = begin(&door).await;
    let (long, _) = turn(
        &door,
        ask(id, None, "Write a very long story about the sea."),
    )
    .await;
    let mut shown = String::new();
    while shown.len() < 40 {
        if let TurnStep::Text { delta, .. } = step(&mut events, long).await {
            shown.push_str(&delta);
        }
    }
    let engine = i32::try_from(door.engine_process().await.unwrap()).unwrap();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(engine).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    let mut notices = vec![];
    let kept = shown.len();
    while notices.is_empty() || shown.len() < kept + 80 {
        match step(&mut events, long).await {
            TurnStep::Text { delta, .. } => shown.push_str(&delta),
            TurnStep::Notice { notice } => notices.push(notice.code),
            TurnStep::Started => {}
            TurnStep::Ended { message } => panic!("it ended: {message:?}"),
        }
    }
    assert_eq!(notices, ["engine.resumed"]);
    door.call(Call::Stop { turn: long }).await.unwrap();
    let (rest, notices, answer) = to_end(&mut events, long).await;
    assert!(notices.is_empty());
    assert_eq!(answer.state, MessageState::Stopped);
    assert_eq!(answer.text, shown + &rest);

    let (next, _) = turn(&door, ask(id, Some(&answer), "Say hello.")).await;
    let (_, notices, answer) = to_end(&mut events, next).await;
    assert_eq!(answer.state, MessageState::Complete);
    assert!(notices.is_empty());
    door.close().await;
}

/// A conversation that outgrows the model's context goes on, and each answer says what the model no longer saw.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_longer_than_the_context_goes_on_and_says_what_is_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let door = open(&folder.path().join("data")).await;
    let model = tandem_tests::ask::with_context(folder.path(), 512).unwrap();
    let path = model.to_string_lossy().into_owned();
    let Reply::Models(models) = door.call(Call::AddModel { path }).await.unwrap() else {
        panic!("no models")
    };
    let added = models.into_iter().find(|card| !card.embedded).unwrap();
    door.call(Call::UseModel { id: added.id }).await.unwrap();
    let mut events = door.events();
    let id = begin(&door).await;
    let mut unseen = vec![];
    for number in 0..8 {
        let text = format!(
            "Number {number} of my list is: {}",
            "apples and pears and ".repeat(20)
        );
        let parent = view(&door, id).await.messages.pop();
        let (asked, _) = turn(&door, ask(id, parent.as_ref(), &text)).await;
        while !matches!(step(&mut events, asked).await, TurnStep::Text { .. }) {}
        door.call(Call::Stop { turn: asked }).await.unwrap();
        let (_, notices, answer) = to_end(&mut events, asked).await;
        assert!(notices.is_empty(), "{notices:?}");
        let receipt = answer.receipt.unwrap();
        assert!(receipt.prompt_tokens < 512, "{receipt:?}");
        unseen.push(receipt.unseen_messages);
    }
    assert_eq!(unseen[0], 0);
    assert!(unseen[7] > 4, "{unseen:?}");

    // From now on with a summary in their place, the same one until more is left out.
    let overflow = Overflow::Summarize;
    let conversation = id;
    door.call(Call::SetOverflow {
        conversation,
        overflow,
    })
    .await
    .unwrap();
    let mut receipts = vec![];
    for _ in 0..3 {
        let parent = view(&door, id).await.messages.pop();
        let (asked, _) = turn(&door, ask(id, parent.as_ref(), "And now?")).await;
        while !matches!(step(&mut events, asked).await, TurnStep::Text { .. }) {}
        door.call(Call::Stop { turn: asked }).await.unwrap();
        let (_, _, answer) = to_end(&mut events, asked).await;
        receipts.push(answer.receipt.unwrap());
    }
    for pair in receipts.windows(2) {
        let [before, after] = pair else { panic!() };
        let summary = before.summary.as_ref().unwrap();
        assert!(!summary.text.is_empty() && summary.messages == before.unseen_messages);
        assert!(before.prompt_tokens < 512, "{before:?}");
        if before.unseen_messages == after.unseen_messages {
            assert_eq!(before.summary, after.summary);
        } else {
            assert_ne!(before.summary, after.summary);
        }
    }
    assert_eq!(view(&door, id).await.overflow, Overflow::Summarize);
    door.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn the_engine_that_answers_is_locked_in() {
    let folder = tempfile::tempdir().unwrap();
    let door = open(folder.path()).await;
    let mut events = door.events();
    let id = begin(&door).await;
    let (asked, _) = turn(&door, ask(id, None, "Say hello.")).await;
    to_end(&mut events, asked).await;
    let engine = door.engine_process().await.unwrap();
    let mut threads = 0;
    for thread in fs::read_dir(format!("/proc/{engine}/task")).unwrap() {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        assert!(status.contains("Seccomp:\t2"), "{status}");
        threads += 1;
    }
    assert!(threads > 1);
    let Reply::Doctor(lines) = door.call(Call::Doctor).await.unwrap() else {
        panic!("no report")
    };
    let sandbox = lines.iter().find(|line| line.topic == "Sandbox").unwrap();
    assert_eq!(sandbox.outcome, Outcome::Good, "{}", sandbox.text);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_attaches_to_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).await;
    let second = Door::open(Paths::new(Some(folder.path().to_owned())).unwrap())
        .await
        .unwrap();
    assert!(first.is_owner().await);
    assert!(!second.is_owner().await);
    let mut events = second.events();
    let id = begin(&second).await;
    let (asked, _) = turn(&second, ask(id, None, "Say hello.")).await;
    let (streamed, _, answer) = to_end(&mut events, asked).await;
    assert_eq!(streamed, answer.text);
    assert_eq!(view(&first, id).await.messages.len(), 2);
    first.close().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_is_killed_in_mid_answer_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, PASSPHRASE).unwrap();
    let data = folder.path().join("data");
    let mut owner = std::process::Command::new(programs::find("tandem").unwrap())
        .arg("--data")
        .arg(&data)
        .arg("--passphrase-file")
        .arg(&secret)
        .arg("chat")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !data.join("owner.sock").exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let door = Door::open(Paths::new(Some(data)).unwrap()).await.unwrap();
    while !matches!(
        door.call(Call::State).await.unwrap(),
        Reply::State(state) if state.vault == VaultState::Open
    ) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!door.is_owner().await);
    let mut events = door.events();
    let id = begin(&door).await;
    let story = ask(id, None, "Write a very long story about the sea.");
    let (long, _) = turn(&door, story).await;
    let mut shown = 0;
    while shown < 5 {
        if let TurnStep::Text { .. } = step(&mut events, long).await {
            shown += 1;
        }
    }
    owner.kill().unwrap();
    owner.wait().unwrap();
    // It is told, so that nobody waits for the rest.
    while !matches!(
        timeout(Duration::from_mins(1), events.recv())
            .await
            .unwrap()
            .unwrap(),
        Event::Missed
    ) {}
    // Two calls at once, as from a window: one makes this process the owner, the other finds it so.
    let both = tokio::join!(door.call(Call::State), door.call(Call::Models));
    assert!(both.0.is_ok() && both.1.is_ok());
    assert!(door.is_owner().await);
    let passphrase = PASSPHRASE.to_owned();
    door.call(Call::Unlock { passphrase }).await.unwrap();
    let kept = view(&door, id).await;
    assert_eq!(kept.turn, None);
    assert_eq!(kept.messages[1].state, MessageState::Interrupted);
    door.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_a_clear_error_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let door = open(folder.path()).await;
    let mut events = door.events();
    let id = begin(&door).await;
    assert_eq!(
        door.call(ask(id, None, " \n\u{7} "))
            .await
            .unwrap_err()
            .code,
        "ask.empty"
    );

    let (noisy, _) = turn(&door, ask(id, None, "Say \u{0}hello\u{1b}.")).await;
    let (_, notices, _) = to_end(&mut events, noisy).await;
    assert_eq!(notices, ["ask.cleaned"]);

    let huge = "word ".repeat((1 << 20) / 5);
    let other = begin(&door).await;
    let (long, _) = turn(&door, ask(other, None, &huge)).await;
    let (_, notices, _) = to_end(&mut events, long).await;
    assert_eq!(notices, ["context.too-long"]);
    assert_eq!(view(&door, other).await.messages[0].text, huge);
    let larger = "x".repeat((1 << 20) + 1);
    assert_eq!(
        door.call(ask(other, None, &larger)).await.unwrap_err().code,
        "ask.too-long"
    );

    for (name, bytes) in [
        ("empty.gguf", &b""[..]),
        ("text.gguf", b"Dear diary, this is no model."),
        (
            "cut.gguf",
            b"GGUF\x03\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\xff",
        ),
        (
            "hostile.gguf",
            b"GGUF\x03\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let failure = door
            .call(Call::AddModel {
                path: path.to_string_lossy().into(),
            })
            .await
            .unwrap_err();
        assert_eq!(failure.code, "model.refused", "{name}");
    }
    door.close().await;
}
