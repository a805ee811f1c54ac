//! A prompt and a context that is too small for it: what the model no longer sees is left out, or summarized, visibly;
//! an answer that outgrows the context goes on.

use futures_util::StreamExt;
use tandem_conversation::{
    Drafts, Fit, Generate, GenerateEvent, Overflow, Prompt, PromptMessage, Role, Sampling, Summary,
    ask_for_summary, fit, put_before, summary_tokens, surely_fits,
};

use crate::{
    drive::{Drive, Events},
    failure,
    wire::TurnStep,
};

/// Bytes of an answer that has outgrown the context which the model is shown of it.
const ANSWER_TAIL: usize = 2048;
/// Times that an answer may outgrow the context: a model that wanders would never end.
const MOST_OVERFLOWS: u32 = 3;

impl Drive {
    /// Makes the prompt fit what the model can hold, counted with its own tokenizer. The receipt says how.
    pub(crate) async fn fit(&mut self) {
        // Not loaded yet: the smallest one that a model is given.
        let context = self
            .assistant
            .engine
            .status()
            .borrow()
            .context()
            .unwrap_or(1024);
        let earlier = self.plan.summary.take();
        let summarize = self.plan.overflow == Overflow::Summarize;
        if surely_fits(&self.plan.prompt, context - kept_free(summarize, context)) {
            return;
        }
        // An engine that can't count can't answer either: that is told by the answer.
        let Ok(counted) = self.assistant.engine.count(self.plan.prompt.clone()).await else {
            return;
        };
        let room = counted.context - kept_free(summarize, counted.context);
        let fit = fit(&self.plan.prompt, &counted.messages, counted.frame, room);
        if summarize && fit.unseen > 0 {
            let from = self.fixed();
            let tokens = counted.messages.get(from..from + fit.unseen);
            self.plan.summary = self
                .summary(
                    earlier,
                    fit.unseen,
                    tokens.unwrap_or_default(),
                    counted.context,
                )
                .await;
        }
        self.leave_out(fit);
        if let Some(summary) = &self.plan.summary {
            put_before(&mut self.plan.prompt, &summary.text);
        }
    }

    /// A summary of the first `unseen` messages after the instructions, of `tokens` tokens each: the one that an earlier
    /// answer was given, or a new one that begins with it. `None` when the model writes none.
    async fn summary(
        &mut self,
        earlier: Option<Summary>,
        unseen: usize,
        tokens: &[u32],
        context: u32,
    ) -> Option<Summary> {
        let messages = number(unseen);
        let earlier = earlier.filter(|earlier| earlier.messages <= messages);
        if let Some(earlier) = &earlier
            && earlier.messages == messages
        {
            return Some(earlier.clone());
        }
        self.tell(TurnStep::Notice {
            notice: failure::summarizing(),
        });
        // What can't be read in one go is too much to be said in a few sentences.
        let mut first = earlier
            .as_ref()
            .map_or(0, |earlier| earlier.messages as usize);
        let most = context / 2;
        while tokens.iter().skip(first).sum::<u32>() > most && first + 1 < unseen {
            first += 1;
        }
        let fixed = self.fixed();
        let prompt = ask_for_summary(
            self.plan.prompt[..fixed].first(),
            earlier.as_ref().map(|earlier| earlier.text.as_str()),
            &self.plan.prompt[fixed + first..fixed + unseen],
        );
        let text = self.write(prompt, summary_tokens(context)).await;
        (!text.is_empty()).then_some(Summary { messages, text })
    }

    /// What the model writes, `most` tokens at most; what it wrote before a fault counts.
    async fn write(&self, messages: Vec<PromptMessage>, most: u32) -> String {
        let mut events = self.assistant.engine.generate(Prompt {
            conversation: Some(self.plan.answer.conversation),
            max_tokens: Some(most),
            drafts: Drafts::Lookup,
            ..Prompt::new(messages, Sampling::balanced(0))
        });
        let mut text = String::new();
        while let Some(event) = events.next().await {
            match event {
                GenerateEvent::Token(token) => text.push_str(&token.text),
                GenerateEvent::Finished(..) | GenerateEvent::Failed(_) => break,
                GenerateEvent::Started { .. } | GenerateEvent::Resumed(_) => {}
            }
        }
        text.trim().to_owned()
    }

