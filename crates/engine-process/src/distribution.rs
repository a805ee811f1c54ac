//! What the model's own distribution over its vocabulary says, in two passes that the processor takes many tokens at a
//! time of: a vocabulary has up to a quarter of a million tokens, and this happens for every one that is generated.

use multiversion::multiversion;

/// Logits this far below the highest add less than a billionth each: they are left out of the sums.
const NEGLIGIBLE: f32 = 20.0;
/// Logits looked at together.
const CHUNK: usize = 64;
/// Sums that are kept side by side.
const LANES: usize = 16;

/// The likeliest tokens and how likely they are.
#[derive(Default)]
pub(crate) struct Distribution {
    peaks: Vec<f32>,
    order: Vec<f32>,
    /// The likeliest tokens, by number and logit; in no order, and more than were asked for.
    likeliest: Vec<(u32, f32)>,
    first: (u32, f32),
    second: f32,
    log_sum: f64,
    entropy: f64,
}

/// Evidence of one token: routing lives on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Evidence {
    /// Natural-log probability of the token.
    pub logprob: f32,
    /// Entropy of the distribution, in nats.
    pub entropy: f32,
    /// Log-probability of the likeliest token minus that of the second.
    pub margin: f32,
}

impl Distribution {
    /// Reads the softmax of `logits`, and keeps at least the `count` likeliest tokens.
    pub(crate) fn read(&mut self, logits: &[f32], count: usize) {
        let count = count.clamp(2, logits.len().max(2));
        self.peaks.clear();
        self.peaks
            .resize(logits.len().div_ceil(CHUNK), f32::NEG_INFINITY);
        peaks(logits, &mut self.peaks);
        // Each of the `count` highest peaks is a logit: the `count` likeliest tokens are no lower than the lowest of them.
        let floor = if count >= self.peaks.len() {
            f32::NEG_INFINITY
        } else {
            self.order.clone_from(&self.peaks);
            *self
                .order
                .select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a))
                .1
        };
        self.likeliest.clear();
        for (index, (chunk, &peak)) in logits.chunks(CHUNK).zip(&self.peaks).enumerate() {
            if peak < floor {
                continue;
            }
            for (offset, &logit) in chunk.iter().enumerate() {
                if logit >= floor {
                    let token = u32::try_from(index * CHUNK + offset).unwrap_or(u32::MAX);
                    self.likeliest.push((token, logit));
                }
            }
        }
        self.first = (0, f32::NEG_INFINITY);
        self.second = f32::NEG_INFINITY;
        for &(token, logit) in &self.likeliest {
            if logit > self.first.1 {
                self.second = self.first.1;
                self.first = (token, logit);
            } else if logit > self.second {
                self.second = logit;
            }
        }
        let (sum, weighted) = sums(logits, self.first.1);
        self.log_sum = sum.ln();
        self.entropy = self.log_sum + weighted / sum;
    }

    /// The likeliest tokens, at least as many as were asked for, by number and logit.
    pub(crate) fn likeliest(&self) -> &[(u32, f32)] {
        &self.likeliest
    }

    /// The likeliest token.
    pub(crate) fn first(&self) -> u32 {
        self.first.0
    }

    /// Evidence of a token with this logit.
    pub(crate) fn evidence(&self, logit: f32) -> Evidence {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an estimate for routing; f32 is plenty"
        )]
        Evidence {
            logprob: (f64::from(logit - self.first.1) - self.log_sum) as f32,
            entropy: self.entropy as f32,
            margin: self.first.1 - self.second,
        }
    }
}

/// The highest logit of each chunk.
#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn peaks(logits: &[f32], peaks: &mut [f32]) {
    let (chunks, rest) = logits.as_chunks::<CHUNK>();
    for (chunk, peak) in chunks.iter().zip(peaks.iter_mut()) {
        // Lanes side by side, so that no comparison waits for the one before it.
        let mut lanes = [f32::NEG_INFINITY; 16];
        for group in chunk.as_chunks::<16>().0 {
            for (lane, &logit) in lanes.iter_mut().zip(group) {
                *lane = if logit > *lane { logit } else { *lane };
            }
        }
        *peak = lanes.into_iter().fold(f32::NEG_INFINITY, f32::max);
    }
    if let Some(last) = peaks.get_mut(chunks.len()) {
        *last = rest.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    }
}

/// The sums of `e^-d` and `d·e^-d` over the distances `d` of all logits from the highest.
#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx2+fma", "aarch64+neon"))]
fn sums(logits: &[f32], highest: f32) -> (f64, f64) {
    let (mut sum, mut weighted) = (0f64, 0f64);
    for block in logits.chunks(1024) {
        let (mut sums, mut weights) = ([0f32; LANES], [0f32; LANES]);
        let (groups, rest) = block.as_chunks::<LANES>();
        for group in groups {
            add(group, highest, &mut sums, &mut weights);
        }
        if !rest.is_empty() {
            let mut last = [f32::NEG_INFINITY; LANES];
            last[..rest.len()].copy_from_slice(rest);
            add(&last, highest, &mut sums, &mut weights);
        }
        sum += f64::from(sums.iter().sum::<f32>());
        weighted += f64::from(weights.iter().sum::<f32>());
    }
    (sum, weighted)
}

