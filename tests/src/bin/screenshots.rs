//! Takes the README's pictures of the real window: a real conversation with the embedded model, light and dark.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

#[cfg(target_os = "linux")]
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    pictures::take().await
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("Screenshots are taken on Linux, where a window can be opened without a screen.");
}

#[cfg(target_os = "linux")]
mod pictures {
    use std::fs;

    use anyhow::Result;
    use tandem_tests::{desktop::Desktop, programs, window::Window};

    /// Asked in this order, each in a conversation of its own; the last one is shown.
    const QUESTIONS: [&str; 3] = [
        "Suggest a name for a small sailing boat.",
        "Why do leaves change color in autumn?",
        "Write a Python function that reverses a string, and say how it works.",
    ];

    pub(super) async fn take() -> Result<()> {
        let folder = programs::root().join("docs/screenshots");
        fs::create_dir_all(&folder)?;
        let desktop = Desktop::start(1280, 860)?;
        let window = Window::open(&desktop).await?;
        save(&window, "welcome").await?;
        window.click("onboarding-start").await?;
        window.part("composer").await?;
        save(&window, "empty").await?;
        for question in QUESTIONS {
            window.click("new-chat").await?;
            window.ask(question).await?;
            window.answered().await?;
        }
        for theme in ["dark", "light"] {
            window.click("settings-open").await?;
            window
                .script(&format!(
                    "document.querySelector('[data-testid=theme-{theme}]').click()"
                ))
                .await?;
            window
                .until(&format!(
                    "return document.documentElement.dataset.theme === '{theme}'"
                ))
                .await?;
            if theme == "light" {
                save(&window, "settings").await?;
            }
            window.click("settings-close").await?;
            save(&window, theme).await?;
        }
        window.resize(520, 760).await?;
        save(&window, "small").await?;
        window.quit().await
    }

    async fn save(window: &Window, name: &str) -> Result<()> {
        // Whatever fades has faded.
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let file = programs::root()
            .join("docs/screenshots")
            .join(format!("{name}.png"));
        fs::write(&file, window.screenshot().await?)?;
        println!("docs/screenshots/{name}.png");
        Ok(())
    }
}
