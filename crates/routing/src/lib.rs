//! Where a turn runs, and why. Pure: what is known comes in, a decision with its reason goes out.

use tandem_conversation::Route;

/// Why a turn runs where it runs. Kept on its receipt as [`Reason::word`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Nothing but the device is set up.
    OnlyDevice,
}

impl Reason {
    /// The stable word of a receipt.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OnlyDevice => "only-device",
        }
    }
}

/// A decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Where.
    pub route: Route,
    /// Why.
    pub reason: Reason,
}

/// Decides where a turn runs. No other place than the device exists yet, so there is nothing to know before.
pub const fn decide() -> Decision {
    Decision {
        route: Route::Device,
        reason: Reason::OnlyDevice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_runs_on_the_device() {
        assert_eq!(
            decide(),
            Decision {
                route: Route::Device,
                reason: Reason::OnlyDevice
            }
        );
        assert_eq!(decide().reason.word(), "only-device");
    }
}
