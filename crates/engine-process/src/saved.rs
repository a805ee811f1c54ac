//! A conversation's state as bytes: on the way to the host, which seals them, and back.

use serde::{Deserialize, Serialize};
use tandem_protocol::{STATE_PART, StatePart};

/// Bytes that a state may have.
const MOST: usize = 4 << 30;
/// Changed with every change of the form.
const FORM: u32 = 1;

/// What a context computed of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Saved {
    /// The adapter that computed it, and its strength.
    pub adapter: Option<(u32, f32)>,
    /// The tokens, in order.
    pub tokens: Vec<i32>,
    /// The tokens of answers that the model gave, by their texts.
    pub answers: Vec<(u64, Vec<i32>)>,
    /// What was computed, as llama.cpp has it.
    pub state: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    form: u32,
    adapter: Option<(u32, f32)>,
    tokens: Vec<i32>,
    answers: Vec<(u64, Vec<i32>)>,
}

impl Saved {
    /// The bytes, in parts.
    pub(crate) fn into_parts(self, conversation: u128) -> impl Iterator<Item = StatePart> {
        let head = Head {
            form: FORM,
            adapter: self.adapter,
            tokens: self.tokens,
            answers: self.answers,
        };
        let head = postcard::to_stdvec(&head).unwrap_or_default();
        let mut bytes = u32::try_from(head.len())
            .unwrap_or(0)
            .to_le_bytes()
            .to_vec();
        bytes.extend(head);
        let parts = 1 + self.state.len().div_ceil(STATE_PART);
        (0..parts).map(move |part| StatePart {
            conversation,
            bytes: match part.checked_sub(1) {
                None => std::mem::take(&mut bytes),
                Some(part) => {
                    let from = part * STATE_PART;
                    self.state[from..self.state.len().min(from + STATE_PART)].to_vec()
                }
            },
            last: part + 1 == parts,
        })
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (head, state) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        let head: Head = postcard::from_bytes(head).ok()?;
        (head.form == FORM).then(|| Self {
            adapter: head.adapter,
            tokens: head.tokens,
            answers: head.answers,
            state: state.to_vec(),
        })
    }
}

/// Parts that arrive.
#[derive(Default)]
pub(crate) struct Arriving {
    conversation: u128,
    bytes: Vec<u8>,
}

impl Arriving {
    /// Takes a part; with the last one, gives the whole if it is one.
    pub(crate) fn take(&mut self, part: &StatePart) -> Option<(u128, Saved)> {
        if part.conversation != self.conversation {
            self.conversation = part.conversation;
            self.bytes = vec![];
        }
        if self.bytes.len() + part.bytes.len() <= MOST {
            self.bytes.extend_from_slice(&part.bytes);
        }
        if !part.last {
            return None;
        }
        let bytes = std::mem::take(&mut self.bytes);
        Some((part.conversation, Saved::from_bytes(&bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(bytes: usize) -> Saved {
        Saved {
            adapter: Some((1, 0.5)),
            tokens: vec![1, 2, 3],
            answers: vec![(7, vec![2, 3])],
            state: (0..bytes)
                .map(|n| u8::try_from(n % 251).unwrap_or(0))
                .collect(),
        }
    }

    #[test]
    fn a_state_arrives_as_it_was_sent() {
        for bytes in [0, 1, STATE_PART, STATE_PART + 1] {
            let mut arriving = Arriving::default();
            let parts: Vec<_> = saved(bytes).into_parts(9).collect();
            assert!(parts.iter().all(|part| part.bytes.len() <= STATE_PART));
            let whole: Vec<_> = parts
                .iter()
                .filter_map(|part| arriving.take(part))
                .collect();
            assert_eq!(whole, [(9, saved(bytes))]);
        }
    }

    #[test]
    fn parts_of_another_conversation_are_no_part_of_it() {
        let mut arriving = Arriving::default();
        let parts: Vec<_> = saved(STATE_PART).into_parts(9).collect();
        assert!(arriving.take(&parts[0]).is_none());
        let other: Vec<_> = saved(1)
            .into_parts(10)
            .filter_map(|part| arriving.take(&part))
            .collect();
        assert_eq!(other, [(10, saved(1))]);
        assert!(arriving.take(&parts[1]).is_none());
    }

    #[test]
    fn nothing_and_nonsense_are_no_state() {
        for bytes in [vec![], vec![1], vec![255, 255, 255, 255, 0]] {
            let part = StatePart {
                conversation: 1,
                bytes,
                last: true,
            };
            assert!(Arriving::default().take(&part).is_none());
        }
    }
}
