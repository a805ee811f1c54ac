//! Taking less after a failure: fewer layers on the GPU, then none, then a smaller context.

use tandem_protocol::Offload;

use crate::GivenUp;

/// How often the GPU memory that is left to others is doubled.
const MARGINS: u32 = 3;
/// The least context worth having, in tokens.
const LEAST_CONTEXT: u32 = 1024;

/// How little is to be taken. Learned from failures, forgotten with the choice of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frugality {
    margins: u32,
    without_gpu: bool,
    halvings: u32,
    /// Illegal instructions without a whole answer between them.
    refusals: u32,
}

/// So many refusals in a row are the processor's, not an accident's.
const REFUSALS: u32 = 2;

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

    /// The processor refused an instruction. When that was no accident, plain ones alone are used. `false` when even
    /// those were refused.
    pub(crate) fn refused(&mut self) -> bool {
        let tried_plain = self.is_plain();
        self.refusals += 1;
        !tried_plain
    }

    /// A whole answer came. What runs with plain instructions stays with them.
    pub(crate) fn answered(&mut self) {
        if !self.is_plain() {
            self.refusals = 0;
        }
    }

    /// Whether plain instructions alone are to be used.
    pub(crate) fn is_plain(&self) -> bool {
        self.refusals >= REFUSALS
    }

    /// What is done without.
    pub(crate) fn given_up(&self) -> Vec<GivenUp> {
        let all = [
            (self.is_plain(), GivenUp::Instructions),
            (
                self.margins > 0 && !self.without_gpu,
                GivenUp::GraphicsMemory,
            ),
            (self.without_gpu, GivenUp::Graphics),
            (self.halvings > 0, GivenUp::Context),
        ];
        let mut all = all.to_vec();
        all.retain(|(given_up, _)| *given_up);
        all.into_iter().map(|(_, what)| what).collect()
    }

    pub(crate) fn offload(&self, wanted: Offload) -> Offload {
        match wanted {
            _ if self.without_gpu => Offload::None,
            // All of it was too much: now as much as fits.
            Offload::All if self.margins > 0 => Offload::Auto,
            wanted => wanted,
        }
    }

    pub(crate) fn margin(&self, wanted: u64) -> u64 {
        wanted << self.margins
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
                frugality.margin(512),
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
    fn one_refusal_is_an_accident_two_are_the_processors() {
        let mut frugality = Frugality::default();
        assert!(frugality.refused() && !frugality.is_plain());
        frugality.answered();
        assert!(frugality.refused() && !frugality.is_plain());
        assert!(frugality.refused() && frugality.is_plain());
        frugality.answered();
        assert!(frugality.is_plain());
        assert!(!frugality.refused());
    }

    #[test]
    fn without_a_gpu_the_context_shrinks_at_once() {
        let mut frugality = Frugality::default();
        assert_eq!(frugality.given_up(), []);
        assert!(frugality.take_less(false, 4096));
        assert_eq!(frugality.given_up(), [GivenUp::Context]);
        assert_eq!(frugality.context(4096), 2048);
        assert_eq!(frugality.offload(Offload::Auto), Offload::Auto);
    }
}