/// Adds a group's shares, lane by lane: what the compiler takes together.
#[expect(
    clippy::inline_always,
    reason = "as each of its callers is compiled for a processor"
)]
#[inline(always)]
fn add(group: &[f32; LANES], highest: f32, sums: &mut [f32; LANES], weights: &mut [f32; LANES]) {
    for lane in 0..LANES {
        let below = highest - group[lane];
        let share = exp_of_minus(below);
        sums[lane] += share;
        // Infinite distances have no share; they must not become numbers that aren't.
        weights[lane] += share * if below < NEGLIGIBLE { below } else { 0.0 };
    }
}

/// `e^-below` for distances from 0 up, without a branch or a call, so that the compiler takes many at once; 0 where it is
/// negligible. Wrong by less than two millionths of its value: a power of two, times a polynomial for the rest
/// (Cephes, `expf.c`).
#[inline(always)]
fn exp_of_minus(below: f32) -> f32 {
    /// Adding it leaves a number's whole part in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if below < NEGLIGIBLE {
        -below
    } else {
        -NEGLIGIBLE
    };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let whole = rounded - ROUND;
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut series = 1.987_569_1e-4;
    series = series * rest + 1.398_199_9e-3;
    series = series * rest + 8.333_452e-3;
    series = series * rest + 4.166_579_5e-2;
    series = series * rest + 1.666_666_5e-1;
    series = series * rest + 0.5;
    series = series * rest * rest + rest + 1.0;
    // The whole part, in the place of an exponent.
    let power = f32::from_bits(
        rounded
            .to_bits()
            .wrapping_sub(ROUND.to_bits())
            .wrapping_add(127)
            << 23,
    );
    if below < NEGLIGIBLE {
        series * power
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f32, b: f32) -> bool {
        (a - b).abs() < 1e-5
    }

    fn read(logits: &[f32]) -> Distribution {
        let mut distribution = Distribution::default();
        distribution.read(logits, 2);
        distribution
    }

    /// Numbers without a pattern, the same ones every time.
    fn scattered(count: usize) -> Vec<f32> {
        let mut state = 7u32;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                #[expect(clippy::cast_precision_loss, reason = "any number will do")]
                let unit = (state >> 8) as f32 / (1 << 24) as f32;
                unit * unit * 25.0 - 10.0
            })
            .collect()
    }

    #[test]
    fn equal_logits_are_a_uniform_distribution() {
        let evidence = read(&[3.0; 8]).evidence(3.0);
        assert!(near(evidence.logprob, -(8f32.ln())));
        assert!(near(evidence.entropy, 8f32.ln()));
        assert!(near(evidence.margin, 0.0));
    }

    #[test]
    fn a_sure_model_has_no_entropy() {
        let distribution = read(&[0.0, 60.0, 1.0]);
        let evidence = distribution.evidence(60.0);
        assert_eq!(distribution.first(), 1);
        assert!(near(evidence.logprob, 0.0));
        assert!(near(evidence.entropy, 0.0));
        assert!(near(evidence.margin, 59.0));
    }

    #[test]
    fn three_tokens_are_as_computed_by_hand() {
        // p = 1/2, 1/4, 1/4
        let evidence = read(&[4f32.ln(), 2f32.ln(), 2f32.ln()]).evidence(2f32.ln());
        assert!(near(evidence.logprob, 0.25f32.ln()));
        assert!(near(evidence.entropy, 1.5 * 2f32.ln()));
        assert!(near(evidence.margin, 2f32.ln()));
    }

    #[test]
    fn a_large_vocabulary_is_as_the_slow_way_has_it() {
        for count in [63, 64, 65, 1000, 49_152, 151_937] {
            let logits = scattered(count);
            let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let shares: Vec<f64> = logits
                .iter()
                .map(|&logit| f64::from(logit - highest).exp())
                .collect();
            let sum: f64 = shares.iter().sum();
            let entropy = -shares
                .iter()
                .map(|share| share / sum * (share / sum).ln())
                .sum::<f64>();
            let evidence = read(&logits).evidence(logits[5]);
            assert!(
                (f64::from(evidence.logprob) - (shares[5] / sum).ln()).abs() < 1e-4,
                "{count}: {evidence:?}"
            );
            assert!(
                (f64::from(evidence.entropy) - entropy).abs() < 1e-4,
                "{count}: {evidence:?}, {entropy}"
            );
        }
    }

    #[test]
    fn the_likeliest_are_all_there() {
        for count in [1, 40, 104, 5000] {
            let logits = scattered(49_152);
            let mut distribution = Distribution::default();
            distribution.read(&logits, count);
            let mut sorted: Vec<u32> = (0..49_152).collect();
            sorted.sort_by(|&a, &b| logits[b as usize].total_cmp(&logits[a as usize]));
            for token in &sorted[..count] {
                assert!(
                    distribution
                        .likeliest()
                        .contains(&(*token, logits[*token as usize])),
                    "{token}"
                );
            }
        }
    }
}
