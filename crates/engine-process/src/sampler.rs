//! How tokens are picked: llama.cpp's own chain, over the few tokens that it can pick at all.

use llama_cpp_2::{
    json_schema_to_grammar,
    model::LlamaModel,
    sampling::LlamaSampler,
    token::{LlamaToken, data::LlamaTokenData, data_array::LlamaTokenDataArray},
};
use tandem_protocol::{Constraint, Sampling};

use crate::distribution::{Distribution, Evidence};

/// Tokens back that the repeat penalty looks.
const PENALTY_WINDOW: u16 = 64;
/// Bytes of a schema or grammar at most.
const MAX_CONSTRAINT: usize = 256 << 10;

/// Picks the tokens of one answer.
pub(crate) struct Sampler {
    chain: LlamaSampler,
    grammar: Option<LlamaSampler>,
    /// How many of the likeliest tokens hold every one that the chain can pick; `None` when any may be.
    enough: Option<usize>,
    /// Whether the likeliest token is always the one.
    plain: bool,
    distribution: Distribution,
    candidates: LlamaTokenDataArray,
}

impl Sampler {
    /// For one answer. Fails, in words, when the constraint can't be read.
    pub(crate) fn new(
        model: &LlamaModel,
        sampling: &Sampling,
        constraint: Option<&Constraint>,
    ) -> Result<Self, String> {
        let grammar = constraint
            .map(|constraint| grammar(model, constraint))
            .transpose()?;
        let plain = grammar.is_none() && sampling.temperature <= 0.0 && !penalizes(sampling);
        Ok(Self {
            chain: chain(sampling, model.n_vocab()),
            grammar,
            enough: enough(sampling),
            plain,
            distribution: Distribution::default(),
            candidates: LlamaTokenDataArray::new(vec![], false),
        })
    }

    /// The next token under `logits`, and what they say of it. It counts as taken.
    pub(crate) fn pick(&mut self, logits: &[f32]) -> (LlamaToken, Evidence) {
        self.distribution.read(logits, self.enough.unwrap_or(2));
        let token = if self.plain {
            number(self.distribution.first())
        } else {
            self.choose(logits)
        };
        self.take(token);
        let logit = usize::try_from(token.0)
            .ok()
            .and_then(|token| logits.get(token));
        (
            token,
            self.distribution
                .evidence(logit.copied().unwrap_or(f32::NEG_INFINITY)),
        )
    }

    /// Counts a token as taken that was given, not picked.
    pub(crate) fn take(&mut self, token: LlamaToken) {
        if self.plain {
            return;
        }
        self.chain.accept(token);
        if let Some(grammar) = &mut self.grammar {
            grammar.accept(token);
        }
    }

    fn choose(&mut self, logits: &[f32]) -> LlamaToken {
        if self.enough.is_some() {
            self.fill(true, logits);
            self.chain.apply(&mut self.candidates);
            let token = self.chosen();
            if self.conforms(token) {
                return token;
            }
        }
        // Any token of the vocabulary may be the only one that conforms.
        self.fill(false, logits);
        if let Some(grammar) = &mut self.grammar {
            grammar.apply(&mut self.candidates);
        }
        self.chain.apply(&mut self.candidates);
        self.chosen()
    }

    fn fill(&mut self, likeliest: bool, logits: &[f32]) {
        let candidates = &mut self.candidates;
        candidates.data.clear();
        candidates.sorted = false;
        candidates.selected = None;
        let data = |token, logit| LlamaTokenData::new(number(token), logit, 0.0);
        if likeliest {
            let all = self.distribution.likeliest().iter();
            candidates
                .data
                .extend(all.map(|&(token, logit)| data(token, logit)));
        } else {
            candidates
                .data
                .extend((0..).zip(logits).map(|(token, &logit)| data(token, logit)));
        }
    }

    fn chosen(&self) -> LlamaToken {
        // The last link of a chain always selects; were it not so, the likeliest token is no wrong answer.
        let chosen = self.candidates.selected_token();
        chosen.unwrap_or_else(|| number(self.distribution.first()))
    }

    fn conforms(&mut self, token: LlamaToken) -> bool {
        let Some(grammar) = &mut self.grammar else {
            return true;
        };
        let mut alone = LlamaTokenDataArray::new(vec![LlamaTokenData::new(token, 1.0, 0.0)], false);
        grammar.apply(&mut alone);
        alone
            .data
            .first()
            .is_some_and(|token| token.logit() > f32::NEG_INFINITY)
    }
}

