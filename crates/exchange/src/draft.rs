//! From the loose messages of an export to a tree without rings, orphans and doubles.

use std::collections::HashMap;

use tandem_conversation::{MessageState, Overflow, Receipt, Role};

use crate::{
    Attachment, Conversation, LeftOut, Message, Reason, limits,
    text::{self, Speaker},
};

/// A conversation as a reader found it.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) created_ms: Option<i64>,
    pub(crate) folder: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) pinned: bool,
    pub(crate) archived: bool,
    pub(crate) overflow: Overflow,
    /// The id of the message that the shown path ends with, where the export says it.
    pub(crate) leaf: Option<String>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) left_out: LeftOut,
}

/// One place in a tree.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub(crate) id: String,
    /// The id of the place before it; `None` for a first one.
    pub(crate) parent: Option<String>,
    /// Its place among the versions, where the export says it.
    pub(crate) rank: usize,
    /// What was said there. Without it, what follows joins what comes before.
    pub(crate) said: Option<Said>,
}

/// What was said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) role: Role,
    pub(crate) text: String,
    pub(crate) created_ms: Option<i64>,
    pub(crate) model: Option<String>,
    pub(crate) state: MessageState,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) attachments: Vec<Attachment>,
}

impl Said {
    /// A whole message of `role`.
    pub(crate) fn new(role: Role, text: String) -> Self {
        Self {
            role,
            text,
            created_ms: None,
            model: None,
            state: MessageState::Complete,
            receipt: None,
            attachments: Vec::new(),
        }
    }
}

/// The role that a message of `speaker` has; what nobody said to anybody is counted instead.
pub(crate) fn role(speaker: Speaker, left_out: &mut LeftOut) -> Option<Role> {
    let reason = match speaker {
        Speaker::Person => return Some(Role::User),
        Speaker::Model => return Some(Role::Assistant),
        Speaker::Instructions => Reason::Instructions,
        Speaker::Tool => Reason::Tools,
        Speaker::Unknown => Reason::Unknown,
    };
    left_out.add(reason);
    None
}

impl Draft {
    /// The conversation, or nothing where nobody said anything. Where it has no date, it is from `now_ms`.
    pub(crate) fn build(mut self, now_ms: i64) -> Result<Conversation, LeftOut> {
        self.bound();
        let links = self.links();
        let order = order(&self.nodes, &links);
        let begun = self
            .created_ms
            .or_else(|| dates(&self.nodes).min())
            .unwrap_or(now_ms);
        let leaf = self
            .leaf
            .as_deref()
            .and_then(|leaf| self.nodes.iter().position(|node| node.id == leaf));
        let mut messages: Vec<Message> = Vec::with_capacity(self.nodes.len());
        // For each node: the message there, or the one before it.
        let mut standing: Vec<Option<usize>> = vec![None; self.nodes.len()];
        let mut undated = 0;
        for at in order {
            let parent = links[at].and_then(|parent| standing[parent]);
            standing[at] = parent;
            let node = &mut self.nodes[at];
            let Some(said) = node.said.take() else {
                continue;
            };
            undated += u64::from(said.created_ms.is_none());
            let before = parent.map_or(begun, |parent| messages[parent].created_ms);
            standing[at] = Some(messages.len());
            messages.push(Message {
                id: std::mem::take(&mut node.id),
                parent,
                role: said.role,
                text: said.text,
                created_ms: said.created_ms.unwrap_or(before),
                model: said.model,
                state: said.state,
                receipt: said.receipt,
                attachments: said.attachments,
            });
        }
        self.left_out.add_many(Reason::Undated, undated);
        if messages.is_empty() {
            self.left_out.add(Reason::EmptyConversations);
            return Err(self.left_out);
        }
        let leaf = leaf
            .and_then(|at| standing[at])
            .unwrap_or_else(|| newest_leaf(&messages));
        let updated_ms = messages
            .iter()
            .map(|message| message.created_ms)
            .max()
            .unwrap_or(begun);
        Ok(Conversation {
            id: text::id(&self.id).to_owned(),
            title: text::line(&self.title),
            created_ms: begun,
            updated_ms,
            folder: self.folder.as_deref().and_then(text::name),
            tags: self.tags,
            pinned: self.pinned,
            archived: self.archived,
            overflow: self.overflow,
            leaf: Some(leaf),
            messages,
            left_out: self.left_out,
        })
    }

