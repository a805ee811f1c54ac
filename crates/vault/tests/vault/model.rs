//! Random appends, checkpoints and ends, against what a plain map says should be there.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use tandem_conversation::{ConversationId, Message, MessageId, MessageState, Role};
use tandem_vault::{Vault, VaultError};

use crate::support::{Home, conversation, message_id, question, receipt};

/// Numbers choose among three conversations and twelve messages, so that steps meet.
#[derive(Clone, Debug)]
enum Step {
    Create(u128),
    Rename(u128, String),
    Delete(u128),
    Append {
        number: u128,
        conversation: u128,
        parent: Option<u128>,
        streaming: bool,
        text: String,
        at: i64,
    },
    Checkpoint(u128, String),
    Finish(u128, String, bool),
    Leaf(u128, u128),
    Settle,
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let c = || 0..3_u128;
    let m = || 0..12_u128;
    let text = || "[a-c]{1,3}( [a-c]{1,3}){0,3}|\\PC{0,12}";
    let append = (
        m(),
        c(),
        prop::option::of(m()),
        any::<bool>(),
        text(),
        0..1000_i64,
    )
        .prop_map(
            |(number, conversation, parent, streaming, text, at)| Step::Append {
                number,
                conversation,
                parent,
                streaming,
                text,
                at,
            },
        );
    let step = prop_oneof![
        3 => c().prop_map(Step::Create),
        1 => (c(), text()).prop_map(|(id, title)| Step::Rename(id, title)),
        1 => c().prop_map(Step::Delete),
        12 => append,
        4 => (m(), text()).prop_map(|(id, text)| Step::Checkpoint(id, text)),
        4 => (m(), text(), any::<bool>()).prop_map(|(id, text, whole)| Step::Finish(id, text, whole)),
        1 => (c(), m()).prop_map(|(id, leaf)| Step::Leaf(id, leaf)),
        1 => Just(Step::Settle),
        1 => Just(Step::Reopen),
    ];
    vec(step, 1..60)
}

#[derive(Clone, Default)]
struct Told {
    title: String,
    leaf: Option<MessageId>,
    updated_ms: i64,
    messages: Vec<Message>,
}

#[derive(Default)]
struct Model(BTreeMap<ConversationId, Told>);

impl Model {
    fn has(&self, id: ConversationId, message: MessageId) -> bool {
        self.0
            .get(&id)
            .is_some_and(|told| told.messages.iter().any(|m| m.id == message))
    }

    fn find(&mut self, id: MessageId) -> Option<&mut Message> {
        self.0
            .values_mut()
            .flat_map(|told| &mut told.messages)
            .find(|m| m.id == id)
    }

