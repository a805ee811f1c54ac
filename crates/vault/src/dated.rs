//! Names of folders that say when they were made, in UTC: `2026-11-27_210301_042`.

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// The name for this moment, in milliseconds since 1970 UTC. What is out of the calendar is named as 1970.
pub(crate) fn name(ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!(
        "{:04}-{:02}-{:02}_{:02}{:02}{:02}_{:03}",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

/// The moment that `name` was given for, in milliseconds since 1970 UTC, or `None` when it isn't such a name.
pub(crate) fn moment(name: &str) -> Option<i64> {
    let mut parts = name.split('_');
    let (date, time, millis) = (parts.next()?, parts.next()?, parts.next()?);
    let mut date = date.split('-');
    let (year, month, day) = (date.next()?, date.next()?, date.next()?);
    let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
    let date = Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok()?;
    let time = Time::from_hms_milli(
        time.get(0..2)?.parse().ok()?,
        time.get(2..4)?.parse().ok()?,
        time.get(4..6)?.parse().ok()?,
        millis.parse().ok()?,
    )
    .ok()?;
    let nanos = PrimitiveDateTime::new(date, time)
        .assume_utc()
        .unix_timestamp_nanos();
    let ms = i64::try_from(nanos / 1_000_000).ok()?;
    // One moment has one name.
    (self::name(ms) == name).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_one_name_and_is_read_back() {
        assert_eq!(name(0), "1970-01-01_000000_000");
        assert_eq!(name(1_764_277_381_042), "2025-11-27_210301_042");
        for ms in [0, 1, 951_782_400_000, 1_764_277_381_042, 4_102_444_799_999] {
            assert_eq!(moment(&name(ms)), Some(ms), "{ms}");
        }
    }

    #[test]
    fn other_names_are_no_moment() {
        for name in [
            "",
            "making",
            "2026-11-27",
            "2026-13-27_210301_042",
            "2026-02-30_210301_042",
            "2026-11-27_210301_42",
            "2026-11-27_210301_042_1",
            "2026-11-27_210301_042.old",
            "../2026-11-27_210301_042",
            "2026-11-27_2\u{e9}0301_042",
        ] {
            assert_eq!(moment(name), None, "{name}");
        }
    }
}
