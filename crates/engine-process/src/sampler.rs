//! How tokens are picked: llama.cpp's own chain.

use llama_cpp_2::sampling::LlamaSampler;
use tandem_protocol::Sampling;

/// Tokens back that the repeat penalty looks.
const PENALTY_WINDOW: i32 = 64;

/// The chain for `sampling`, over a vocabulary of `vocabulary` tokens.
pub(crate) fn chain(sampling: &Sampling, vocabulary: i32) -> LlamaSampler {
    let mut links = vec![];
    if (sampling.repeat_penalty - 1.0).abs() > f32::EPSILON {
        links.push(LlamaSampler::penalties(
            vocabulary,
            PENALTY_WINDOW,
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
