//! The values under an architecture's own keys, such as `llama.block_count`.

use std::ops::RangeInclusive;

use crate::{GgufError, Header, Value};

/// A header's own keys, by the part of their name behind the architecture's.
#[derive(Clone, Copy)]
pub(crate) struct Own<'a>(pub(crate) &'a Header);

impl<'a> Own<'a> {
    /// The whole key.
    pub(crate) fn key(self, name: &str) -> String {
        format!("{}.{name}", self.0.architecture())
    }

    /// A refusal that names the key.
    pub(crate) fn unsound(self, name: &str, why: &str) -> GgufError {
        GgufError::Unsound(format!("{} {why}", self.key(name)))
    }

    fn value(self, name: &str) -> Option<&'a Value> {
        self.0.values.get(&self.key(name))
    }

    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        self.0.text(&self.key(name))
    }

    /// The number under `name`, whatever else could be there.
    pub(crate) fn number_alone(self, name: &str) -> Option<u64> {
        self.0.number(&self.key(name))
    }

    /// The number under `name`, which must be within `range`.
    pub(crate) fn number(
        self,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, GgufError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Unsigned(number)) => in_range(&self.key(name), *number, range).map(Some),
            Some(_) => Err(self.unsound(name, "is no whole number")),
        }
    }

    /// The number under `name`, or its numbers for each layer; none when it isn't there.
    pub(crate) fn numbers(self, name: &str, layers: Option<u64>) -> Result<Vec<u64>, GgufError> {
        match self.value(name) {
            None => Ok(Vec::new()),
            Some(Value::Unsigned(number)) => Ok(vec![*number]),
            Some(Value::Array(array)) if !array.kind.is_whole() => {
                Err(self.unsound(name, "holds no whole numbers"))
            }
            Some(Value::Array(array)) if layers.is_none_or(|n| n == array.count) => {
                Ok(array.numbers.clone())
            }
            Some(Value::Array(_)) => Err(self.unsound(name, "isn't one for each layer")),
            Some(_) => Err(self.unsound(name, "is no whole number")),
        }
    }

    /// Checks that there is a number with a fraction under `name`, not below zero, or nothing.
    pub(crate) fn real(self, name: &str) -> Result<(), GgufError> {
        match self.value(name) {
            None => Ok(()),
            Some(Value::Float(number)) if number.is_finite() && *number >= 0.0 => Ok(()),
            Some(_) => Err(self.unsound(name, "is no number of zero or more")),
        }
    }
}

/// `number`, the value of `key`, which must be within `range`.
pub(crate) fn in_range(
    key: &str,
    number: u64,
    range: RangeInclusive<u64>,
) -> Result<u64, GgufError> {
    if range.contains(&number) {
        Ok(number)
    } else {
        Err(GgufError::Unsound(format!(
            "{key} is {number}, which can't be"
        )))
    }
}
