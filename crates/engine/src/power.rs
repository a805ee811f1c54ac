//! Whether the machine lives on its battery.

use std::time::{Duration, Instant};

use starship_battery::{Manager, State};

/// Time for which what was read counts: reading it asks the firmware.
const FRESH: Duration = Duration::from_secs(10);

/// The last that was read, and whether the person wants a battery spared.
#[derive(Default)]
pub(crate) struct Power {
    pub(crate) spare: bool,
    read: Option<(Instant, bool)>,
}

impl Power {
    /// Whether to go easy on a battery now.
    pub(crate) fn is_spared(&mut self) -> bool {
        self.spare && self.on_battery()
    }

    /// Whether a battery is being drained. A machine that tells nothing has a plug.
    fn on_battery(&mut self) -> bool {
        if let Some((when, drained)) = self.read
            && when.elapsed() < FRESH
        {
            return drained;
        }
        let drained = is_drained();
        self.read = Some((Instant::now(), drained));
        drained
    }
}

fn is_drained() -> bool {
    let states = Manager::new().and_then(|manager| manager.batteries());
    states.is_ok_and(|batteries| {
        batteries
            .flatten()
            .any(|battery| battery.state() == State::Discharging)
    })
}
