//! What a file may ask for. Generous for what people have, and bounded for what an attacker sends.

/// Bytes of one file of text, expanded.
pub(crate) const TEXT: u64 = 8 << 30;
/// Bytes of one conversation as JSON. In memory it may take some ten times that.
pub(crate) const CONVERSATION: u64 = 128 << 20;
/// Bytes of one attachment.
pub(crate) const ATTACHMENT: u64 = 128 << 20;
/// How many times larger than packed everything in a packed file may be, once it is larger than [`FREE`].
pub(crate) const EXPANSION: u64 = 200;
/// Bytes that a packed file may always expand to.
pub(crate) const FREE: u64 = 4 << 30;
/// Files in a folder or a packed file.
pub(crate) const ENTRIES: usize = 500_000;
/// Folders in folders.
pub(crate) const FOLDERS: usize = 6;
/// Messages of one conversation.
pub(crate) const MESSAGES: usize = 200_000;
/// Bytes of one message's text.
pub(crate) const MESSAGE: usize = 16 << 20;
/// Attachments of one message.
pub(crate) const ATTACHMENTS: usize = 256;
/// Characters of a title, of a folder's or a tag's name, and of a model's.
pub(crate) const NAME: usize = 200;
/// Bytes of an attachment's name.
pub(crate) const FILE_NAME: usize = 160;
/// Bytes of an id that another assistant gave.
pub(crate) const ID: usize = 128;
/// Tags of one conversation.
pub(crate) const TAGS: usize = 64;