    /// Holds everything to its bounds.
    fn bound(&mut self) {
        if self.nodes.len() > limits::MESSAGES {
            let over = self.nodes.len() - limits::MESSAGES;
            self.left_out.add_many(Reason::TooMany, over as u64);
            self.nodes.truncate(limits::MESSAGES);
        }
        self.tags = self
            .tags
            .iter()
            .filter_map(|tag| text::name(tag))
            .take(limits::TAGS)
            .collect();
        for (at, node) in self.nodes.iter_mut().enumerate() {
            if node.id.is_empty() {
                node.id = format!("#{at}");
            } else if node.id.len() > limits::ID {
                node.id = text::id(&node.id).to_owned();
            }
            if let Some(parent) = &mut node.parent
                && parent.len() > limits::ID
            {
                *parent = text::id(parent).to_owned();
            }
            let Some(said) = &mut node.said else { continue };
            let (kept, cut) = text::body(&said.text);
            said.text = kept;
            said.model = said.model.as_deref().and_then(text::name);
            if cut {
                self.left_out.add(Reason::Cut);
            }
            if said.attachments.len() > limits::ATTACHMENTS {
                let over = said.attachments.len() - limits::ATTACHMENTS;
                self.left_out.add_many(Reason::Large, over as u64);
                said.attachments.truncate(limits::ATTACHMENTS);
            }
            if said.text.trim().is_empty() && said.attachments.is_empty() {
                self.left_out.add(Reason::Empty);
                node.said = None;
            }
        }
    }

    /// For each node the place of the one before it: doubles taken out, orphans at the beginning, rings cut open.
    fn links(&mut self) -> Vec<Option<usize>> {
        let mut places: HashMap<&str, usize> = HashMap::with_capacity(self.nodes.len());
        let mut doubles = Vec::new();
        for (at, node) in self.nodes.iter().enumerate() {
            if places.contains_key(node.id.as_str()) {
                doubles.push(at);
            } else {
                places.insert(&node.id, at);
            }
        }
        let mut orphans = 0;
        let mut links: Vec<Option<usize>> = self
            .nodes
            .iter()
            .map(|node| {
                let parent = node.parent.as_deref().filter(|parent| !parent.is_empty())?;
                let place = places.get(parent).copied();
                orphans += u64::from(place.is_none());
                place
            })
            .collect();
        for &at in &doubles {
            links[at] = None;
            self.nodes[at].said = None;
        }
        self.left_out
            .add_many(Reason::Doubles, doubles.len() as u64);
        self.left_out.add_many(Reason::Orphans, orphans);
        let rings = cut_rings(&mut links);
        self.left_out.add_many(Reason::Rings, rings);
        links
    }
}

fn dates(nodes: &[Node]) -> impl Iterator<Item = i64> {
    nodes
        .iter()
        .filter_map(|node| node.said.as_ref().and_then(|said| said.created_ms))
}

/// Cuts each ring at one place and counts them.
fn cut_rings(links: &mut [Option<usize>]) -> u64 {
    // The walk on which a node was seen first; walks that meet an earlier one end there.
    let mut seen = vec![0_usize; links.len()];
    let mut rings = 0;
    for start in 0..links.len() {
        let walk = start + 1;
        let mut at = start;
        while seen[at] == 0 {
            seen[at] = walk;
            let Some(parent) = links[at] else { break };
            if seen[parent] == walk {
                links[at] = None;
                rings += 1;
                break;
            }
            at = parent;
        }
    }
    rings
}

/// All nodes, each after the one before it, versions by their dates, then as the export has them.
fn order(nodes: &[Node], links: &[Option<usize>]) -> Vec<usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut firsts = Vec::new();
    for (at, link) in links.iter().enumerate() {
        match link {
            Some(parent) => children[*parent].push(at),
            None => firsts.push(at),
        }
    }
    let by_date = |at: &usize| {
        let said = nodes[*at].said.as_ref();
        let date = said.and_then(|said| said.created_ms);
        (date.unwrap_or(i64::MAX), nodes[*at].rank, *at)
    };
    firsts.sort_by_key(by_date);
    let mut order = Vec::with_capacity(nodes.len());
    // The next to visit is last.
    let mut waiting: Vec<usize> = firsts.into_iter().rev().collect();
    while let Some(at) = waiting.pop() {
        order.push(at);
        let mut next = std::mem::take(&mut children[at]);
        next.sort_by_key(by_date);
        waiting.extend(next.into_iter().rev());
    }
    order
}

