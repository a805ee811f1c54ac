//! JSON piece by piece: a file of any size is read one conversation at a time.

use std::{
    cell::{Cell, RefCell},
    fmt,
    io::{self, BufReader, Read},
    ops::ControlFlow,
    rc::Rc,
};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::limits;

/// Lists in an object of this name are read piece by piece, too: our own form.
const LIST: &str = "conversations";

/// Why reading ended early.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The file can't be read.
    Read(io::Error),
    /// It isn't JSON from here on, or nested too deep.
    Syntax(String),
    /// A piece is larger than a conversation may be, or the whole larger than a file.
    TooLarge,
    /// The taker wants no more.
    Stopped,
}

/// Gives each piece of `from` to `take`, which may stop: the elements of an outermost list, or of the list of conversations
/// in an outermost object, or else that object. Several outermost values may follow each other.
pub(crate) fn each(
    from: impl Read,
    take: &mut dyn FnMut(Value) -> ControlFlow<()>,
) -> Result<(), Broken> {
    let budget = Rc::new(Cell::new(limits::CONVERSATION));
    let metered = Metered {
        inner: from,
        budget: budget.clone(),
        whole: limits::TEXT,
    };
    let state = State {
        take: RefCell::new(take),
        budget,
        stopped: Cell::new(false),
    };
    let mut json =
        serde_json::Deserializer::from_reader(BufReader::with_capacity(1 << 16, metered));
    loop {
        match json.end() {
            Ok(()) => return Ok(()),
            // Something follows.
            Err(error) if error.is_syntax() => {}
            Err(error) => return Err(broken(error, &state)),
        }
        state.refill();
        if let Err(error) = Outermost(&state).deserialize(&mut json) {
            return Err(broken(error, &state));
        }
    }
}

fn broken(error: serde_json::Error, state: &State<'_>) -> Broken {
    if state.stopped.get() {
        return Broken::Stopped;
    }
    if error.is_io() {
        let error = io::Error::from(error);
        // Its own kind, which no file system gives.
        return if error.kind() == io::ErrorKind::FileTooLarge {
            Broken::TooLarge
        } else {
            Broken::Read(error)
        };
    }
    // The words of the error name a place and a kind, never what stands there.
    Broken::Syntax(format!(
        "{} at line {}",
        match error.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            _ => "it isn't JSON, or is nested too deep,",
        },
        error.line()
    ))
}

struct State<'a> {
    take: RefCell<&'a mut dyn FnMut(Value) -> ControlFlow<()>>,
    budget: Rc<Cell<u64>>,
    stopped: Cell<bool>,
}

impl State<'_> {
    fn refill(&self) {
        self.budget.set(limits::CONVERSATION);
    }

    fn give<E: serde::de::Error>(&self, piece: Value) -> Result<(), E> {
        if (self.take.borrow_mut())(piece).is_break() {
            self.stopped.set(true);
            return Err(E::custom("stopped"));
        }
        self.refill();
        Ok(())
    }
}

/// Counts what is read, so that no piece and no file takes more than it may.
struct Metered<R> {
    inner: R,
    budget: Rc<Cell<u64>>,
    whole: u64,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        let left = |from: u64| from.checked_sub(read as u64);
        match (left(self.budget.get()), left(self.whole)) {
            (Some(budget), Some(whole)) => {
                self.budget.set(budget);
                self.whole = whole;
                Ok(read)
            }
            _ => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

/// An outermost value.
struct Outermost<'s, 'a>(&'s State<'a>);

impl<'de> DeserializeSeed<'de> for Outermost<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Outermost<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element::<Value>()? {
            self.0.give(value)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut rest = Map::new();
        let mut framed = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == LIST {
                framed = true;
                map.next_value_seed(Listed(self.0))?;
            } else {
                rest.insert(key, map.next_value()?);
            }
        }
        if framed {
            return Ok(());
        }
        self.0.give(Value::Object(rest))
    }

    // What else JSON may begin with holds no conversation.
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The list in an outermost object; anything else there is passed over.
struct Listed<'s, 'a>(&'s State<'a>);

impl<'de> DeserializeSeed<'de> for Listed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(ListedVisitor(self.0))
    }
}

struct ListedVisitor<'s, 'a>(&'s State<'a>);

impl<'de> Visitor<'de> for ListedVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        Outermost(self.0).visit_seq(list)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::json;

    use super::*;

    fn pieces(text: &str) -> (Vec<Value>, Result<(), Broken>) {
        let mut found = Vec::new();
        let read = each(text.as_bytes(), &mut |piece| {
            found.push(piece);
            ControlFlow::Continue(())
        });
        (found, read)
    }

    #[test]
    fn lists_objects_frames_and_lines_come_in_pieces() {
        assert_eq!(pieces("[1, {\"a\": 2}]").0, [json!(1), json!({"a": 2})]);
        assert_eq!(pieces("{\"a\": [1]}").0, [json!({"a": [1]})]);
        assert_eq!(
            pieces("{\"a\":1}\n{\"a\":2}\n").0,
            [json!({"a": 1}), json!({"a": 2})]
        );
        assert_eq!(
            pieces("{\"v\": 1, \"conversations\": [3, 4], \"w\": 2}").0,
            [json!(3), json!(4)]
        );
        assert!(pieces("").1.is_ok());
        assert!(pieces("3 true null").1.is_ok());
    }

    #[test]
    fn what_stands_before_the_damage_is_given() {
        let (found, read) = pieces("[1, 2, {\"a\": ");
        assert_eq!(found, [json!(1), json!(2)]);
        assert!(matches!(read, Err(Broken::Syntax(_))));
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = "[".repeat(100_000);
        assert!(matches!(pieces(&deep).1, Err(Broken::Syntax(_))));
        let deep = format!("[{}1{}]", "{\"a\":".repeat(5000), "}".repeat(5000));
        assert!(matches!(pieces(&deep).1, Err(Broken::Syntax(_))));
    }

    #[test]
    fn a_piece_without_an_end_is_too_large() {
        let endless = b"[\"".chain(io::repeat(b'a'));
        let read = each(endless, &mut |_| ControlFlow::Continue(()));
        assert!(matches!(read, Err(Broken::TooLarge)), "{read:?}");
    }

    #[test]
    fn it_stops_when_told() {
        let mut seen = 0;
        let read = each("[1, 2, 3]".as_bytes(), &mut |_| {
            seen += 1;
            ControlFlow::Break(())
        });
        assert!(matches!(read, Err(Broken::Stopped)));
        assert_eq!(seen, 1);
    }
}
