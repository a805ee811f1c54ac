//! Dates as other assistants write them.

use jiff::Timestamp;
use serde_json::Value;

/// The first millisecond that a conversation with an assistant can be from: the year 2000.
const FIRST: i64 = 946_684_800_000;
/// Milliseconds that a clock may be ahead.
const AHEAD: i64 = 2 * 24 * 3600 * 1000;

/// A date as milliseconds since 1970 UTC: ISO 8601, or a number of seconds, milliseconds, microseconds or nanoseconds.
/// What can't be, `now` considered, is none.
pub(crate) fn date(value: Option<&Value>, now_ms: i64) -> Option<i64> {
    let ms = match value? {
        Value::String(text) => written(text)?,
        Value::Number(number) => numeric(number.as_f64()?)?,
        _ => return None,
    };
    plausible(ms, now_ms)
}

/// `ms` when it is a date that can be.
pub(crate) fn plausible(ms: i64, now_ms: i64) -> Option<i64> {
    (FIRST..=now_ms.saturating_add(AHEAD))
        .contains(&ms)
        .then_some(ms)
}

/// For people and programs: `2026-03-29T07:06:35Z`.
pub(crate) fn shown(ms: i64) -> String {
    Timestamp::from_second(ms.div_euclid(1000))
        .map(|moment| moment.to_string())
        .unwrap_or_default()
}

fn written(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    // Without an offset it is taken to be UTC.
    if let Ok(moment) = format!("{text}Z").parse::<Timestamp>() {
        return Some(moment.as_millisecond());
    }
    text.parse::<f64>().ok().and_then(numeric)
}

fn numeric(number: f64) -> Option<i64> {
    if !number.is_finite() || number <= 0.0 {
        return None;
    }
    // Each unit's dates of the last and next centuries are in a range of their own.
    let ms = if number < 1e11 {
        number * 1e3
    } else if number < 1e14 {
        number
    } else if number < 1e17 {
        number / 1e3
    } else {
        number / 1e6
    };
    if ms >= 1e15 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded above")]
    Some(ms.round() as i64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    #[test]
    fn a_date_in_any_unit_is_the_same() {
        for value in [
            json!(1_700_000_000),
            json!(1_700_000_000.0),
            json!(1_700_000_000_000_i64),
            json!(1_700_000_000_000_000_i64),
            json!(1_700_000_000_000_000_000_i64),
            json!("1700000000"),
            json!("2023-11-14T22:13:20Z"),
            json!("2023-11-14T22:13:20.000000+00:00"),
            json!("2023-11-15 00:13:20+02:00"),
            json!("2023-11-14T22:13:20"),
        ] {
            assert_eq!(date(Some(&value), NOW), Some(1_700_000_000_000), "{value}");
        }
        assert_eq!(
            date(Some(&json!(1_700_000_000.5)), NOW),
            Some(1_700_000_000_500)
        );
    }

    #[test]
    fn what_can_t_be_a_date_is_none() {
        for value in [
            json!(0),
            json!(-5),
            json!(1e300),
            json!(4_000_000_000_i64),
            json!("yesterday"),
            json!(""),
            json!(null),
            json!([1]),
            json!("9999-12-31T00:00:00Z"),
            json!("1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(date(Some(&value), NOW), None, "{value}");
        }
        assert_eq!(date(None, NOW), None);
    }

    #[test]
    fn a_shown_date_reads_as_usual() {
        assert_eq!(shown(1_700_000_000_999), "2023-11-14T22:13:20Z");
    }
}
