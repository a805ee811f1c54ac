//! A conversation's shown path as Markdown.

use std::fmt::Write;

use tandem_conversation::Role;

use crate::{Conversation, time};

/// The shown path, after a front matter with title, dates and model. Messages keep their own Markdown.
pub(crate) fn write(conversation: &Conversation) -> String {
    let path = conversation.path();
    let mut page = String::from("---\n");
    let title = if conversation.title.is_empty() {
        "Conversation"
    } else {
        &conversation.title
    };
    field(&mut page, "title", title);
    field(&mut page, "date", &time::shown(conversation.created_ms));
    field(&mut page, "updated", &time::shown(conversation.updated_ms));
    let mut models: Vec<&str> = Vec::new();
    for model in path.iter().filter_map(|message| message.model.as_deref()) {
        if !models.contains(&model) {
            models.push(model);
        }
    }
    if !models.is_empty() {
        field(&mut page, "model", &models.join(", "));
    }
    if !conversation.tags.is_empty() {
        field(&mut page, "tags", &conversation.tags.join(", "));
    }
    page.push_str("---\n\n");
    let _ = writeln!(page, "# {}", title.replace(['\\', '`'], ""));
    for message in path {
        let speaker = match message.role {
            Role::User => "You",
            Role::Assistant | Role::System => message.model.as_deref().unwrap_or("Assistant"),
        };
        let _ = write!(page, "\n## {speaker}\n\n{}\n", message.text.trim_end());
        for attachment in &message.attachments {
            let _ = write!(page, "\n*Attached: {}*\n", attachment.name);
        }
    }
    page
}

/// A line of the front matter. In double quotes YAML reads no word as anything but text.
fn field(page: &mut String, name: &str, value: &str) {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    let _ = writeln!(page, "{name}: \"{value}\"");
}
