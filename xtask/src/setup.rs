//! Everything a bare system needs before the first build, in order.

use anyhow::Result;

use crate::place::Place;
use crate::report::Report;
use crate::{install, links, node, ui, vulkan, weights};

/// The title of the step that installs system packages.
pub(crate) const PACKAGES: &str = "system packages";

/// Does what is missing and nothing else: a second run only probes.
pub(crate) fn everything(place: &Place, report: &mut Report) -> Result<()> {
    report.step(PACKAGES, || {
        // Linux gets Node and the model as wheels where nothing better is at hand.
        let node = cfg!(target_os = "linux") && node::system().is_none();
        install::system_packages(node || weights::embedded_is_missing(place)?)
    })?;
    report.step("Vulkan headers", || vulkan::headers(place))?;
    report.step("Node", || node::ensure(place))?;
    report.step("the page's packages", || ui::packages(place))?;
    report.step("the page", || ui::build(place))?;
    report.step("the embedded model", || weights::embedded(place))?;
    links::remove_dangling(place)
}
