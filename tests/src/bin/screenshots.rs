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

    /// The window's size, in pixels: as it opens, and narrow.
    const LARGE: (u32, u32) = (1080, 760);
    const SMALL: (u32, u32) = (520, 760);
    /// Asked in this order, each in a conversation of its own; the last one is shown.
    const QUESTIONS: [&str; 3] = [
        "Suggest a name for a small sailing boat.",
        "Why do leaves change color in autumn?",
        "How do I make a simple tomato soup? Give me the steps.",
    ];

    pub(super) async fn take() -> Result<()> {
        let folder = programs::root().join("docs/screenshots");
        fs::create_dir_all(&folder)?;
        let desktop = Desktop::start(1280, 900)?;
        let window = Window::open(&desktop).await?;
        save(&desktop, "welcome", LARGE).await?;
        window.click("onboarding-start").await?;
        window.part("phrase-later").await?;
        save(&desktop, "phrase", LARGE).await?;
        window.click("phrase-later").await?;
        window.part("composer").await?;
        save(&desktop, "empty", LARGE).await?;
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
                save(&desktop, "settings", LARGE).await?;
            }
            window.click("settings-close").await?;
            // Not the button that closed the settings: where a person would write on.
            window.click("composer").await?;
            save(&desktop, theme, LARGE).await?;
        }
        desktop.resize(SMALL.0, SMALL.1)?;
        save(&desktop, "small", SMALL).await?;
        desktop.resize(LARGE.0, LARGE.1)?;
        safekeeping(&window, &desktop).await?;
        keeping(&window, &desktop).await?;
        window.quit().await
    }

    /// What keeps many conversations apart: a row's menu, a search, the branches of one.
    async fn keeping(window: &Window, desktop: &Desktop) -> Result<()> {
        window.click("regenerate").await?;
        window.part("stop").await?;
        window.answered().await?;
        window.click("map-open").await?;
        window.part("branch").await?;
        save(desktop, "branches", LARGE).await?;
        window.click("map-close").await?;
        window
            .script(
                "document.querySelector('.conversation').dispatchEvent(new MouseEvent('contextmenu', \
                 { bubbles: true, cancelable: true, clientX: 120, clientY: 245 }))",
            )
            .await?;
        window.part("row-menu").await?;
        save(desktop, "menu", LARGE).await?;
        window.click("composer").await?;
        window.type_into("search", "tomatoes").await?;
        window.part("search-hit").await?;
        save(desktop, "search", LARGE).await
    }

    /// What comes in and goes out, backups and keys; in both themes, and narrow.
    async fn safekeeping(window: &Window, desktop: &Desktop) -> Result<()> {
        let fixture =
            programs::root().join("crates/exchange/tests/fixtures/chatgpt/conversations.json");
        let export = std::env::temp_dir().join("conversations.json");
        fs::copy(fixture, &export)?;
        // The sidebar may still be on its way back from the narrow window.
        window
            .script("document.querySelector('[data-testid=settings-open]').click()")
            .await?;
        window
            .type_into("import-path", &export.to_string_lossy())
            .await?;
        press(window, "import-look").await?;
        window.part("import-report").await?;
        for (part, name) in [("import-report", "import"), ("lock-now", "privacy")] {
            into_view(window, part).await?;
            save(desktop, name, LARGE).await?;
        }
        press(window, "back-up").await?;
        window.part("backup-row").await?;
        into_view(window, "erase").await?;
        save(desktop, "backups", LARGE).await?;
        window
            .script("document.querySelector('[data-testid=theme-dark]').click()")
            .await?;
        desktop.resize(SMALL.0, SMALL.1)?;
        for (part, name) in [
            ("import-report", "import-small"),
            ("lock-now", "privacy-small"),
            ("erase", "backups-small"),
        ] {
            into_view(window, part).await?;
            save(desktop, name, SMALL).await?;
        }
        desktop.resize(LARGE.0, LARGE.1)?;
        press(window, "import-start").await?;
        window.part("import-report").await?;
        window
            .script("document.querySelector('[data-testid=theme-light]').click()")
            .await?;
        window.click("settings-close").await
    }

    /// Clicks on what may be scrolled out of sight.
    async fn press(window: &Window, part: &str) -> Result<()> {
        window.part(part).await?;
        into_view(window, part).await?;
        window.click(part).await
    }

    async fn into_view(window: &Window, part: &str) -> Result<()> {
        window
            .script(&format!(
                "document.querySelector('[data-testid={part}]').scrollIntoView({{ block: 'center' }})"
            ))
            .await?;
        Ok(())
    }

    async fn save(desktop: &Desktop, name: &str, size: (u32, u32)) -> Result<()> {
        // Whatever fades has faded.
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        let file = programs::root()
            .join("docs/screenshots")
            .join(format!("{name}.png"));
        desktop.picture(size.0, size.1, &file)?;
        println!("docs/screenshots/{name}.png");
        Ok(())
    }
}