fn number(token: u32) -> LlamaToken {
    LlamaToken(i32::try_from(token).unwrap_or(0))
}

fn penalizes(sampling: &Sampling) -> bool {
    (sampling.repeat_penalty - 1.0).abs() > f32::EPSILON
}

/// A penalty only lowers, and lowers no more tokens than it looks back: below it, one more token for each can rise
/// among the likeliest.
fn enough(sampling: &Sampling) -> Option<usize> {
    let kept = if sampling.temperature <= 0.0 {
        1
    } else {
        usize::try_from(sampling.top_k).ok()?
    };
    let lowered = if !penalizes(sampling) {
        0
    } else if sampling.repeat_penalty > 1.0 {
        usize::from(PENALTY_WINDOW)
    } else {
        return None;
    };
    (kept > 0).then_some(kept + lowered)
}

fn chain(sampling: &Sampling, vocabulary: i32) -> LlamaSampler {
    let mut links = vec![];
    if penalizes(sampling) {
        links.push(LlamaSampler::penalties(
            vocabulary,
            i32::from(PENALTY_WINDOW),
            sampling.repeat_penalty,
            0.0,
            0.0,
        ));
    }
    if sampling.temperature <= 0.0 {
        links.push(LlamaSampler::greedy());
        return LlamaSampler::chain_simple(links);
    }
    if sampling.top_k > 0 {
        links.push(LlamaSampler::top_k(
            i32::try_from(sampling.top_k).unwrap_or(i32::MAX),
        ));
    }
    links.push(LlamaSampler::top_p(sampling.top_p, 1));
    links.push(LlamaSampler::min_p(sampling.min_p, 1));
    links.push(LlamaSampler::temp(sampling.temperature));
    links.push(LlamaSampler::dist(sampling.seed));
    LlamaSampler::chain_simple(links)
}

fn grammar(model: &LlamaModel, constraint: &Constraint) -> Result<LlamaSampler, String> {
    let (Constraint::JsonSchema(text) | Constraint::Grammar(text)) = constraint;
    if text.len() > MAX_CONSTRAINT {
        return Err("it is too long".to_owned());
    }
    let rules = match constraint {
        Constraint::JsonSchema(schema) => {
            json_schema_to_grammar(schema).map_err(|error| error.to_string())?
        }
        Constraint::Grammar(rules) => rules.clone(),
    };
    LlamaSampler::grammar(model, &rules, "root").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOCABULARY: usize = 3000;

    fn sampler(sampling: &Sampling, enough: Option<usize>) -> Sampler {
        Sampler {
            chain: chain(sampling, i32::try_from(VOCABULARY).unwrap_or(0)),
            grammar: None,
            enough,
            plain: false,
            distribution: Distribution::default(),
            candidates: LlamaTokenDataArray::new(vec![], false),
        }
    }

    /// Logits without a pattern; close together at the top, so that a penalty changes their order.
    fn logits(seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_add(1);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap_or(0)) / f32::from(u16::MAX)
        };
        (0..VOCABULARY)
            .map(|_| (next() * next()).sqrt() * 6.0)
            .collect()
    }

    #[test]
    fn the_few_likeliest_tokens_give_the_very_choices_of_the_whole_vocabulary() {
        let settings = [(0.0, 0, 1.1), (0.3, 40, 1.1), (0.8, 40, 1.0), (1.5, 5, 1.3)];
        for (seed, (temperature, top_k, repeat_penalty)) in (1..).zip(settings) {
            let sampling = Sampling {
                temperature,
                top_p: 0.9,
                top_k,
                min_p: 0.05,
                repeat_penalty,
                seed,
            };
            let few = enough(&sampling);
            assert!(few.is_some_and(|few| few < VOCABULARY / 10));
            let (mut fast, mut whole) = (sampler(&sampling, few), sampler(&sampling, None));
            for step in 0..500 {
                let logits = logits(step);
                assert_eq!(
                    fast.pick(&logits),
                    whole.pick(&logits),
                    "{sampling:?}, step {step}"
                );
            }
        }
    }

    #[test]
    fn without_a_bound_every_token_may_be_picked() {
        let sampling = Sampling {
            temperature: 1.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            repeat_penalty: 1.0,
            seed: 3,
        };
        assert_eq!(enough(&sampling), None);
    }
}