    /// What the step should say: `None` when it should be done.
    fn take(&mut self, step: &Step) -> Option<&'static str> {
        match step {
            Step::Create(c) if self.0.contains_key(&conversation(*c)) => Some("already-there"),
            Step::Create(c) => {
                self.0.insert(
                    conversation(*c),
                    Told {
                        updated_ms: 1,
                        ..Told::default()
                    },
                );
                None
            }
            Step::Rename(c, title) => match self.0.get_mut(&conversation(*c)) {
                None => Some("no-conversation"),
                Some(told) => {
                    told.title.clone_from(title);
                    None
                }
            },
            Step::Delete(c) => self
                .0
                .remove(&conversation(*c))
                .is_none()
                .then_some("no-conversation"),
            Step::Append {
                number,
                conversation: c,
                parent,
                ..
            } => {
                let (id, message) = (conversation(*c), appended(step));
                if !self.0.contains_key(&id) {
                    Some("no-conversation")
                } else if parent.is_some_and(|parent| !self.has(id, message_id(parent))) {
                    Some("foreign-parent")
                } else if self.find(message_id(*number)).is_some() {
                    Some("already-there")
                } else {
                    let told = self.0.get_mut(&id).unwrap();
                    told.leaf = Some(message.id);
                    told.updated_ms = told.updated_ms.max(message.created_ms);
                    told.messages.push(message);
                    None
                }
            }
            Step::Checkpoint(number, text) | Step::Finish(number, text, _) => {
                match self.find(message_id(*number)) {
                    None => Some("no-message"),
                    Some(message) if message.state != MessageState::Streaming => Some("settled"),
                    Some(message) => {
                        message.text.clone_from(text);
                        if let Step::Finish(_, _, whole) = step {
                            message.state = if *whole {
                                MessageState::Complete
                            } else {
                                MessageState::Stopped
                            };
                            message.receipt = whole.then(receipt);
                        }
                        None
                    }
                }
            }
            Step::Leaf(c, number) => {
                let (id, message) = (conversation(*c), message_id(*number));
                let known = self.has(id, message);
                match self.0.get_mut(&id) {
                    None => Some("no-conversation"),
                    Some(_) if !known => Some("no-message"),
                    Some(told) => {
                        told.leaf = Some(message);
                        None
                    }
                }
            }
            Step::Settle => {
                for message in self.0.values_mut().flat_map(|told| &mut told.messages) {
                    if message.state == MessageState::Streaming {
                        message.state = MessageState::Interrupted;
                    }
                }
                None
            }
            Step::Reopen => None,
        }
    }

    async fn compare(&self, vault: &Vault) {
        let rows = vault.conversations().await.unwrap();
        assert_eq!(rows.len(), self.0.len());
        assert!(rows.is_sorted_by_key(|row| -row.order_ms));
        for (id, told) in &self.0 {
            let (row, messages) = vault.conversation(*id).await.unwrap();
            assert_eq!(messages, told.messages);
            assert_eq!(
                (&row.title, row.leaf, row.updated_ms),
                (&told.title, told.leaf, told.updated_ms)
            );
            assert_eq!(row.messages as usize, told.messages.len());
            assert!(rows.contains(&row));
        }
        let mut hits = vault.search("ab", 1000).await.unwrap();
        hits.retain(|hit| hit.message.is_some());
        let begins = |text: &str| {
            let mut words = text.split(|c: char| !c.is_alphanumeric());
            words.any(|word| word.to_ascii_lowercase().starts_with("ab"))
        };
        let ended = |m: &&Message| m.state != MessageState::Streaming;
        for message in self.0.values().flat_map(|told| &told.messages) {
            // Beyond ASCII the tokenizer's idea of a letter is its own.
            if message.text.is_ascii() {
                let expected = ended(&message) && begins(&message.text);
                let found = hits.iter().any(|hit| hit.message == Some(message.id));
                assert_eq!(found, expected, "{message:?}");
            }
        }
    }
}

fn appended(step: &Step) -> Message {
    let Step::Append {
        number,
        conversation: c,
        parent,
        streaming,
        text,
        at,
    } = step
    else {
        unreachable!()
    };
    Message {
        parent: parent.map(message_id),
        role: if *streaming {
            Role::Assistant
        } else {
            Role::User
        },
        state: if *streaming {
            MessageState::Streaming
        } else {
            MessageState::Complete
        },
        created_ms: *at,
        ..question(*number, conversation(*c), text)
    }
}

async fn take(vault: &Vault, step: &Step) -> Result<(), VaultError> {
    match step {
        Step::Create(c) => vault.create_conversation(conversation(*c), 1).await,
        Step::Rename(c, title) => vault.rename(conversation(*c), title).await,
        Step::Delete(c) => vault.delete_conversation(conversation(*c)).await,
        Step::Append { .. } => vault.append(&appended(step)).await,
        Step::Checkpoint(number, text) => vault.checkpoint(message_id(*number), text).await,
        Step::Finish(number, text, true) => {
            vault
                .finish(
                    message_id(*number),
                    text,
                    MessageState::Complete,
                    Some(&receipt()),
                )
                .await
        }
        Step::Finish(number, text, false) => {
            vault
                .finish(message_id(*number), text, MessageState::Stopped, None)
                .await
        }
        Step::Leaf(c, number) => vault.set_leaf(conversation(*c), message_id(*number)).await,
        Step::Settle => vault.settle_interrupted().await.map(|_| ()),
        Step::Reopen => Ok(()),
    }
}

#[test]
fn random_steps_end_where_the_model_does() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let run = runner.run(&steps(), |steps| {
        runtime.block_on(async {
            let home = Home::new();
            let mut vault = home.create().await;
            let mut model = Model::default();
            for step in &steps {
                if matches!(step, Step::Reopen) {
                    drop(vault);
                    vault = home.open().await;
                }
                let said = take(&vault, step).await.err().map(|error| error.code());
                assert_eq!(said, model.take(step), "{step:?}");
            }
            model.compare(&vault).await;
            vault.verify().await.unwrap();
            vault.close().await.unwrap();
            model.compare(&home.open().await).await;
        });
        Ok(())
    });
    run.unwrap();
}
