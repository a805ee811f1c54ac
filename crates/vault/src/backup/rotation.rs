//! Which backups are kept when a new one is there.

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Days and weeks of which one backup each is kept, its newest.
const DAYS: usize = 7;
const WEEKS: usize = 4;

/// Of backups made at these moments, in milliseconds since 1970 UTC, those that may go. Days and weeks are counted among
/// those that have a backup, not back from today: who was away for months loses none.
pub(super) fn superfluous(mut made: Vec<i64>) -> Vec<i64> {
    made.sort_unstable();
    made.dedup();
    let mut kept = Vec::new();
    // The first day of 1970 was a Thursday; weeks begin on Monday.
    for (length, shift, most) in [(DAY, 0, DAYS), (7 * DAY, 3 * DAY, WEEKS)] {
        let mut spans = Vec::new();
        for &at in made.iter().rev() {
            let span = (at + shift).div_euclid(length);
            if spans.last() != Some(&span) && spans.len() < most {
                spans.push(span);
                kept.push(at);
            }
        }
    }
    made.retain(|at| !kept.contains(at));
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_of_days_leaves_seven_days_and_four_weeks() {
        let mut there: Vec<i64> = Vec::new();
        for day in 0..365 {
            there.push(day * DAY + 5);
            let gone = superfluous(there.clone());
            there.retain(|at| !gone.contains(at));
            assert!(there.len() <= DAYS + WEEKS, "{}", there.len());
            assert!(there.contains(&(day * DAY + 5)), "the newest went");
        }
        let days: Vec<i64> = there.iter().map(|at| at / DAY).collect();
        assert!(
            days.ends_with(&[358, 359, 360, 361, 362, 363, 364]),
            "{days:?}"
        );
        // The last days of weeks, four of them counting the one that runs.
        assert!(days[0] >= 364 - 28 && days[0] < 364 - 14, "{days:?}");
    }

    #[test]
    fn of_one_day_the_newest_stays() {
        assert_eq!(superfluous(vec![3, 1, 2]), [1, 2]);
    }

    #[test]
    fn a_long_pause_takes_nothing() {
        let old = vec![0, DAY, 2 * DAY];
        let mut with_new = old.clone();
        with_new.push(400 * DAY);
        assert!(superfluous(with_new).is_empty());
    }

    #[test]
    fn a_clock_that_went_back_takes_no_more_than_the_rule() {
        let far = vec![10_000 * DAY, 10_001 * DAY];
        let mut with_new = far.clone();
        with_new.push(5);
        assert!(superfluous(with_new).is_empty());
    }
}
