//! What the context has computed, and what it had of other conversations: a question is answered from there on, not
//! from the beginning.
//!
//! One conversation at a time is in the context. Attention reads every cell that is taken, so others beside it would slow
//! each token; a state that is copied out and back costs milliseconds, once.

use llama_cpp_2::token::LlamaToken;

use crate::{context::Context, saved::Saved};

/// Bytes of states that wait in memory.
const BUDGET: usize = 256 << 20;
/// Tokens that are read again sooner than a state is copied.
const WORTH: usize = 64;

/// Whose tokens they are. With another adapter the same tokens compute to something else.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Owner {
    /// The conversation; nobody's is never kept.
    pub conversation: Option<u128>,
    /// The adapter and its strength.
    pub adapter: Option<(u32, f32)>,
}

/// The context's tokens, and states that wait.
#[derive(Default)]
pub(crate) struct Memory {
    owner: Owner,
    tokens: Vec<LlamaToken>,
    /// The one used last is the last.
    waiting: Vec<Waiting>,
}

struct Waiting {
    owner: Owner,
    tokens: Vec<LlamaToken>,
    state: Vec<u8>,
}

impl Memory {
    /// Tokens that the context has computed.
    pub(crate) fn tokens(&self) -> &[LlamaToken] {
        &self.tokens
    }

    /// Makes the context hold as much as it can of the beginning of `tokens`, and tells how many. The last one is always
    /// left to compute: its logits are the answer's first.
    pub(crate) fn resume(
        &mut self,
        context: &mut Context<'_>,
        owner: Owner,
        tokens: &[LlamaToken],
    ) -> usize {
        let here = shared(self.owner, &self.tokens, owner, tokens);
        let best = (0..self.waiting.len())
            .map(|at| {
                (
                    shared(
                        self.waiting[at].owner,
                        &self.waiting[at].tokens,
                        owner,
                        tokens,
                    ),
                    at,
                )
            })
            .max();
        match best {
            Some((there, at)) if there > here + WORTH => {
                let waiting = self.waiting.remove(at);
                self.set_aside(context, 0);
                self.bring_back(context, owner, waiting);
            }
            _ if self.owner.conversation != owner.conversation => self.set_aside(context, here),
            _ => {}
        }
        let shared = shared(self.owner, &self.tokens, owner, tokens);
        self.keep(context, shared.min(tokens.len().saturating_sub(1)));
        self.owner = owner;
        self.tokens.len()
    }

    /// The context computed these as well.
    pub(crate) fn add(&mut self, tokens: &[LlamaToken]) {
        self.tokens.extend_from_slice(tokens);
    }

    /// The context keeps the first `count` tokens and forgets the rest.
    pub(crate) fn keep(&mut self, context: &mut Context<'_>, count: usize) {
        if count >= self.tokens.len() {
            return;
        }
        if count > 0 && context.forget_from(count) {
            self.tokens.truncate(count);
        } else {
            self.forget(context);
        }
    }

    /// A computation of `tokens` broke off: what of it was done is kept, if the context can tell.
    pub(crate) fn broke_off(&mut self, context: &mut Context<'_>, tokens: &[LlamaToken]) {
        let before = self.tokens.len();
        match context.computed().checked_sub(before) {
            Some(done) if done <= tokens.len() => self.add(&tokens[..done]),
            _ => self.forget(context),
        }
    }

    /// The context forgets everything.
    pub(crate) fn forget(&mut self, context: &mut Context<'_>) {
        context.clear();
        self.tokens.clear();
    }

    /// A conversation is gone for good.
    pub(crate) fn forget_conversation(&mut self, context: &mut Context<'_>, conversation: u128) {
        self.waiting
            .retain(|waiting| waiting.owner.conversation != Some(conversation));
        if self.owner.conversation == Some(conversation) {
            self.forget(context);
        }
    }

    /// What there is of a conversation, to be kept elsewhere.
    pub(crate) fn save(&self, context: &Context<'_>, conversation: u128) -> Option<Saved> {
        let saved = |owner: Owner, tokens: &[LlamaToken], state| Saved {
            adapter: owner.adapter,
            tokens: tokens.iter().map(|token| token.0).collect(),
            answers: vec![],
            state,
        };
        if self.owner.conversation == Some(conversation) {
            return (self.tokens.len() > WORTH)
                .then(|| saved(self.owner, &self.tokens, context.state()));
        }
        let waiting = self
            .waiting
            .iter()
            .find(|waiting| waiting.owner.conversation == Some(conversation))?;
        Some(saved(waiting.owner, &waiting.tokens, waiting.state.clone()))
    }

    /// A state that was kept elsewhere waits for its conversation from now on.
    pub(crate) fn restore(&mut self, conversation: u128, saved: Saved) {
        let owner = Owner {
            conversation: Some(conversation),
            adapter: saved.adapter,
        };
        let tokens = saved.tokens.into_iter().map(LlamaToken).collect();
        self.wait(Waiting {
            owner,
            tokens,
            state: saved.state,
        });
    }

    /// Copies the context's conversation out, unless most of it is about to be used or it is read again in no time.
    fn set_aside(&mut self, context: &Context<'_>, used: usize) {
        if self.owner.conversation.is_none() || self.tokens.len() < used + WORTH {
            return;
        }
        let (owner, tokens) = (self.owner, self.tokens.clone());
        self.wait(Waiting {
            owner,
            tokens,
            state: context.state(),
        });
    }

    fn bring_back(&mut self, context: &mut Context<'_>, owner: Owner, waiting: Waiting) {
        if !context.set_state(&waiting.state) || context.computed() != waiting.tokens.len() {
            self.forget(context);
            return;
        }
        self.tokens.clone_from(&waiting.tokens);
        self.owner = waiting.owner;
        // Its own conversation goes on from here. Another one only began alike: it waits on.
        if waiting.owner.conversation != owner.conversation {
            self.wait(waiting);
        }
    }

    fn wait(&mut self, newest: Waiting) {
        self.waiting
            .retain(|waiting| waiting.owner.conversation != newest.owner.conversation);
        self.waiting.push(newest);
        let mut bytes: usize = self.waiting.iter().map(|waiting| waiting.state.len()).sum();
        // The newest stays, however large.
        while bytes > BUDGET && self.waiting.len() > 1 {
            bytes -= self.waiting.remove(0).state.len();
        }
    }
}

/// Tokens at the beginning that are the same and compute to the same.
fn shared(theirs: Owner, have: &[LlamaToken], owner: Owner, want: &[LlamaToken]) -> usize {
    if theirs.adapter != owner.adapter {
        return 0;
    }
    have.iter().zip(want).take_while(|(a, b)| a == b).count()
}
