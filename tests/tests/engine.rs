//! The real engine with the real model, below the assistant.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]
#![cfg(unix)]

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use tandem_conversation::{
    Constraint, ConversationId, Drafts, Finish, Generate, GenerateEvent, Prompt, Sampling,
};
use tandem_engine_client::{Engine, EngineError, Model, Offload};
use tandem_tests::{
    adapter,
    ask::{self, Memory, SMOLLM, answer, answer_with, follow_up, question},
};
use uuid::Uuid;

/// About a thousand tokens that are no repetition of themselves.
fn long_text() -> String {
    let items: Vec<_> = (0..100)
        .map(|n| format!("Item {n} costs {} euros. ", n * n % 97))
        .collect();
    items.concat()
}

fn of(conversation: u128, prompt: Prompt) -> Prompt {
    Prompt {
        conversation: Some(ConversationId(Uuid::from_u128(conversation))),
        ..prompt
    }
}

fn short(prompt: Prompt, tokens: u32) -> Prompt {
    Prompt {
        max_tokens: Some(tokens),
        ..prompt
    }
}

fn pid(engine: &Engine) -> Pid {
    Pid::from_raw(i32::try_from(engine.process_id().unwrap()).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_where_it_was_after_others_and_after_a_restart() {
    let shelf = Arc::new(Memory::default());
    let engine = ask::engine(SMOLLM).unwrap();
    engine.keep_on(Some(shelf.clone()));
    let long = of(
        1,
        short(question(&format!("{} Which is dear?", long_text())), 12),
    );
    let first = answer(&engine, long.clone()).await.unwrap();
    let read = first.spent.prompt_tokens;
    assert!(read > 800, "{read}");
    let other = of(
        2,
        short(question(&"Count the sheep on the hill. ".repeat(30)), 5),
    );
    answer(&engine, other).await.unwrap();
    let second = follow_up(&long, &first, "And which is cheap?");
    let back = answer(&engine, second.clone()).await.unwrap();
    let held = read + first.spent.tokens - 1;
    assert!(
        back.spent.reused_tokens >= held - 1,
        "{:?} of {held}",
        back.spent
    );

    // Another start of the program; the same question edited reads only what differs.
    engine.stop().await.unwrap();
    assert!(!shelf.is_empty());
    let engine = ask::engine(SMOLLM).unwrap();
    engine.keep_on(Some(shelf.clone()));
    let third = follow_up(&long, &first, "Say the first one again.");
    let again = answer(&engine, third).await.unwrap();
    assert!(
        again.spent.reused_tokens >= held - 1,
        "{:?} of {held}",
        again.spent
    );

    // A conversation that is forgotten is read anew.
    engine.forget(ConversationId(Uuid::from_u128(1)));
    let anew = answer(&engine, second).await.unwrap();
    assert_eq!(anew.spent.reused_tokens, 0);
    // What is computed and what is brought back give the same answer.
    assert_eq!(anew.text, back.text);
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn drafts_save_passes_and_change_no_word() {
    let engine = ask::engine(SMOLLM).unwrap();
    let list =
        "red apple, green pear, blue plum, yellow lemon, black grape, white peach, brown fig";
    let prompt = short(
        question(&format!("Repeat this list four times: {list}")),
        90,
    );
    let plain = Prompt {
        drafts: Drafts::None,
        ..prompt.clone()
    };
    let plain = answer(&engine, plain).await.unwrap();
    let drafted = answer(&engine, prompt.clone()).await.unwrap();
    assert_eq!(plain.spent.drafted_tokens, 0);
    assert!(drafted.spent.accepted_tokens > 10, "{:?}", drafted.spent);
    assert_eq!(drafted.text, plain.text);
    // Also where tokens are drawn: one seed is one text.
    let drawn = |drafts| Prompt {
        drafts,
        sampling: Sampling::balanced(11),
        ..prompt.clone()
    };
    let plain = answer(&engine, drawn(Drafts::None)).await.unwrap();
    let drafted = answer(&engine, drawn(Drafts::Lookup)).await.unwrap();
    assert_eq!(drafted.text, plain.text);
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_outlives_its_engine_however_it_dies() {
    let engine = ask::engine(SMOLLM).unwrap();
    engine.warm().await.unwrap();
    let prompt = of(3, short(question("Write a long story about the sea."), 60));
    let whole = answer(&engine, prompt.clone()).await.unwrap();
    for signal in [
        Signal::KILL,
        Signal::SEGV,
        Signal::ABORT,
        Signal::ILL,
        Signal::FPE,
        Signal::BUS,
        Signal::TERM,
    ] {
        let killed = answer_with(&engine, prompt.clone(), |tokens| {
            if tokens == 20 {
                ask::end(pid(&engine), signal).unwrap();
            }
        })
        .await
        .unwrap();
        assert_eq!(killed.resumed.len(), 1, "{signal:?}: {:?}", killed.resumed);
        assert_eq!(killed.tokens.len(), 60);
        assert_eq!(killed.text[..60], whole.text[..60]);
        assert_eq!(killed.spent.tokens, 60);
    }
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_hangs_is_ended_and_the_answer_goes_on() {
    let engine = ask::engine(SMOLLM).unwrap();
    let prompt = short(question("Write a long story about the sea."), 60);
    let mut stopped = None;
    let hung = answer_with(&engine, prompt, |tokens| {
        if tokens == 20 {
            stopped = Some(pid(&engine));
            kill_process(pid(&engine), Signal::STOP).unwrap();
        }
    })
    .await
    .unwrap();
    assert_eq!(hung.resumed.len(), 1);
    assert_eq!(hung.tokens.len(), 60);
    assert!(
        kill_process(stopped.unwrap(), Signal::CONT).is_err(),
        "it lives on"
    );
    engine.stop().await.unwrap();
}

/// A token that takes far too long is broken off and computed anew: nothing of the first attempt may be left.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_held_up_is_computed_again_and_the_text_stays_the_same() {
    let engine = ask::engine(SMOLLM).unwrap();
    engine.warm().await.unwrap();
    let prompt = Prompt {
        drafts: Drafts::None,
        sampling: Sampling::greedy(),
        ..short(question("Tell a story about the sea."), 60)
    };
    let whole = answer(&engine, prompt.clone()).await.unwrap();
    let process = pid(&engine);
    let held_up = answer_with(&engine, prompt, |tokens| {
        if tokens % 6 == 0 {
            // Most likely in the middle of a token: nothing else takes time.
            kill_process(process, Signal::STOP).unwrap();
            std::thread::sleep(Duration::from_millis(120));
            kill_process(process, Signal::CONT).unwrap();
        }
    })
    .await
    .unwrap();
    assert_eq!(held_up.text, whole.text);
    assert_eq!(pid(&engine), process);
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_that_runs_out_in_mid_answer_costs_no_answer() {
    let engine = ask::engine(SMOLLM).unwrap();
    engine.warm().await.unwrap();
    let prompt = short(question(&format!("{} Sum it up.", long_text())), 30);
    let starved = answer_with(&engine, short(question("Say hello."), 2), |_| {})
        .await
        .unwrap();
    assert!(!starved.tokens.is_empty());
    // Nothing more can be allocated from here on.
    let process = pid(&engine);
    let limit = Rlimit {
        current: Some(64 << 20),
        maximum: Some(64 << 20),
    };
    prlimit(Some(process), Resource::As, limit).unwrap();
    let whole = answer(&engine, prompt).await.unwrap();
    assert!(!whole.tokens.is_empty());
    assert_ne!(pid(&engine), process, "it did not run out of memory");
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_never_fits_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    // Enough for the program and its libraries, too little for the weights.
    let engine = ask::engine_after("ulimit -v 260000", folder.path()).unwrap();
    engine.choose(&ask::model(SMOLLM).unwrap());
    let error = engine.warm().await.unwrap_err();
    assert!(
        matches!(error, EngineError::NotLoaded { .. } | EngineError::Died(_)),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constrained_answer_conforms() {
    let engine = ask::engine(SMOLLM).unwrap();
    let schema = r#"{"type":"object","properties":{"city":{"type":"string","maxLength":20},"people":{"type":"integer"}},"required":["city","people"],"additionalProperties":false}"#;
    let prompt = Prompt {
        constraint: Some(Constraint::JsonSchema(schema.into())),
        ..short(question("Tell me about Paris as JSON."), 80)
    };
    let answered = answer(&engine, prompt.clone()).await.unwrap();
    let value: serde_json::Value = serde_json::from_str(&answered.text).unwrap();
    assert!(
        value["city"].is_string() && value["people"].is_i64(),
        "{value}"
    );
    let bad = Prompt {
        constraint: Some(Constraint::Grammar("root ::= nothing-of-that-name".into())),
        ..prompt
    };
    let error = answer(&engine, bad).await.unwrap_err().to_string();
    assert!(error.contains("form of the answer"), "{error}");
    // It costs the engine nothing.
    assert!(answer(&engine, short(question("Hi"), 3)).await.is_ok());
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_mean_alike_lie_near() {
    let engine = ask::engine(SMOLLM).unwrap();
    let texts = [
        "A cat sleeps on the sofa.",
        "A kitten naps on the couch.",
        "fn main() { println!(\"{}\", 7); }",
    ];
    let vectors = engine
        .embed(texts.map(String::from).to_vec())
        .await
        .unwrap();
    let near = |a: usize, b: usize| -> f32 {
        vectors[a].iter().zip(&vectors[b]).map(|(a, b)| a * b).sum()
    };
    assert!((near(0, 0) - 1.0).abs() < 1e-3);
    assert!(near(0, 1) > near(0, 2), "{} {}", near(0, 1), near(0, 2));
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adapter_changes_the_answers_that_name_it_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let (none, strong) = (
        folder.path().join("none.gguf"),
        folder.path().join("strong.gguf"),
    );
    adapter::write(&none, 0.0).unwrap();
    adapter::write(&strong, 2.0).unwrap();
    let engine = ask::engine(SMOLLM).unwrap();
    engine.choose(&Model {
        adapters: vec![none, strong],
        ..ask::model(SMOLLM).unwrap()
    });
    let with = |adapter| Prompt {
        adapter,
        ..of(4, short(question("What is the sea?"), 24))
    };
    let plain = answer(&engine, with(None)).await.unwrap();
    let nothing = answer(&engine, with(Some((0, 1.0)))).await.unwrap();
    let changed = answer(&engine, with(Some((1, 1.0)))).await.unwrap();
    assert_eq!(plain.text, nothing.text);
    assert_ne!(plain.text, changed.text);
    assert_eq!(answer(&engine, with(None)).await.unwrap().text, plain.text);
    assert!(answer(&engine, with(Some((7, 1.0)))).await.is_err());
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_prompt_is_not_read_to_its_end() {
    let engine = ask::engine(SMOLLM).unwrap();
    engine.warm().await.unwrap();
    let long = of(5, short(question(&long_text().repeat(2)), 5));
    let mut events = engine.generate(long.clone());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(futures_util::poll!(events.next()).is_pending());
    drop(events);
    let read = answer(&engine, long).await.unwrap();
    assert!(
        read.spent.reused_tokens < read.spent.prompt_tokens - 100,
        "{:?}",
        read.spent
    );
    engine.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_fills_the_context_says_so() {
    let engine = ask::engine(SMOLLM).unwrap();
    engine.choose(&Model {
        context: 256,
        ..ask::model(SMOLLM).unwrap()
    });
    let story = answer(
        &engine,
        question("Write a very long story about the sea, with many chapters."),
    )
    .await
    .unwrap();
    assert_eq!(story.finish, Finish::ContextFull);
    assert!(story.resumed.is_empty(), "{:?}", story.resumed);
    let mut events = engine.generate(question(&long_text()));
    let Some(GenerateEvent::Failed(failure)) = events.next().await else {
        panic!("it fits")
    };
    assert!(
        failure.to_string().contains("the context holds"),
        "{failure}"
    );
    engine.stop().await.unwrap();
}

/// The graphics path on a machine without graphics: Mesa's software device.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_graphics_device_reads_what_the_processor_reads() {
    let folder = tempfile::tempdir().unwrap();
    let graphics = ask::engine_after("export GGML_VK_VISIBLE_DEVICES=0", folder.path()).unwrap();
    graphics.choose(&Model {
        offload: Offload::All,
        context: 512,
        ..ask::model(SMOLLM).unwrap()
    });
    let ready = graphics.warm().await.unwrap();
    assert_eq!((ready.device.as_str(), ready.gpu_layers), ("Vulkan0", 31));
    let processor = ask::engine(SMOLLM).unwrap();
    processor.choose(&Model {
        offload: Offload::None,
        context: 512,
        ..ask::model(SMOLLM).unwrap()
    });
    let messages = question("Name two colors.").messages;
    // About as many tokens as the figure is about.
    let text = "Two colors are red and blue. Red is the color of fire, of roses and of ripe apples, and most people find \
                it warm. Blue is the color of the sky on a clear day and of the deep sea, and most people find it cold. \
                A painter who mixes the two gets purple, which many kings wore.";
    let theirs = graphics.score(messages.clone(), text.into()).await.unwrap();
    let ours = processor.score(messages, text.into()).await.unwrap();
    assert_eq!(ours.len(), theirs.len());
    let same = ours
        .iter()
        .zip(&theirs)
        .filter(|(a, b)| a.likeliest == b.likeliest)
        .count();
    assert!(
        ours.len() >= 64 && same * 100 >= ours.len() * 98,
        "{same} of {}",
        ours.len()
    );
    assert!(ours.iter().zip(&theirs).all(|(a, b)| a.id == b.id));
    let apart: Vec<f32> = ours
        .iter()
        .zip(&theirs)
        .map(|(a, b)| (a.logprob - b.logprob).abs())
        .collect();
    let mean = apart.iter().sum::<f32>() / 64.0;
    assert!(mean < 0.1, "{mean}");
    graphics.stop().await.unwrap();
    processor.stop().await.unwrap();
}

/// A device that can't hold the model: as much of it as fits is put there, the rest stays with the processor, and the
/// answer is whole.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_graphics_device_with_too_little_memory_takes_a_part() {
    let folder = tempfile::tempdir().unwrap();
    let graphics = ask::engine_after("export GGML_VK_VISIBLE_DEVICES=0", folder.path()).unwrap();
    let devices = graphics.devices().await.unwrap().devices;
    let free = devices
        .iter()
        .find(|device| device.name == "Vulkan0")
        .map(|device| device.memory_free)
        .unwrap();
    graphics.choose(&Model {
        context: 2048,
        // The rest is somebody else's: less than the weights take.
        margin: free - (200 << 20),
        ..ask::model(SMOLLM).unwrap()
    });
    let ready = graphics.warm().await.unwrap();
    assert!((1..31).contains(&ready.gpu_layers), "{ready:?}");
    assert_eq!(ready.context, 2048);
    let whole = answer(&graphics, short(question("Say hello."), 3))
        .await
        .unwrap();
    assert_eq!(whole.tokens.len(), 3);
    graphics.stop().await.unwrap();
}
