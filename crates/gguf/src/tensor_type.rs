//! The types of a tensor's elements.

/// The type of a tensor's elements, by ggml's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TensorType(pub u32);

impl TensorType {
    /// Elements and bytes of one block; `None` for a type that this reader doesn't know, that ggml removed, or that
    /// it has for results alone (`Q8_1`, `Q8_K`). Source: ggml's `type_traits` (`ggml.c`).
    #[expect(clippy::match_same_arms, reason = "a table, by number")]
    pub fn block(self) -> Option<(u64, u64)> {
        Some(match self.0 {
            0 | 26 => (1, 4),
            1 | 25 | 30 => (1, 2),
            2 => (32, 18),
            3 => (32, 20),
            6 => (32, 22),
            7 => (32, 24),
            8 => (32, 34),
            10 => (256, 84),
            11 => (256, 110),
            12 => (256, 144),
            13 => (256, 176),
            14 => (256, 210),
            16 => (256, 66),
            17 => (256, 74),
            18 => (256, 98),
            19 => (256, 50),
            20 => (32, 18),
            21 => (256, 110),
            22 => (256, 82),
            23 => (256, 136),
            24 => (1, 1),
            27 | 28 => (1, 8),
            29 => (256, 56),
            34 => (256, 54),
            35 => (256, 66),
            39 => (32, 17),
            40 => (64, 36),
            41 => (128, 18),
            42 => (64, 18),
            _ => return None,
        })
    }

    /// Whether llama.cpp can compute with a tensor of this name and type. Where it can't it calls a function that isn't
    /// there, or aborts. Whole numbers are only for the tables that lead from tokens to experts or to another vocabulary.
    pub(crate) fn suits(self, name: &str, dimensions: u32) -> bool {
        match self.0 {
            0 | 1 | 30 => true,
            24..=28 => name.contains("tid2eid") || name == "d2t",
            _ => dimensions > 1,
        }
    }
}
