//! What the model's own distribution says about a token: routing lives on it.

/// Logits this far below the highest add less than a billionth each: they are left out of the sums.
const NEGLIGIBLE: f32 = 20.0;

/// Evidence of one token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Evidence {
    /// Natural-log probability of the token.
    pub logprob: f32,
    /// Entropy of the distribution, in nats.
    pub entropy: f32,
    /// Log-probability of the likeliest token minus that of the second.
    pub margin: f32,
}

/// Evidence of `token` under the softmax of `logits`.
pub(crate) fn of(logits: &[f32], token: usize) -> Evidence {
    let (mut first, mut second) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
    for &logit in logits {
        if logit > first {
            second = first;
            first = logit;
        } else if logit > second {
            second = logit;
        }
    }
    let (mut sum, mut weighted) = (0f64, 0f64);
    for &logit in logits {
        let below = first - logit;
        if below < NEGLIGIBLE {
            let weight = f64::from((-below).exp());
            sum += weight;
            weighted += weight * f64::from(below);
        }
    }
    let log_sum = sum.ln();
    let logit = logits.get(token).copied().unwrap_or(f32::NEG_INFINITY);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "an estimate for routing; f32 is plenty"
    )]
    Evidence {
        logprob: (f64::from(logit - first) - log_sum) as f32,
        entropy: (log_sum + weighted / sum) as f32,
        margin: first - second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f32, b: f32) -> bool {
        (a - b).abs() < 1e-5
    }

    #[test]
    fn equal_logits_are_a_uniform_distribution() {
        let evidence = of(&[3.0; 8], 5);
        assert!(near(evidence.logprob, -(8f32.ln())));
        assert!(near(evidence.entropy, 8f32.ln()));
        assert!(near(evidence.margin, 0.0));
    }

    #[test]
    fn a_sure_model_has_no_entropy() {
        let evidence = of(&[0.0, 60.0, 1.0], 1);
        assert!(near(evidence.logprob, 0.0));
        assert!(near(evidence.entropy, 0.0));
        assert!(near(evidence.margin, 59.0));
    }

    #[test]
    fn three_tokens_are_as_computed_by_hand() {
        // p = 1/2, 1/4, 1/4
        let evidence = of(&[4f32.ln(), 2f32.ln(), 2f32.ln()], 1);
        assert!(near(evidence.logprob, 0.25f32.ln()));
        assert!(near(evidence.entropy, 1.5 * 2f32.ln()));
        assert!(near(evidence.margin, 2f32.ln()));
    }
}