    fn leave_out(&mut self, fit: Fit) {
        self.plan.prompt = fit.messages;
        self.unseen += number(fit.unseen);
    }

    /// What the model is shown of its own answer: all of it, or, when it has outgrown the context, its last part.
    pub(crate) fn seen_of_answer(&self) -> String {
        let text = self.so_far();
        if self.overflows == 0 {
            return text;
        }
        let from = text.len().saturating_sub(ANSWER_TAIL);
        let from = (from..=text.len())
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        text[from..].to_owned()
    }

    /// Whether an answer that has filled the context is worth going on with.
    pub(crate) fn may_go_on(&self) -> bool {
        let text = self.so_far();
        let room = self.history() > 0 || text.len() > ANSWER_TAIL;
        room && self.overflows < MOST_OVERFLOWS && self.tokens > 0 && !repeats(&text)
    }

    /// The engine has come to hold less than it did when the prompt was fitted: what it holds now is read, if anything can
    /// be left out.
    pub(crate) fn fit_to(&mut self, prompt_tokens: u32, context: u32) -> Option<Events> {
        let bytes = |message: &PromptMessage| message.text.len() as u64 + 1;
        let all: u64 = self.plan.prompt.iter().map(bytes).sum();
        let share = |message| u32::try_from(u64::from(prompt_tokens) * bytes(message) / all.max(1));
        let tokens: Vec<_> = self
            .plan
            .prompt
            .iter()
            .map(|message| share(message).unwrap_or(u32::MAX))
            .collect();
        let fit = fit(&self.plan.prompt, &tokens, 0, context);
        if fit.unseen == 0 {
            return None;
        }
        self.leave_out(fit);
        Some(self.start())
    }

    /// Messages before the conversation: the instructions.
    fn fixed(&self) -> usize {
        usize::from(
            self.plan
                .prompt
                .first()
                .is_some_and(|first| first.role == Role::System),
        )
    }

    /// Messages between the instructions and the question.
    fn history(&self) -> usize {
        self.plan.prompt.len().saturating_sub(1 + self.fixed())
    }

    /// The answer has filled the context: it goes on with the question and its own last part before it.
    pub(crate) fn go_on(&mut self) -> Events {
        self.overflows += 1;
        let (fixed, history) = (self.fixed(), self.history());
        self.unseen += number(history);
        self.plan.prompt.drain(fixed..fixed + history);
        if self.overflows == 1 {
            self.tell(TurnStep::Notice {
                notice: failure::outgrown(),
            });
        }
        self.start()
    }
}

/// Tokens of the context that a summary may take.
fn kept_free(summarize: bool, context: u32) -> u32 {
    if summarize {
        summary_tokens(context)
    } else {
        0
    }
}

fn number(messages: usize) -> u32 {
    u32::try_from(messages).unwrap_or(u32::MAX)
}

/// Whether a text has come to say the same again and again: its last words stand twice before in its last part.
fn repeats(text: &str) -> bool {
    let bytes = text.as_bytes();
    let part = &bytes[bytes.len().saturating_sub(2 * ANSWER_TAIL)..];
    let last = &part[part.len().saturating_sub(100)..];
    last.len() == 100 && part.windows(100).filter(|window| *window == last).count() > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_goes_round_is_told_from_one_that_goes_on() {
        assert!(repeats(&"The sea is deep and the sky is high. ".repeat(20)));
        let counted: Vec<_> = (0..200).map(|n| format!("Wave {n} came in.")).collect();
        assert!(!repeats(&counted.join(" ")));
        assert!(!repeats("Short."));
    }
}
