//! Targets such as `<= 45 min`, and whether a value meets one.

use anyhow::{Context, Result, bail};

/// What a figure should be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    relation: Relation,
    value: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    AtMost,
    AtLeast,
    Exactly,
}

impl Target {
    /// An operator, a number and perhaps a unit.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let mut words = text.split_whitespace();
        let relation = match words.next() {
            Some("<=") => Relation::AtMost,
            Some(">=") => Relation::AtLeast,
            Some("==") => Relation::Exactly,
            _ => bail!("the target '{text}' begins with none of <=, >= and =="),
        };
        let value = words
            .next()
            .and_then(|word| word.parse().ok())
            .with_context(|| format!("the target '{text}' has no number"))?;
        Ok(Self { relation, value })
    }

    /// Whether the value is as it should be.
    pub(crate) fn is_met(&self, value: f64) -> bool {
        match self.relation {
            Relation::AtMost => value <= self.value,
            Relation::AtLeast => value >= self.value,
            Relation::Exactly => (value - self.value).abs() < f64::EPSILON,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(target: &str, value: f64) -> bool {
        Target::parse(target).is_ok_and(|target| target.is_met(value))
    }

    #[test]
    fn targets_are_met_up_to_and_with_their_number() {
        assert!(met("<= 45 min", 45.0) && !met("<= 45 min", 45.1));
        assert!(met(">= 1.00", 1.0) && !met(">= 1.00", 0.99));
        assert!(met("== 0", 0.0) && !met("== 1000", 999.0));
    }

    #[test]
    fn other_operators_are_refused() {
        assert!(Target::parse("< 3").is_err() && Target::parse("<= soon").is_err());
    }
}
