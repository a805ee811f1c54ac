//! Taking less after a failure: fewer layers on the GPU, then none, then a smaller context.

use tandem_protocol::Offload;

/// GPU memory that is left to others, in bytes, and how often it is doubled.
const MARGIN: u64 = 512 << 20;
const MARGINS: u32 = 3;
/// The least context worth having, in tokens.
const LEAST_CONTEXT: u32 = 1024;

/// How little is to be taken. Learned from failures, forgotten with the choice of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frugality {
    margins: u32,
    without_gpu: bool,
    halvings: u32,
    plain: bool,
}

impl Frugality {
    /// Takes less than before. `gpu`: whether anything lay on one. `false` when there is nothing left to give up, for a
    /// context of `context` tokens.
    pub(crate) fn take_less(&mut self, gpu: bool, context: u32) -> bool {
        if gpu && self.margins < MARGINS {
            self.margins += 1;
        } else if gpu && !self.without_gpu {
            self.without_gpu = true;
        } else if self.context(context) / 2 >= LEAST_CONTEXT {
            self.halvings += 1;
        } else {
            return false;
        }
        true
    }

    /// Uses plain instructions alone: the processor refused others. `false` when it refused even those.
    pub(crate) fn be_plain(&mut self) -> bool {
        !std::mem::replace(&mut self.plain, true)
    }

    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    pub(crate) fn offload(&self, wanted: Offload) -> Offload {
        match wanted {
            _ if self.without_gpu => Offload::None,
            // All of it was too much: now as much as fits.
            Offload::All if self.margins > 0 => Offload::Auto,
            wanted => wanted,
        }
    }

    pub(crate) fn margin(&self) -> u64 {
        MARGIN << self.margins
    }

    pub(crate) fn context(&self, wanted: u32) -> u32 {
        wanted >> self.halvings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_given_up_before_the_gpu_and_the_gpu_before_the_context() {
        let mut frugality = Frugality::default();
        let mut steps = vec![];
        while frugality.take_less(frugality.offload(Offload::Auto) != Offload::None, 4096) {
            steps.push((
                frugality.margin() >> 20,
                frugality.offload(Offload::Auto),
                frugality.context(4096),
            ));
        }
        assert_eq!(
            steps,
            [
                (1024, Offload::Auto, 4096),
                (2048, Offload::Auto, 4096),
                (4096, Offload::Auto, 4096),
                (4096, Offload::None, 4096),
                (4096, Offload::None, 2048),
                (4096, Offload::None, 1024),
            ]
        );
    }

    #[test]
    fn without_a_gpu_the_context_shrinks_at_once() {
        let mut frugality = Frugality::default();
        assert!(frugality.take_less(false, 4096));
        assert_eq!(frugality.context(4096), 2048);
        assert_eq!(frugality.offload(Offload::Auto), Offload::Auto);
    }
}