/// The end of the branch with the newest message.
fn newest_leaf(messages: &[Message]) -> usize {
    let mut has_child = vec![false; messages.len()];
    for message in messages {
        if let Some(parent) = message.parent {
            has_child[parent] = true;
        }
    }
    (0..messages.len())
        .filter(|&at| !has_child[at])
        .max_by_key(|&at| (messages[at].created_ms, at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    fn node(id: &str, parent: Option<&str>, text: Option<&str>) -> Node {
        Node {
            id: id.into(),
            parent: parent.map(Into::into),
            rank: 0,
            said: text.map(|text| Said::new(Role::User, text.into())),
        }
    }

    fn built(nodes: Vec<Node>) -> Conversation {
        let draft = Draft {
            nodes,
            ..Draft::default()
        };
        draft.build(NOW).unwrap()
    }

    fn shape(conversation: &Conversation) -> Vec<(&str, Option<&str>)> {
        let id = |at: usize| conversation.messages[at].id.as_str();
        conversation
            .messages
            .iter()
            .map(|message| (message.id.as_str(), message.parent.map(id)))
            .collect()
    }

    #[test]
    fn what_follows_something_left_out_joins_what_comes_before() {
        let built = built(vec![
            node("c", Some("b"), Some("c")),
            node("b", Some("a"), None),
            node("a", None, Some("a")),
        ]);
        assert_eq!(shape(&built), [("a", None), ("c", Some("a"))]);
    }

    #[test]
    fn an_orphan_begins_a_branch_of_its_own() {
        let built = built(vec![
            node("a", None, Some("a")),
            node("b", Some("gone"), Some("b")),
        ]);
        assert_eq!(shape(&built), [("a", None), ("b", None)]);
        assert_eq!(built.left_out.count(Reason::Orphans), 1);
    }

    #[test]
    fn a_ring_is_cut_open_and_nothing_of_it_is_lost() {
        let built = built(vec![
            node("a", Some("c"), Some("a")),
            node("b", Some("a"), Some("b")),
            node("c", Some("b"), Some("c")),
            node("d", Some("d"), Some("d")),
            node("e", Some("b"), Some("e")),
        ]);
        assert_eq!(built.messages.len(), 5);
        assert_eq!(built.left_out.count(Reason::Rings), 2);
    }

    #[test]
    fn the_first_of_two_with_one_id_stays() {
        let built = built(vec![
            node("a", None, Some("first")),
            node("a", None, Some("second")),
        ]);
        assert_eq!(built.messages[0].text, "first");
        assert_eq!(built.messages.len(), 1);
        assert_eq!(built.left_out.count(Reason::Doubles), 1);
    }

    #[test]
    fn versions_stand_by_their_dates() {
        let dated = |id: &str, date: i64| {
            let mut node = node(id, Some("a"), Some(id));
            node.said.as_mut().unwrap().created_ms = Some(date);
            node
        };
        let built = built(vec![
            node("a", None, Some("a")),
            dated("later", NOW),
            dated("earlier", NOW - 10),
        ]);
        assert_eq!(built.messages[1].id, "earlier");
        assert_eq!(built.messages[built.leaf.unwrap()].id, "later");
        assert_eq!(built.branches(), 1);
    }

    #[test]
    fn a_message_without_a_date_has_that_of_the_one_before() {
        let mut first = node("a", None, Some("a"));
        first.said.as_mut().unwrap().created_ms = Some(NOW - 5);
        let built = built(vec![first, node("b", Some("a"), Some("b"))]);
        assert_eq!(built.messages[1].created_ms, NOW - 5);
        assert_eq!(built.updated_ms, NOW - 5);
        assert_eq!(built.left_out.count(Reason::Undated), 1);
    }

    #[test]
    fn nothing_said_is_no_conversation() {
        let draft = Draft {
            nodes: vec![node("a", None, Some("  "))],
            ..Draft::default()
        };
        let left_out = draft.build(NOW).unwrap_err();
        assert_eq!(left_out.count(Reason::Empty), 1);
        assert_eq!(left_out.count(Reason::EmptyConversations), 1);
    }

    proptest! {
        #[test]
        fn any_links_make_a_tree_that_holds_every_message(
            links in prop::collection::vec((0_u8..20, prop::option::of(0_u8..22), any::<bool>()), 0..40)
        ) {
            let nodes = links
                .iter()
                .map(|(id, parent, said)| Node {
                    id: id.to_string(),
                    parent: parent.map(|parent| parent.to_string()),
                    rank: 0,
                    said: said.then(|| Said::new(Role::User, "x".into())),
                })
                .collect();
            let mut firsts = std::collections::HashSet::new();
            let kept = links.iter().filter(|(id, _, said)| firsts.insert(*id) && *said).count();
            let draft = Draft { nodes, ..Draft::default() };
            match draft.build(NOW) {
                Ok(conversation) => {
                    prop_assert_eq!(conversation.messages.len(), kept);
                    for (at, message) in conversation.messages.iter().enumerate() {
                        prop_assert!(message.parent.is_none_or(|parent| parent < at));
                    }
                    prop_assert!(conversation.leaf.unwrap() < kept);
                    prop_assert!(!conversation.path().is_empty());
                }
                Err(_) => prop_assert_eq!(kept, 0),
            }
        }
    }
}
