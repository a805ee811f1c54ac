//! What can be said of noisy samples.

/// The middle of the samples; 0 without any.
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The lower end of the one-sided 95 % interval of the mean, by bootstrap with a fixed seed.
pub fn lower_bound(samples: &[f64]) -> f64 {
    const ROUNDS: usize = 10_000;
    if samples.is_empty() {
        return 0.0;
    }
    let mut random = fastrand::Rng::with_seed(1);
    let mut means: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let drawn: f64 = (0..samples.len())
                .map(|_| samples[random.usize(..samples.len())])
                .sum();
            #[expect(clippy::cast_precision_loss, reason = "few samples")]
            let mean = drawn / samples.len() as f64;
            mean
        })
        .collect();
    means.sort_by(f64::total_cmp);
    means[ROUNDS / 20]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-12);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-12);
    }

    #[test]
    fn the_bound_lies_below_the_mean_and_within_the_samples() {
        let samples = [0.9, 1.0, 1.1, 0.95, 1.05, 1.2, 0.8];
        let bound = lower_bound(&samples);
        assert!((0.8..1.0).contains(&bound), "{bound}");
        assert!((lower_bound(&[1.0; 5]) - 1.0).abs() < 1e-12);
    }
}
