//! Tokens end anywhere within a character; people read whole ones. What an answer leaves unfinished is dropped.

/// Bytes of a character that isn't whole yet.
#[derive(Default)]
pub(crate) struct Decoder {
    pending: Vec<u8>,
}

impl Decoder {
    /// The whole characters that `bytes` completes. Bytes that can't be UTF-8 become U+FFFD.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(whole) => {
                    text.push_str(whole);
                    self.pending.clear();
                    return text;
                }
                Err(error) => {
                    let (valid, rest) = self.pending.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    let Some(bad) = error.error_len() else {
                        self.pending = rest.to_vec();
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.pending = rest[bad..].to_vec();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_held_until_it_is_whole() {
        let mut decoder = Decoder::default();
        let pieces: Vec<String> = "a😀é".bytes().map(|byte| decoder.push(&[byte])).collect();
        assert_eq!(pieces, ["a", "", "", "", "😀", "", "é"]);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.push(b"a\xffb"), "a\u{fffd}b");
    }
}
