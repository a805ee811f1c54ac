//! Where in a sound file's header its parts lie.

use std::ops::Range;

use anyhow::{Context, Result, bail};

/// A field of the file.
pub(crate) type Field = Range<usize>;

/// A key with a value of one number.
pub(crate) struct Scalar {
    pub(crate) key: String,
    pub(crate) value: Field,
}

/// A tensor's entry.
pub(crate) struct Entry {
    pub(crate) name: Field,
    pub(crate) dimensions: Vec<Field>,
    pub(crate) kind: Field,
    pub(crate) offset: Field,
}

/// The parts.
#[derive(Default)]
pub(crate) struct Anatomy {
    /// Counts and lengths, of 8 bytes.
    pub(crate) counts: Vec<Field>,
    /// Kinds of values, of 4 bytes.
    pub(crate) kinds: Vec<Field>,
    /// Names of keys.
    pub(crate) names: Vec<Field>,
    pub(crate) scalars: Vec<Scalar>,
    /// Texts that are the value of a key.
    pub(crate) texts: Vec<Field>,
    /// The elements of arrays.
    pub(crate) lists: Vec<Field>,
    pub(crate) entries: Vec<Entry>,
    /// Where the tensors' data begins.
    pub(crate) data: usize,
}

impl Anatomy {
    /// Takes a sound file apart, as far as `head` holds it.
    pub(crate) fn of(head: &[u8]) -> Result<Self> {
        let mut walk = Walk { head, at: 8 };
        let mut anatomy = Self {
            counts: vec![8..16, 16..24],
            ..Self::default()
        };
        let tensors = walk.number(8)?;
        let keys = walk.number(8)?;
        for _ in 0..keys {
            anatomy.key(&mut walk)?;
        }
        for _ in 0..tensors {
            anatomy.counts.push(walk.at..walk.at + 8);
            let name = walk.text()?;
            let count = walk.number(4)?;
            let dimensions = (0..count).map(|_| walk.field(8)).collect::<Result<_>>()?;
            anatomy.entries.push(Entry {
                name,
                dimensions,
                kind: walk.field(4)?,
                offset: walk.field(8)?,
            });
        }
        anatomy.data = walk.at.next_multiple_of(32);
        Ok(anatomy)
    }

    fn key(&mut self, walk: &mut Walk) -> Result<()> {
        self.counts.push(walk.at..walk.at + 8);
        let name = walk.text()?;
        let key = String::from_utf8_lossy(&walk.head[name.clone()]).into_owned();
        self.names.push(name);
        self.kinds.push(walk.at..walk.at + 4);
        match walk.number(4)? {
            8 => {
                self.counts.push(walk.at..walk.at + 8);
                self.texts.push(walk.text()?);
            }
            9 => {
                self.kinds.push(walk.at..walk.at + 4);
                let kind = walk.number(4)?;
                self.counts.push(walk.at..walk.at + 8);
                let count = walk.number(8)?;
                let begin = walk.at;
                for _ in 0..count {
                    if kind == 8 {
                        walk.text()?;
                    } else {
                        walk.field(size(kind)?)?;
                    }
                }
                self.lists.push(begin..walk.at);
            }
            kind => {
                let value = walk.field(size(kind)?)?;
                self.scalars.push(Scalar { key, value });
            }
        }
        Ok(())
    }
}

fn size(kind: u64) -> Result<usize> {
    Ok(match kind {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        4..=6 => 4,
        10..=12 => 8,
        other => bail!("{other} is no kind of number"),
    })
}

struct Walk<'a> {
    head: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    fn field(&mut self, length: usize) -> Result<Field> {
        let field = self.at..self.at.checked_add(length).context("no length")?;
        self.head.get(field.clone()).context("the head is short")?;
        self.at = field.end;
        Ok(field)
    }

    fn number(&mut self, length: usize) -> Result<u64> {
        let field = self.field(length)?;
        let mut bytes = [0; 8];
        bytes[..length].copy_from_slice(&self.head[field]);
        Ok(u64::from_le_bytes(bytes))
    }

    fn text(&mut self) -> Result<Field> {
        let length = self.number(8)?;
        self.field(usize::try_from(length)?)
    }
}
