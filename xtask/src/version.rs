//! Versions of other programs.

/// Numbers parted by dots; compared number by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32, pub(crate) u32);

impl Version {
    /// Reads the first version in a text: `v20.19.2`, `cmake version 3.25.1`, `1.4.309.0-1`.
    /// Missing numbers count as zero.
    pub(crate) fn first_in(text: &str) -> Option<Self> {
        let start = text.find(|letter: char| letter.is_ascii_digit())?;
        let mut numbers = text[start..]
            .split(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .next()?
            .split('.')
            .map(str::parse::<u32>);
        let first = numbers.next()?.ok()?;
        let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
        Some(Self(first, next(), next()))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        assert_eq!(Version::first_in("v20.19.2\n"), Some(Version(20, 19, 2)));
        assert_eq!(
            Version::first_in("cmake version 3.25"),
            Some(Version(3, 25, 0))
        );
        assert_eq!(Version::first_in("1.4.309.0-1"), Some(Version(1, 4, 309)));
        assert_eq!(Version::first_in("none"), None);
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(Version(20, 9, 0) < Version(20, 19, 0));
        assert!(Version(1, 3, 999) < Version(1, 4, 0));
    }
}
